/** Pools and blocks by how full they are: calicoctl's table (its `ipam show`), and plain data. */
import { type Cidr, compareCidrs, parseCidrMasked } from '../core/addr.ts';
import type { BlockUtilization, PoolUtilization } from '../ipam/api.ts';
import { formatCount, percentOf } from './quantity.ts';
import { boxedTable } from './table.ts';

/** The library's name for the blocks that lie in no pool (GU-01). */
const ORPHANED = 'orphaned allocation blocks';

interface Shown {
  /** Show the blocks of each pool, and blocks outside all pools at the end. */
  readonly withBlocks: boolean;
}

type Counts = Omit<BlockUtilization, 'affinity'>;

/** False for a store in which no pool was ever made, whatever blocks it has. */
export function hasPools(pools: readonly PoolUtilization[]): boolean {
  return pools.some(({ name }) => name !== ORPHANED);
}

/** One row per pool, and one per block when wanted. */
export function utilizationTable(pools: readonly PoolUtilization[], { withBlocks }: Shown): string {
  const rows = pools.flatMap((pool) => [
    ...(pool.name === ORPHANED ? [] : [countsRow('IP Pool', pool)]),
    ...(withBlocks ? inOrder(pool.blocks).map((block) => countsRow('Block', block)) : []),
  ]);
  const counted = ['IPS TOTAL', 'IPS IN USE', 'IPS RESERVED', 'IPS FREE'];
  return boxedTable([{ heading: 'GROUPING' }, { heading: 'CIDR' }, ...counted.map((heading) => ({ heading, alignRight: true }))], rows);
}

/** By number: keys put 10.0.10.0 before 10.0.9.0. */
function inOrder(blocks: readonly BlockUtilization[]): readonly BlockUtilization[] {
  const networks = new Map(blocks.map((block) => [block, parseCidrMasked(block.cidr) as Cidr]));
  return blocks.toSorted((a, b) => compareCidrs(networks.get(a) as Cidr, networks.get(b) as Cidr));
}

function countsRow(grouping: string, { cidr, capacity, inUse, reserved, available }: Counts): readonly string[] {
  const share = (count: bigint) => `${formatCount(count)} (${percentOf(count, capacity)}%)`;
  return [grouping, cidr, formatCount(capacity), share(inUse), share(reserved), share(available)];
}

/** The same as data, with exact numbers. */
export function utilizationValue(pools: readonly PoolUtilization[], { withBlocks }: Shown): readonly object[] {
  return pools
    .filter(({ name, blocks }) => name !== ORPHANED || (withBlocks && blocks.length > 0))
    .map((pool) => ({
      name: pool.name,
      ...countsValue(pool),
      ...(withBlocks && { blocks: inOrder(pool.blocks).map((block) => ({ ...countsValue(block), affinity: block.affinity })) }),
    }));
}

function countsValue({ cidr, capacity, inUse, reserved, available }: Counts): object {
  return { cidr, total: capacity, inUse, reserved, free: available };
}
