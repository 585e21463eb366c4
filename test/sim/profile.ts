/** What one seed is like: each run draws its own mix of faults and operations, so that together they reach more. */
import type { IpamConfigInput } from '../../src/ipam/api.ts';
import type { Random } from './random.ts';

export interface FaultRates {
  /** Of all commits. */
  readonly conflict: number;
  readonly lostRequest: number;
  readonly lostReply: number;
  readonly late: number;
  /** Of all calls. */
  readonly unavailable: number;
}

export const OPERATIONS = [
  'autoAssign',
  'assignIp',
  'releaseIps',
  'releaseByHandle',
  'affinities',
  'ensureBlock',
  'config',
  'pools',
  'nodes',
  'reservations',
  'owners',
  'reads',
] as const;
export type OperationKind = (typeof OPERATIONS)[number];

export interface Profile {
  readonly nodes: number;
  /** Processes of the library per node. */
  readonly processesPerNode: number;
  readonly hasCalico: boolean;
  /** Operations in flight at most. */
  readonly runningMax: number;
  readonly faults: FaultRates;
  /** Weights against a pending call going on, which has 10. */
  readonly crashes: number;
  /** Late commits arriving. */
  readonly landings: number;
  readonly clockJumps: number;
  readonly lulls: number;
  readonly aborts: number;
  readonly shortDeadlines: number;
  readonly operations: Readonly<Record<OperationKind, number>>;
  /** What holds at the start. */
  readonly config: IpamConfigInput;
}

const BASE: Readonly<Record<OperationKind, number>> = {
  autoAssign: 10,
  assignIp: 3,
  releaseIps: 4,
  releaseByHandle: 5,
  affinities: 2,
  ensureBlock: 0.5,
  config: 0.6,
  pools: 0.8,
  nodes: 0.5,
  reservations: 0.4,
  owners: 0.4,
  reads: 0.4,
};

/** `nodes`: asked for on the command line, else drawn. */
export function drawProfile(random: Random, nodes: number | undefined): Profile {
  const some = (most: number) => (random.chance(0.4) ? 0 : random.next() * most);
  const isCalm = random.chance(0.15);
  return {
    nodes: nodes ?? 2 + random.int(4),
    processesPerNode: 1 + random.int(2),
    hasCalico: random.chance(0.5),
    runningMax: 2 + random.int(8),
    faults: isCalm
      ? { conflict: 0, lostRequest: 0, lostReply: 0, late: 0, unavailable: 0 }
      : { conflict: some(0.1), lostRequest: some(0.1), lostReply: some(0.15), late: some(0.15), unavailable: some(0.3) },
    crashes: isCalm ? 0 : some(0.3),
    landings: random.pick([0.1, 0.5, 2]),
    clockJumps: some(0.1),
    lulls: 0.02 + some(0.2),
    aborts: some(0.2),
    shortDeadlines: some(0.15),
    operations: mixed(random),
    config: { strictAffinity: random.chance(0.2), ...(random.chance(0.4) && { ipCooldownSeconds: random.pick([1, 10, 60]) }) },
  };
}

function mixed(random: Random): Record<OperationKind, number> {
  const factor = () =>
    random.weighted([
      [1, 0],
      [2, 0.3],
      [4, 1],
      [2, 3],
    ] as const);
  const weights = Object.fromEntries(OPERATIONS.map((kind) => [kind, BASE[kind] * factor()])) as Record<OperationKind, number>;
  // Without assignments nothing happens.
  return { ...weights, autoAssign: Math.max(weights.autoAssign, 3) };
}
