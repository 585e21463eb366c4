/** What is to be reached, and what Calico needs for the same. */
import type { Cost } from './etcd-metrics.ts';
import type { Placement } from './foreign.ts';

export const PODS_AT_ONCE = 110;
export const EXHAUSTED_BLOCKS = 64;

/** Claims of new blocks from a pool that others have filled so far with full blocks. */
export interface Claims {
  readonly pool: string;
  /** For people: blocks in the pool. */
  readonly poolBlocks: number;
  readonly placement: Placement;
  readonly foreignCounts: readonly number[];
}

export const ROOMY_CLAIMS: Claims = { pool: '10.0.0.0/10', poolBlocks: 65_536, placement: 'walk', foreignCounts: [0, 100, 10_000] };
export const CROWDED_CLAIMS: Claims = { pool: '10.0.0.0/12', poolBlocks: 16_384, placement: 'walk', foreignCounts: [10_000] };
/** The first that is free lies thousands of blocks from where most nodes begin. */
export const CONTIGUOUS_CLAIMS: Claims = { ...CROWDED_CLAIMS, placement: 'contiguous' };

export interface Budget {
  readonly requests?: number;
  readonly receivedBytes?: number;
}

export interface Operation {
  readonly title: string;
  /** Calico's cost: its library of August 2026 over etcd 3.4.23, by etcd's own metrics. Empty: not measured. */
  readonly calico: string;
  readonly budget: Budget;
}

const THREE: Budget = { requests: 3 };
const NEW_BLOCK: Budget = { requests: 5, receivedBytes: 64 * 1024 };

export const OPERATIONS = {
  ownBlockCold: { title: 'assign, own block, new process', calico: '10', budget: THREE },
  ownBlockWarm: { title: 'assign, own block, same process again', calico: '10', budget: THREE },
  bothFamiliesCold: { title: 'assign IPv4 and IPv6 in one, own blocks, new process', calico: '20', budget: THREE },
  bothFamiliesWarm: { title: 'assign IPv4 and IPv6 in one, own blocks, same process again', calico: '20', budget: THREE },
  givenAddress: { title: 'assign a given address of an own block', calico: '6', budget: THREE },
  repeated: { title: 'repeat an assignment (`ifHeld: return`)', calico: '10, takes a second address', budget: THREE },
  releaseOne: { title: 'release by handle, one family', calico: '8', budget: THREE },
  releaseTwo: { title: 'release by handle, two families', calico: '14', budget: THREE },
  releaseFinal: { title: 'release by handle, two families, final', calico: '14, not final', budget: THREE },
  releaseGone: { title: 'release by handle, nothing held', calico: '1, an error', budget: THREE },
  atOnce: { title: `assign ${PODS_AT_ONCE} at once on one new node`, calico: '76,382', budget: { requests: 30 } },
  exhausted: { title: `assign, all ${EXHAUSTED_BLOCKS} blocks of the pool full: refused`, calico: '', budget: { requests: 8 } },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

/** Calico's cost of a claim by number of foreign blocks, as far as measured. */
const CALICO_NEW_BLOCK: ReadonlyMap<number, string> = new Map([
  [0, '15'],
  [100, '15, 1.0 MB'],
  [1_000, '15, 10 MB'],
  [10_000, '15, 100 MB'],
]);

export function newBlockOperation({ poolBlocks, placement }: Claims, foreign: number): Operation {
  const where = placement === 'contiguous' ? ', in one run' : '';
  const title = `assign, new block, others have ${inWords(foreign)} of ${inWords(poolBlocks)} blocks${where}`;
  return { title, calico: CALICO_NEW_BLOCK.get(foreign) ?? '', budget: NEW_BLOCK };
}

function inWords(count: number): string {
  return count.toLocaleString('en');
}

/** What was spent beyond the budget, as text; empty when it was kept. */
export function overspent(cost: Cost, budget: Budget): string[] {
  const { requests = Number.POSITIVE_INFINITY, receivedBytes = Number.POSITIVE_INFINITY } = budget;
  return [
    ...(cost.requests > requests ? [`${cost.requests} requests, ${requests} allowed`] : []),
    ...(cost.receivedBytes > receivedBytes ? [`${cost.receivedBytes} bytes received, ${receivedBytes} allowed`] : []),
  ];
}

export interface Ratio {
  /** `most`: the ratio should not be above it; `least`: not below. */
  readonly target?: { readonly most: number } | { readonly least: number };
  readonly calico?: number;
}

/** Latency of one assignment after the other, and of one release, in latencies of one raw transaction. */
export const ASSIGN_LATENCY: Ratio = { target: { most: 3.2 }, calico: 10 };
export const RELEASE_LATENCY: Ratio = { calico: 6.4 };

/** Assignments per raw transaction, by nodes at work. */
export const ASSIGN_THROUGHPUT: ReadonlyMap<number, Ratio> = new Map<number, Ratio>([
  [1, { calico: 0.092 }],
  [8, { calico: 0.107 }],
  [64, { target: { least: 0.35 }, calico: 0.085 }],
]);

/** Durable assignments per second over LMDB, from one process: at least. */
export const LMDB_PER_SECOND_MIN = 1_500;
