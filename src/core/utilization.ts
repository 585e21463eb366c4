/** How full pools and blocks are (GU). Counts are exact, however large a pool is. */
import { addressCount, type Cidr, covers, overlaps, type Version } from './addr.ts';
import { freeCount } from './block.ts';
import { CidrSet, Reservations } from './cidrset.ts';
import type { Block, Pool, Reservation } from './records.ts';

export interface BlockUtilization {
  readonly cidr: string;
  /** As stored; null when the block is affine to nobody. */
  readonly affinity: string | null;
  readonly capacity: bigint;
  /** Held or cooling, also when the cooldown is over and nobody collected yet (GU-05). */
  readonly inUse: bigint;
  /** Reserved, held or not (BK-12). */
  readonly reserved: bigint;
  /** Free and not reserved (BK-11). */
  readonly available: bigint;
}

export interface PoolUtilization extends Omit<BlockUtilization, 'affinity'> {
  readonly name: string;
  readonly blocks: readonly BlockUtilization[];
}

/** Name of the entries that carry blocks outside all pools (GU-01). */
export const ORPHANED_BLOCKS = 'orphaned allocation blocks';

/** What of a block is counted. Of many blocks only this should be kept. */
export type CountedBlock = Pick<Block, 'cidr' | 'affinity' | 'unallocated'>;

export interface UtilizationQuery {
  /** Every pool of the store, disabled ones too, in name order. One whose CIDR is no network is left out (GU-08). */
  readonly pools: readonly Pool[];
  readonly reservations: readonly Reservation[];
  /** Every block of the store, in key order. */
  readonly blocks: readonly CountedBlock[];
  /** Pool names or CIDR texts exactly as stored (GU-09); absent: all. */
  readonly only?: readonly string[] | undefined;
}

interface NetworkPool extends Pool {
  readonly cidr: Cidr;
}

/**
 * One entry per pool, in name order; without a filter the orphans follow: `0.0.0.0/0` always, `::/0` when there are any
 * (GU-01, GU-06).
 *
 * A block counts in the most specific pool that it lies in, with and without a filter alike (GU-07).
 */
export function utilization({ pools, reservations, blocks, only }: UtilizationQuery): readonly PoolUtilization[] {
  const networks = pools.filter((pool): pool is NetworkPool => pool.cidr !== undefined);
  const space = { 4: spaceOf(4, reservations, blocks), 6: spaceOf(6, reservations, blocks) };
  const blocksOf = groupByHome(blocks, networks);
  const shown = (home: NetworkPool | undefined, version: Version) =>
    (blocksOf.get(home) ?? [])
      .filter(({ cidr }) => cidr.version === version)
      .map((block) => blockUtilization(block, space[version].reserved));

  const entries = networks
    .filter(({ name, cidrText }) => only === undefined || only.includes(name) || only.includes(cidrText))
    .map((pool) => poolUtilization(pool, shown(pool, pool.cidr.version), space[pool.cidr.version]));
  if (only !== undefined) return entries;
  const orphans6 = shown(undefined, 6);
  return [...entries, orphanEntry('0.0.0.0/0', shown(undefined, 4)), ...(orphans6.length > 0 ? [orphanEntry('::/0', orphans6)] : [])];
}

interface Space {
  readonly reserved: Reservations;
  /** What is reserved, lies in a block, or both. */
  readonly taken: CidrSet;
}

function spaceOf(version: Version, records: readonly Reservation[], blocks: readonly CountedBlock[]): Space {
  const networks = [...records.flatMap(({ cidrs }) => cidrs), ...blocks.map(({ cidr }) => cidr)];
  return { reserved: new Reservations(records, version), taken: new CidrSet(networks, version) };
}

/** The blocks of each pool, and under undefined those of none; in the given order. */
function groupByHome(
  blocks: readonly CountedBlock[],
  pools: readonly NetworkPool[],
): ReadonlyMap<NetworkPool | undefined, readonly CountedBlock[]> {
  const groups = new Map<NetworkPool | undefined, CountedBlock[]>();
  for (const block of blocks) {
    const home = homeOf(block, pools);
    const group = groups.get(home);
    if (group) group.push(block);
    else groups.set(home, [block]);
  }
  return groups;
}

/** The pool a block is shown in: one that holds it whole before one that it merely overlaps, then the smallest, then the first. */
function homeOf(block: CountedBlock, pools: readonly NetworkPool[]): NetworkPool | undefined {
  let home: NetworkPool | undefined;
  for (const pool of pools) {
    if (overlaps(pool.cidr, block.cidr) && (home === undefined || isCloser(block, pool, home))) home = pool;
  }
  return home;
}

function isCloser(block: CountedBlock, pool: NetworkPool, home: NetworkPool): boolean {
  const isWhole = covers(pool.cidr, block.cidr);
  if (isWhole !== covers(home.cidr, block.cidr)) return isWhole;
  return pool.cidr.prefixLength > home.cidr.prefixLength;
}

function blockUtilization(block: CountedBlock, reservations: Reservations): BlockUtilization {
  const capacity = addressCount(block.cidr);
  const free = block.unallocated.length;
  const reserved = reservations.reservedIn(block.cidr);
  // Most blocks have nothing reserved: no need to look at each address.
  const available = reserved === 0n ? free : freeCount(block, (ip) => reservations.matches(ip));
  return {
    cidr: block.cidr.text,
    affinity: block.affinity,
    capacity,
    inUse: capacity - BigInt(free),
    reserved,
    available: BigInt(available),
  };
}

function poolUtilization(pool: NetworkPool, blocks: readonly BlockUtilization[], space: Space): PoolUtilization {
  const capacity = addressCount(pool.cidr);
  const outsideBlocks = capacity - space.taken.countIn(pool.cidr);
  return {
    name: pool.name,
    cidr: pool.cidr.text,
    capacity,
    inUse: sum(blocks.map(({ inUse }) => inUse)),
    reserved: space.reserved.reservedIn(pool.cidr),
    available: sum(blocks.map(({ available }) => available)) + outsideBlocks,
    blocks,
  };
}

function orphanEntry(cidr: string, blocks: readonly BlockUtilization[]): PoolUtilization {
  return { name: ORPHANED_BLOCKS, cidr, capacity: 0n, inUse: 0n, reserved: 0n, available: 0n, blocks };
}

function sum(counts: readonly bigint[]): bigint {
  return counts.reduce((total, count) => total + count, 0n);
}
