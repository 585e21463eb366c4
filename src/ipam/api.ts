/** The public shapes of the library: what each operation takes and gives (docs/api.md). Addresses and networks are canonical text. */
import type { RangeInput } from '../core/network-range.ts';
import type { AffinityType, AllowedUse, IpamConfig } from '../core/records.ts';
import type { BlockView } from './block-view.ts';
import type { CallOptions } from './call-options.ts';
import type { AssignExplanation, IpExplanation } from './explain-api.ts';
import type { Transfer } from './transfer/api.ts';
import type { Upkeep } from './upkeep/api.ts';

export type { BlockView } from './block-view.ts';
export type { CallOptions } from './call-options.ts';
export type * from './explain-api.ts';
export type * from './transfer/api.ts';
export type * from './upkeep/api.ts';
export type { RangeInput };

/** Addresses at both ends of every new block that the host keeps for itself (Windows; EB-03 to EB-08). */
export interface HostReserved {
  readonly startOfBlock: number;
  readonly endOfBlock: number;
  readonly handle: string;
  readonly note: string;
}

export interface AssignCommon extends CallOptions {
  /** Node name. */
  readonly host: string;
  /** Everything held under one handle is released by one {@link Ipam.releaseByHandle}. */
  readonly handle?: string;
  /** Metadata of the owner; `node` is what routes of borrowed addresses come from. */
  readonly attrs?: Readonly<Record<string, string>>;
  /** Default `Workload`. */
  readonly use?: AllowedUse;
  /**
   * What to do when the handle already holds what is asked for: `refuse` treats it as any other address or request (as
   * Calico does), `return` gives the held addresses back and writes nothing. Default `refuse`.
   */
  readonly ifHeld?: 'refuse' | 'return';
  /** Addresses one handle may hold per family; 0 means no limit. Default 0. */
  readonly maxPerHandle?: number;
  /**
   * Refuse with `released-meanwhile` when a final release of this handle (see {@link ReleaseByHandleOptions.final}) was
   * answered since this call first read the store (I11); `recently`: also when one was answered in the last minutes, for a
   * caller that may have been held up before its first read. Default false.
   */
  readonly unlessReleased?: boolean | 'recently';
  /** Register an unknown node (with no labels) in the same transaction; without it AutoAssign refuses one. Default false. */
  readonly registerNode?: boolean;
  /** Called right before each commit; a rejection gives the assignment up with nothing written. */
  readonly beforeCommit?: () => void | Promise<void>;
}

/** Addresses for network segments that keep some of them for themselves: network, gateway and broadcast address. */
export interface LinkOptions {
  /** Each block is a segment, or each pool. */
  readonly subnet: 'block' | 'pool';
  /** Default: the first usable address of the segment. */
  readonly gateways?: readonly string[];
}

export interface AutoAssignOptions extends AssignCommon {
  /** Number of addresses wanted per family. Default 0 each. */
  readonly num4?: number;
  readonly num6?: number;
  /** Given addresses, by the rules of {@link Ipam.assignIp}, in the same commit; none of their family automatically. */
  readonly ips?: readonly string[];
  readonly link?: LinkOptions;
  /** Take addresses from at most so many blocks of the host's own, the first in key order, and borrow none. Default: any. */
  readonly blocksUsedMax?: number;
  /** Only from these pools, by CIDR or name; where new blocks are claimed follows this order. */
  readonly pools4?: readonly string[];
  readonly pools6?: readonly string[];
  /** Blocks the host may own, for this call; 0: only the cluster's limit; negative: no limit (MB-01). */
  readonly maxBlocksPerHost?: number;
  readonly hostReserved4?: HostReserved;
  readonly hostReserved6?: HostReserved;
  /** Blocks, as CIDRs, that the first request reads along since the host took addresses from them before: a guess, never believed. */
  readonly likelyBlocks?: readonly string[];
  /** Labels that namespace selectors of pools are matched against. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** Give what there is instead of all or nothing (I7). Default false. */
  readonly partial?: boolean;
}

export interface AssignedAddress {
  readonly ip: string;
  /** The block's prefix length, or 32/128 for an address that was held before or asked for by name (BK-03, AA-11). */
  readonly prefixLength: number;
  readonly block: string;
  /** Name and network of the pool; empty when the block is in none. */
  readonly pool: string;
  readonly poolCidr: string;
  /** Number to give to a release that must hit this very assignment. */
  readonly sequenceNumber: bigint;
  /** From a block that is not the host's own. */
  readonly borrowed: boolean;
  /** Held before this call. */
  readonly existing: boolean;
}

/** Why fewer addresses than asked for (with `partial`), or none, were given. */
export interface Shortfall {
  readonly code: 'no-free-address' | 'strict-affinity' | 'block-limit' | 'no-block';
  readonly missing: number;
  /** For `block-limit`: the limit that was reached. */
  readonly limit?: number;
  readonly message: string;
}

export interface FamilyResult {
  readonly requested: number;
  readonly addresses: readonly AssignedAddress[];
  readonly shortfall?: Shortfall;
  /** CIDR texts of pools that were searched to their end for an address to borrow (AA-20). */
  readonly exhaustedPools: readonly string[];
}

export interface AutoAssignResult {
  /** Absent when none was asked for. */
  readonly v4?: FamilyResult;
  readonly v6?: FamilyResult;
}

export interface AssignIpOptions extends AssignCommon {
  readonly ip: string;
  readonly hostReserved?: HostReserved;
}

/** A network that its configuration defines by ranges, as host-local has them; its subnets become pools on first use. */
export interface NetworkAssignOptions extends Omit<AssignCommon, 'use' | 'maxPerHandle' | 'ifHeld'> {
  readonly network: string;
  /** Held addresses of this handle are given back, and nothing is written. */
  readonly handle: string;
  /** Per slot the ranges that may give its one address. */
  readonly slots: readonly (readonly RangeInput[])[];
  /** Given addresses, anywhere in a subnet; a slot with some has no automatic one. */
  readonly ips?: readonly string[];
  /** As for {@link AutoAssignOptions}. */
  readonly likelyBlocks?: readonly string[];
}

export interface NetworkAssignedAddress extends AssignedAddress {
  readonly subnet: string;
  /** Undefined for an address held from before that no range of the network has any more. */
  readonly gateway: string | undefined;
}

export interface ReleaseIpsOptions extends CallOptions {
  readonly ips: readonly { readonly ip: string; readonly handle?: string; readonly sequenceNumber?: bigint }[];
  /** Requests of one node share a commit when they wait for one. */
  readonly host?: string;
}

/**
 * `released`: options whose block met no error, released now or free already, texts and duplicates as given (RI-17).
 * `unallocated`: those that nobody held. A mismatch of handle or number rejects with `bad-sequence-number` or
 * `wrong-handle`; `details` then has this result of the other blocks.
 */
export interface ReleaseIpsResult {
  readonly released: readonly string[];
  readonly unallocated: readonly string[];
}

export interface ReleaseByHandleOptions extends CallOptions {
  readonly handle: string;
  readonly host?: string;
  /** Leave a mark that stops any assignment for this handle which read before this release (I11). Default false. */
  readonly final?: boolean;
  /**
   * Handles that earlier versions or other writers used for the same owner, released in the same commit; left alone when
   * one of their addresses has the attribute `unlessAttribute`, which tells that they are another's.
   */
  readonly former?: { readonly handles: readonly string[]; readonly unlessAttribute: string };
  /** Blocks, as CIDRs, that the first request reads along: where the addresses probably are. */
  readonly likelyBlocks?: readonly string[];
  /** Called right before each commit; a rejection gives the release up with nothing more written. */
  readonly beforeCommit?: () => void | Promise<void>;
}

export interface ReleaseByHandleResult {
  /** False: there was no such handle, nothing was to be done. */
  readonly found: boolean;
  readonly released: readonly string[];
}

export interface AttributesResult {
  readonly handle: string | undefined;
  readonly active: Readonly<Record<string, string>> | undefined;
  readonly alternate: Readonly<Record<string, string>> | undefined;
  readonly sequenceNumber: bigint;
  readonly block: string;
  readonly affinity: string | null;
}

export interface OwnerName {
  readonly namespace: string;
  readonly name: string;
}

export interface SetOwnerAttributesOptions extends CallOptions {
  readonly ip: string;
  readonly handle: string;
  /** A map sets that side, `null` clears it, absent leaves it alone. */
  readonly active?: Readonly<Record<string, string>> | null;
  readonly alternate?: Readonly<Record<string, string>> | null;
  /** `empty`: there must be no such owner; evaluated only for a side that is being changed (AT-05). */
  readonly expectActive?: OwnerName | 'empty';
  readonly expectAlternate?: OwnerName | 'empty';
}

export interface AffinityOptions extends CallOptions {
  readonly host: string;
  /** Default `host`. */
  readonly affinityType?: AffinityType;
}
export interface ClaimAffinityOptions extends AffinityOptions {
  readonly cidr: string;
}
export interface ClaimAffinityResult {
  readonly claimed: readonly string[];
  /** Blocks of others, or of nobody (AF-06). */
  readonly failed: readonly string[];
}
export interface ReleaseAffinityOptions extends AffinityOptions {
  readonly cidr: string;
  readonly mustBeEmpty?: boolean;
}
export interface ReleaseHostAffinitiesOptions extends AffinityOptions {
  readonly mustBeEmpty?: boolean;
}
export interface ReleaseBlockAffinityOptions extends CallOptions {
  /** One block, exactly. */
  readonly cidr: string;
  readonly mustBeEmpty?: boolean;
}
export interface ReleasedAffinities {
  readonly released: readonly string[];
}

export interface EnsureBlockOptions extends CallOptions {
  readonly host: string;
  readonly hostReserved4?: HostReserved;
  readonly hostReserved6?: HostReserved;
  readonly pools4?: readonly string[];
  readonly pools6?: readonly string[];
}
export interface EnsureBlockResult {
  readonly v4?: string;
  readonly v6?: string;
}

export interface BlockUtilization {
  readonly cidr: string;
  readonly affinity: string | null;
  readonly capacity: bigint;
  readonly inUse: bigint;
  readonly reserved: bigint;
  readonly available: bigint;
}
export interface PoolUtilization extends Omit<BlockUtilization, 'affinity'> {
  readonly name: string;
  readonly blocks: readonly BlockUtilization[];
}

export interface UtilizationOptions extends CallOptions {
  /** Names, or CIDR texts as stored; absent means all. */
  readonly pools?: readonly string[];
  /** Called for each block that is left out because its value cannot be read. */
  readonly onCorrupt?: (key: string, reason: string) => void;
}

export type IpamConfigInput = Partial<Omit<IpamConfig, 'extra'>>;

/** `spec` members of an IP pool; what is absent gets its default (data model §7.1). */
export interface PoolSpec {
  readonly cidr: string;
  readonly blockSize?: number;
  readonly disabled?: boolean;
  readonly nodeSelector?: string;
  readonly namespaceSelector?: string;
  readonly allowedUses?: readonly AllowedUse[];
  readonly assignmentMode?: 'Automatic' | 'Manual';
  readonly ipipMode?: 'Never' | 'Always' | 'CrossSubnet';
  readonly vxlanMode?: 'Never' | 'Always' | 'CrossSubnet';
  readonly natOutgoing?: boolean;
  readonly disableBGPExport?: boolean;
}

/** A resource as the API shows it. `resourceVersion` is the revision of its last write, for a guarded replace or delete. */
export interface Resource<Spec> {
  readonly name: string;
  readonly uid: string;
  readonly creationTimestamp: string | null;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Spec;
}
export type PoolResource = Resource<Required<PoolSpec>>;
export type ReservationResource = Resource<{ readonly reservedCIDRs: readonly string[] }>;
/** `spec` of a node belongs to Calico and is passed through as it is. */
export type NodeResource = Resource<unknown>;

/** Of what writes a resource. */
export interface WriteOptions extends CallOptions {
  /** Check everything and write nothing; the result is what would be stored, with an empty `resourceVersion`. Default false. */
  readonly dryRun?: boolean;
}

export interface ResourceInput<Spec> extends WriteOptions {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: Spec;
}
/** Absent labels, annotations and spec members keep their stored value; `resourceVersion` makes it fail on any change since. */
export interface ResourceReplace<Spec> extends WriteOptions {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: Spec;
  readonly resourceVersion?: string;
}
export interface Resources<Spec, Shown> {
  create(input: ResourceInput<Spec>): Promise<Shown>;
  /** Undefined when there is none. */
  get(options: { readonly name: string } & CallOptions): Promise<Shown | undefined>;
  /** In name order. Rejects with `corrupt-value` at one that cannot be read, unless `onCorrupt` takes it. */
  list(options?: CallOptions & { readonly onCorrupt?: (key: string, reason: string) => void }): Promise<readonly Shown[]>;
  /** The list now, and again after each change, until the signal aborts. Changes that come together are told together. */
  watch(options?: CallOptions & { readonly onCorrupt?: (key: string, reason: string) => void }): AsyncIterable<readonly Shown[]>;
  replace(input: ResourceReplace<Partial<Spec>>): Promise<Shown>;
  /** Rejects with `not-found` when there is none. */
  delete(options: { readonly name: string; readonly resourceVersion?: string } & WriteOptions): Promise<void>;
}

/** The configuration as a resource. `resourceVersion` is undefined while nothing is stored and the defaults hold (CF-01). */
export interface ConfigResource {
  readonly resourceVersion: string | undefined;
  readonly spec: Omit<IpamConfig, 'extra'>;
}
/** Absent members of `spec` keep their value; `resourceVersion` makes it fail on any change since. */
export interface ConfigReplace extends WriteOptions {
  readonly spec: IpamConfigInput;
  readonly resourceVersion?: string;
}

export interface SplitPoolOptions extends CallOptions {
  readonly name: string;
  /** A power of 2, 2 to 64. */
  readonly parts: number;
  /** That of the pool as it was read: `conflict` when it has changed since. */
  readonly resourceVersion?: string;
  /** Check and tell only. */
  readonly dryRun?: boolean;
}
export interface SplitPoolResult {
  /** In address order. */
  readonly parts: readonly { readonly name: string; readonly cidr: string }[];
  readonly written: boolean;
}

export interface Ipam extends Transfer, Upkeep {
  autoAssign(options: AutoAssignOptions): Promise<AutoAssignResult>;
  /**
   * Rejects as {@link autoAssign} would, as far as one read of the store tells (its first one: configuration, pools, node),
   * and writes nothing. `whole`: as many reads as it takes.
   */
  checkAutoAssign(options: AutoAssignOptions & { readonly whole?: boolean }): Promise<void>;
  assignIp(options: AssignIpOptions): Promise<AssignedAddress>;
  /** One address per slot, in cursor order, all or nothing (SS-15 to SS-23). */
  assignFromNetwork(options: NetworkAssignOptions): Promise<readonly NetworkAssignedAddress[]>;
  /** As {@link checkAutoAssign}, for a network of ranges. */
  checkAssignFromNetwork(options: NetworkAssignOptions & { readonly whole?: boolean }): Promise<void>;
  releaseIps(options: ReleaseIpsOptions): Promise<ReleaseIpsResult>;
  releaseByHandle(options: ReleaseByHandleOptions): Promise<ReleaseByHandleResult>;
  /** Rejects with `not-found` when there is no such handle (IH-01). */
  ipsByHandle(options: { readonly handle: string } & CallOptions): Promise<readonly string[]>;
  getAssignmentAttributes(options: { readonly ip: string } & CallOptions): Promise<AttributesResult>;
  setOwnerAttributes(options: SetOwnerAttributesOptions): Promise<void>;
  claimAffinity(options: ClaimAffinityOptions): Promise<ClaimAffinityResult>;
  releaseAffinity(options: ReleaseAffinityOptions): Promise<ReleasedAffinities>;
  releaseHostAffinities(options: ReleaseHostAffinitiesOptions): Promise<ReleasedAffinities>;
  releasePoolAffinities(options: { readonly cidr: string } & CallOptions): Promise<ReleasedAffinities>;
  releaseBlockAffinity(options: ReleaseBlockAffinityOptions): Promise<ReleasedAffinities>;
  removeHost(options: AffinityOptions): Promise<void>;
  ensureBlock(options: EnsureBlockOptions): Promise<EnsureBlockResult>;
  /** Reads all that the store says about one address; it need not be assigned, nor in a pool. */
  explainIp(options: { readonly ip: string } & CallOptions): Promise<IpExplanation>;
  /** Plans the assignment, of one certain address where the options name one, and tells instead of doing it. */
  explainAssign(options: AutoAssignOptions | AssignIpOptions): Promise<AssignExplanation>;
  /** Without a filter, blocks outside all pools follow under `orphaned allocation blocks`. */
  getUtilization(options?: UtilizationOptions): Promise<readonly PoolUtilization[]>;
  /** Every block of the store in key order, in pages at one revision, or those of one host. What cannot be read is reported by key. */
  listBlocks(
    options?: CallOptions & { readonly host?: string },
  ): AsyncIterable<BlockView | { readonly corruptKey: string; readonly reason: string }>;
  /** The utilisation now, and again after each change, until the signal aborts. Changes that come together are told together. */
  watchUtilization(options?: UtilizationOptions): AsyncIterable<readonly PoolUtilization[]>;
  /**
   * Replaces a pool by `parts` pools `split-NAME-0`, `split-NAME-1`, … that are copies of it but for the network, in one commit.
   * Blocks and addresses stay. Refused with `not-found`, `invalid-argument`, `already-exists`, `pool-overlap` (a block is larger than a part).
   */
  splitPool(options: SplitPoolOptions): Promise<SplitPoolResult>;
  getConfig(options?: CallOptions): Promise<Omit<IpamConfig, 'extra'>>;
  /** Absent members keep their value. Guarded: a concurrent change is not lost. */
  setConfig(options: IpamConfigInput & CallOptions): Promise<void>;
  /** The same as {@link Ipam.getConfig} and {@link Ipam.setConfig}, with a version. */
  readonly config: {
    get(options?: CallOptions): Promise<ConfigResource>;
    /** It now, and again after each change, until the signal aborts. */
    watch(options?: CallOptions): AsyncIterable<ConfigResource>;
    replace(input: ConfigReplace): Promise<ConfigResource>;
  };
  readonly pools: Resources<PoolSpec, PoolResource>;
  readonly reservations: Resources<{ readonly reservedCIDRs: readonly string[] }, ReservationResource>;
  readonly nodes: Resources<unknown, NodeResource>;
  close(): Promise<void>;
}
