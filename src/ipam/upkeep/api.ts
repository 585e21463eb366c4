/** What the upkeep of a store takes and gives: finding what is wrong, mending it, collecting what nobody uses (docs/operations.md). */
import type { AuditCounts } from '../../core/audit/audit.ts';
import type { Finding, FindingKind } from '../../core/audit/finding.ts';
import type { Inventory } from '../../core/collect/inventory.ts';
import type { Verdict } from '../../core/collect/judge.ts';
import type { AddressCounts, Candidates } from '../../core/collect/observation.ts';
import type { Suspects } from '../../core/collect/suspects.ts';
import type { RepairOutcome } from '../../core/repair/context.ts';
import type { BlockView } from '../block-view.ts';
import type { CallOptions } from '../call-options.ts';

export type { AuditCounts } from '../../core/audit/audit.ts';
export type { Finding, FindingKind, Mendable, Severity } from '../../core/audit/finding.ts';
export type { Inventory, Listed, NodeNames, Pod } from '../../core/collect/inventory.ts';
export type { Verdict } from '../../core/collect/judge.ts';
export type { AddressCounts, Candidates, GoneNode, IdleBlock, LeakedAddress } from '../../core/collect/observation.ts';
export type { Suspects } from '../../core/collect/suspects.ts';
export type { RepairOutcome } from '../../core/repair/context.ts';

/** Called now and then: what is being done, and how many records of it were looked at. */
export type OnProgress = (phase: string, done: number) => void;

/** `timeoutMs` bounds each request to the store. */
export interface AuditOptions extends CallOptions {
  /** Called when reading begins, and again when it has to begin anew: what `onBlock` was told before counts no more. */
  readonly onBegin?: () => void;
  /** Called for each block that can be read, in key order. */
  readonly onBlock?: (block: BlockView) => void;
  readonly onProgress?: OnProgress;
}

export interface AuditReport {
  /** The one revision at which everything was read. */
  readonly revision: bigint;
  /** Wall clock at the beginning, milliseconds since the Unix epoch. */
  readonly takenAtMs: number;
  readonly counts: AuditCounts;
  readonly findings: readonly Finding[];
}

/** `timeoutMs` bounds each commit. */
export interface RepairOptions extends CallOptions {
  readonly report: Pick<AuditReport, 'takenAtMs' | 'findings'>;
  /** Plan each repair and take it back. Default false. */
  readonly dryRun?: boolean;
  /** Go on under the lock of operators; default: `datastore-locked` then, unless it is a dry run. */
  readonly evenIfLocked?: boolean;
  /** Called for each finding, in order, as soon as what became of it is certain. */
  readonly onOutcome?: (finding: Finding, outcome: RepairOutcome) => void;
}

export interface Repaired {
  readonly finding: Finding;
  readonly outcome: RepairOutcome;
}

export interface TakenInventory {
  readonly inventory: Inventory;
  /** When it was taken, milliseconds since the Unix epoch. */
  readonly evidenceAtMs: number;
  /**
   * When it was listed, where that is before it was asked for, as with a file: an assignment whose attribute `timestamp` is not
   * older is not judged. Milliseconds since the Unix epoch.
   */
  readonly listedAtMs?: number;
}

/** `timeoutMs` bounds each request to the store. */
export interface ObserveOptions extends CallOptions {
  /**
   * Called once the revision is fixed at which the store is read, so that only assignments from before the inventory are judged
   * by it; and again when reading has to begin anew, at another revision. Ask who lives in it, and not before.
   */
  readonly takeInventory: () => Promise<TakenInventory> | TakenInventory;
  /** Called when reading begins, and again when it has to begin anew: what `onBlock` was told before counts no more. */
  readonly onBegin?: () => void;
  /** Called for each block that can be read, with the verdict of each held address by ordinal. */
  readonly onBlock?: (block: BlockView, verdicts: ReadonlyMap<number, Verdict>) => void;
  readonly onProgress?: OnProgress;
}

export interface Observation {
  /** When the store was read, and when the inventory was taken: milliseconds since the Unix epoch. */
  readonly takenAtMs: number;
  readonly evidenceAtMs: number;
  readonly report: AuditReport;
  readonly addresses: AddressCounts;
  /** Of those that cannot be judged, how many for which reason. */
  readonly unknownWhy: Readonly<Record<string, number>>;
  readonly candidates: Candidates;
}

/** `timeoutMs` bounds each commit. */
export interface CollectOptions extends CallOptions {
  readonly observation: Observation;
  /** What looks before this one had seen, see {@link Upkeep.suspects}. */
  readonly suspects: Suspects;
  /** Milliseconds between the first look and the inventory of this one. */
  readonly graceMs: number;
  /** Of the addresses that the inventory judges, how many may be released at once; up to 10 also above it, but never more than half. */
  readonly maxSharePercent: number;
  readonly dryRun?: boolean;
  readonly onProgress?: OnProgress;
}

export type CollectResult =
  | {
      readonly kind: 'collected';
      readonly confirmed: Candidates;
      readonly released: string[];
      /** Held by somebody else by now, or free already. */
      readonly changed: string[];
      /** Blocks. */
      readonly givenUp: string[];
    }
  | { readonly kind: 'planned'; readonly confirmed: Candidates }
  /** The share is too large, where a wrong inventory is likelier than so many dead; or operators locked the datastore (GC-14). */
  | { readonly kind: 'refused'; readonly confirmed: Candidates; readonly reason: string };

/** One assignment: address and block in canonical text, and what a release must still find there (I6). */
export interface Assignment {
  readonly ip: string;
  readonly block: string;
  readonly handle: string | undefined;
  readonly sequenceNumber: bigint;
}

export interface ReleasedAssignments {
  readonly released: readonly string[];
  /** Held by somebody else by now, or by nobody. */
  readonly changed: readonly string[];
}

/** Calico's record of the cluster (data model §7.4), as far as reports name it. */
export interface ClusterInformation {
  readonly guid: string;
  readonly type: string;
  readonly calicoVersion: string;
  /** `datastoreReady` is false: operators asked all to keep still. */
  readonly isLocked: boolean;
  readonly revision: bigint;
}

/** What one node has in the store. */
export interface NodeSurvey {
  readonly host: string;
  readonly revision: bigint;
  readonly hasRecord: boolean;
  /** Of the last write of its record; undefined when it has none. */
  readonly recordRevision: bigint | undefined;
  readonly blocks: readonly SurveyedBlock[];
  /** Blocks that it has an affinity for, whatever has become of them; canonical text. */
  readonly affinities: readonly string[];
  readonly addresses: readonly SurveyedAddress[];
  /** In its blocks, or in part its own, and held by others: they stay, whatever becomes of the node. */
  readonly others: readonly OtherAddress[];
  /** What cannot be read, and may say something about the node. */
  readonly unreadable: readonly UnreadableRecord[];
}

export interface UnreadableRecord {
  readonly key: string;
  readonly reason: string;
  /** Of this node: its record, an affinity, a block that it has an affinity for, a handle of its addresses. */
  readonly isOwn: boolean;
}

export interface SurveyedBlock {
  readonly block: string;
  readonly isEmpty: boolean;
  /** Addresses held or cooling, whoever holds them. */
  readonly inUse: number;
  readonly sequenceNumber: bigint;
}

/** Held by the node, or without a node's name in a block that it owns. */
export interface SurveyedAddress extends Assignment {
  /** In a block of another owner. */
  readonly borrowed: boolean;
}

export interface OtherAddress extends SurveyedAddress {
  /** For people: `node worker-2`, `nodes worker-1 and worker-2`. */
  readonly heldBy: string;
}

/** `timeoutMs` bounds each commit. */
export interface NodeOptions extends CallOptions {
  readonly survey: NodeSurvey;
}

export interface RemoveNodeOptions extends NodeOptions {
  /** Leave its addresses to their holders. Default false: they are released. */
  readonly keepAddresses?: boolean;
  /** Go on under the lock of operators. Default: `datastore-locked` then. */
  readonly evenIfLocked?: boolean;
  /** Check everything but the lock, and write nothing; the result is what would be done. Default false. */
  readonly dryRun?: boolean;
}

export interface RemovedNode extends ReleasedAssignments {
  readonly host: string;
  readonly hadRecord: boolean;
  /** Blocks. */
  readonly givenUp: readonly string[];
}

export interface DrainedNode {
  readonly host: string;
  /** Blocks. */
  readonly givenUp: readonly string[];
}

export type CollectedRound =
  | { readonly kind: 'done'; readonly observation: Observation; readonly result: CollectResult; readonly repaired: readonly Repaired[] }
  /** The inventory could not be had, or the store did not answer: nothing is judged by half of the facts. */
  | { readonly kind: 'failed'; readonly error: unknown };

export interface CollectRounds {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** For others to see who leads. */
  readonly name: string;
  /** Milliseconds between two looks. */
  readonly intervalMs: number;
  /** Milliseconds after which another process takes over from one that has gone. Default 15,000. */
  readonly leaseMs?: number;
  readonly rules: Pick<CollectOptions, 'graceMs' | 'maxSharePercent' | 'dryRun'>;
  /** As {@link ObserveOptions.takeInventory}. */
  readonly takeInventory: (signal: AbortSignal) => Promise<TakenInventory>;
  readonly onRound: (round: CollectedRound) => void;
  /** Called when this process begins or ceases to lead. */
  readonly onLead?: (leads: boolean) => void;
}

export interface Upkeep {
  /** Every inconsistency of the store, at one revision, in pages; nothing is locked and nothing is written. */
  audit(options?: AuditOptions): Promise<AuditReport>;
  /**
   * Mends what can be mended. Each finding is judged again on the records as they are, in the commit that mends it; whoever
   * changes one of them meanwhile makes that commit fail, and it is judged once more. May be broken off and repeated. Rejects
   * with `datastore-locked` while operators lock the datastore.
   */
  repair(options: RepairOptions): Promise<readonly Repaired[]>;
  /** Judges every allocation by an inventory, beside an audit; writes nothing. One look alone proves nothing. */
  observe(options: ObserveOptions): Promise<Observation>;
  /** Candidates by since when they are ones: those of `before` that are still seen, and new ones. Keep it for the next look. */
  suspects(before: Suspects, observation: Observation): Suspects;
  /**
   * Releases what was a candidate at an earlier look and still is, after the grace period: addresses by handle and sequence
   * number, blocks when they are empty. What was assigned anew meanwhile is left alone.
   */
  collect(options: CollectOptions): Promise<CollectResult>;
  /** Kinds of findings that are leftovers nobody is behind: a collection mends them too. */
  readonly collectedKinds: readonly FindingKind[];
  /** Looks and collects again and again, until `signal` aborts. Of several processes on one store one does the work. */
  collectRounds(options: CollectRounds): Promise<void>;
  /** What a node has: its blocks, and its addresses wherever they are. Writes nothing. */
  surveyNode(options: { readonly host: string } & CallOptions): Promise<NodeSurvey>;
  /**
   * A node is gone for good: the addresses of the survey by handle and sequence number, its blocks, and in the end its record.
   * Blocks in which others hold addresses belong to nobody afterwards. Rejects before anything is written with `corrupt-value`
   * (something of the node cannot be read), `conflict` (its record has changed, or it has claimed a block) or
   * `datastore-locked`; when it fails half way `details` has `released`, `givenUp` and `left`, and a survey made then goes on.
   */
  removeNode(options: RemoveNodeOptions): Promise<RemovedNode>;
  /** Gives up the blocks of a node that were empty at the survey and have not changed since. Rejects with `datastore-locked`. */
  drainNode(options: NodeOptions): Promise<DrainedNode>;
  /**
   * Releases exactly these assignments, many in one commit; one that has changed does not hold up the others. `evenIfLocked`:
   * go on under the lock of operators; default: `datastore-locked` then.
   */
  releaseAssignments(
    options: { readonly assignments: readonly Assignment[]; readonly evenIfLocked?: boolean } & CallOptions,
  ): Promise<ReleasedAssignments>;
  /** Undefined when the store has none, as one that Calico never used. */
  clusterInformation(options?: CallOptions): Promise<ClusterInformation | undefined>;
  /** Rejects with `datastore-locked` while operators lock the datastore (GC-14): what works on all of it asks this first. */
  requireUnlocked(options?: CallOptions): Promise<void>;
}
