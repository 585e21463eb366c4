/**
 * The stored records as values, whatever store they came from. Bytes and keys: `store/codec.ts`, `store/keys.ts`.
 *
 * Every record carries `extra`: members this version does not know, kept for the next rewrite (I10).
 */
import type { Cidr } from './addr.ts';
import type { Json, JsonObject } from './json.ts';

/** Members of a stored object that this version does not know, in stored order. */
export type Extra = readonly (readonly [name: string, value: Json])[];
export const NO_EXTRA: Extra = [];

/** Who a block is affine to: a node (`host`), or the owner of service load-balancer addresses (`virtual`). */
export type AffinityType = 'host' | 'virtual';
export interface Owner {
  readonly type: AffinityType;
  readonly name: string;
}

/** One entry of a block's `attributes` (data model §3.2). `undefined` members are not stored. */
export interface Attribute {
  readonly handleId: string | undefined;
  /** Metadata of the active owner: `pod`, `namespace`, `node`, … An empty map differs from none (BK-04). */
  readonly secondary: Readonly<Record<string, string>> | undefined;
  /** Metadata of the second owner during a live migration. */
  readonly alternate: Readonly<Record<string, string>> | undefined;
  /** RFC 3339, whole seconds: the ordinals that point here are cooling since then. */
  readonly releasedAt: string | undefined;
  readonly extra: Extra;
}

/** One allocation block (data model §3.1). Ordinals are positions in the block, 0 to size − 1. */
export interface Block {
  readonly cidr: Cidr;
  /** As stored: `host:<node>`, `virtual:<owner>`, or null when affine to nobody. */
  readonly affinity: string | null;
  /** RFC 3339, whole seconds; absent counts as infinitely old. */
  readonly affinityClaimTime: string | undefined;
  /** Per ordinal: null when free, else an index into `attributes` (which foreign data may leave dangling). */
  readonly allocations: readonly (number | null)[];
  /** Free ordinals in the order they will be handed out. */
  readonly unallocated: readonly number[];
  /** null as long as there never was one, as Calico stores it (BK-25). */
  readonly attributes: readonly Attribute[] | null;
  /** Starts at wall-clock nanoseconds, grows by one with every update. 64 bits. */
  readonly sequenceNumber: bigint;
  /** Per held ordinal: `sequenceNumber` just before the write that assigned it; null when the block is older than that member. */
  readonly sequenceNumberForAllocation: ReadonlyMap<number, bigint> | null;
  readonly deleted: boolean;
  readonly extra: Extra;
}

/** `''` is what Calico ≤ v3.0 stored: confirmed when the block agrees (data model §4). */
export type AffinityState = 'pending' | 'confirmed' | 'pendingDeletion' | '';
export interface Affinity {
  readonly state: AffinityState;
  readonly deleted: boolean;
  readonly extra: Extra;
}

/** How many addresses of each block a handle holds, by block CIDR text (data model §5). */
export interface Handle {
  readonly blocks: ReadonlyMap<string, number>;
  readonly deleted: boolean;
  readonly extra: Extra;
}

/** Cluster-wide settings (data model §6.1). */
export interface IpamConfig {
  /** Addresses come only from blocks affine to the asking host. */
  readonly strictAffinity: boolean;
  /** Hosts may claim new blocks. */
  readonly autoAllocateBlocks: boolean;
  /** Blocks a host may own per family; 0 means the default of 20, negative no limit. */
  readonly maxBlocksPerHost: number;
  readonly kubeVirtVMAddressPersistence: 'Enabled' | 'Disabled' | undefined;
  /** Seconds a released address stays unusable. */
  readonly ipCooldownSeconds: number;
  readonly extra: Extra;
}

export type AllowedUse = 'Workload' | 'Tunnel' | 'LoadBalancer';

/** An IP pool with its defaults filled in (data model §7.1), and the stored object it was read from. */
export interface Pool {
  readonly name: string;
  /** The network, host bits cleared; undefined when the stored text is no network. */
  readonly cidr: Cidr | undefined;
  /** `spec.cidr` as stored: shown in messages (AA-35) and matched by name filters (GU-09). */
  readonly cidrText: string;
  readonly blockSize: number;
  /** Not to be used for new assignments: `spec.disabled`, being deleted, or condition `Allocatable` is `False`. */
  readonly disabled: boolean;
  readonly nodeSelector: string;
  readonly namespaceSelector: string;
  readonly allowedUses: readonly AllowedUse[];
  readonly assignmentMode: 'Automatic' | 'Manual';
  readonly object: JsonObject;
}

export interface Reservation {
  readonly name: string;
  /** `spec.reservedCIDRs`, read leniently (BM-11): what is no network is left out, a bare address is one of full length. */
  readonly cidrs: readonly Cidr[];
  readonly object: JsonObject;
}

export interface Node {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly object: JsonObject;
}

/**
 * A short-lived note under plat's own prefix, which Calico ignores: that a release of a handle was answered (I11), that
 * one process gave up on a commit of unknown outcome, that a commit without handle happened, or which process leads.
 */
export interface Mark {
  /** RFC 3339, whole seconds. Older than {@link MARK_LIFETIME_SECONDS} may be swept. */
  readonly at: string;
  /** Of a `leader` mark: the process that leads. */
  readonly holder?: string;
}

/** Far longer than any call may take, so that no call that read before a mark can commit after it was swept. */
export const MARK_LIFETIME_SECONDS = 900;

/** What plat remembers of a network that is defined by ranges (SS-16): where each slot's search for a free address goes on. */
export interface Network {
  /** Per slot, by its place in the configuration: the last address assigned automatically. */
  readonly cursors: ReadonlyMap<string, string>;
  readonly extra: Extra;
}

export type MarkKind = 'released' | 'fence' | 'operation' | 'leader';

/** What one record is and where: the store layer turns it into a key. */
export type Ref =
  | { readonly kind: 'config' }
  | { readonly kind: 'pool'; readonly name: string }
  | { readonly kind: 'reservation'; readonly name: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'hostMarker'; readonly host: string }
  | { readonly kind: 'block'; readonly cidr: Cidr }
  | { readonly kind: 'affinity'; readonly owner: Owner; readonly cidr: Cidr }
  | { readonly kind: 'handle'; readonly id: string }
  | { readonly kind: 'mark'; readonly mark: MarkKind; readonly id: string }
  | { readonly kind: 'network'; readonly name: string };

/** The value type behind each kind of {@link Ref}. A host marker has no content we read. */
export interface RecordOf {
  config: IpamConfig;
  pool: Pool;
  reservation: Reservation;
  node: Node;
  hostMarker: true;
  block: Block;
  affinity: Affinity;
  handle: Handle;
  mark: Mark;
  network: Network;
}

/** A set of records that is read whole, in key order. */
export type Collection =
  | { readonly kind: 'pools' }
  | { readonly kind: 'reservations' }
  /** Every affinity of one owner, both families. */
  | { readonly kind: 'affinitiesOf'; readonly owner: Owner }
  /** Existence only of every block whose text form may lie in `cidr`; may name more than that (store/keys.ts). */
  | { readonly kind: 'blocksNear'; readonly cidr: Cidr }
  /** Existence only of every block inside `cidr`, a pool's network: grows with the cluster, so only for a pool that is nearly full. */
  | { readonly kind: 'blocksWithin'; readonly cidr: Cidr }
  /** Up to `limit` marks of `mark` that follow `after` in key order. */
  | { readonly kind: 'marksAfter'; readonly mark: MarkKind; readonly after: string; readonly limit: number };

export type RefOf<K extends Ref['kind']> = Extract<Ref, { kind: K }>;
