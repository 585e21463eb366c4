import { describe, expect, it } from 'vitest';
import { utilizationTable, utilizationValue } from '../../src/cli/utilization.ts';
import type { BlockUtilization, PoolUtilization } from '../../src/ipam/api.ts';

const block = (cidr: string, capacity: bigint, inUse: bigint): BlockUtilization => ({
  cidr,
  affinity: 'host:a',
  capacity,
  inUse,
  reserved: 0n,
  available: capacity - inUse,
});
const pool = (name: string, counts: Omit<BlockUtilization, 'affinity'>, blocks: BlockUtilization[]): PoolUtilization => ({
  ...counts,
  name,
  blocks,
});

const POOLS: readonly PoolUtilization[] = [
  pool('a', block('10.65.0.0/16', 65_536n, 5n), [block('10.65.79.0/26', 64n, 5n)]),
  pool('b', block('10.66.0.0/16', 65_536n, 11n), [block('10.66.137.224/29', 8n, 8n), block('10.66.137.232/29', 8n, 3n)]),
];
const ORPHANS = pool('orphaned allocation blocks', block('0.0.0.0/0', 0n, 0n), [block('10.9.0.0/30', 4n, 1n)]);

describe('utilizationTable', () => {
  it('prints the table that calicoctl prints for the same numbers', () => {
    expect(utilizationTable(POOLS, { withBlocks: true })).toBe(
      `
+----------+------------------+-----------+------------+--------------+--------------+
| GROUPING | CIDR             | IPS TOTAL | IPS IN USE | IPS RESERVED | IPS FREE     |
+----------+------------------+-----------+------------+--------------+--------------+
| IP Pool  | 10.65.0.0/16     |     65536 |     5 (0%) |       0 (0%) | 65531 (100%) |
| Block    | 10.65.79.0/26    |        64 |     5 (8%) |       0 (0%) |     59 (92%) |
| IP Pool  | 10.66.0.0/16     |     65536 |    11 (0%) |       0 (0%) | 65525 (100%) |
| Block    | 10.66.137.224/29 |         8 |   8 (100%) |       0 (0%) |       0 (0%) |
| Block    | 10.66.137.232/29 |         8 |    3 (38%) |       0 (0%) |      5 (62%) |
+----------+------------------+-----------+------------+--------------+--------------+`.trim(),
    );
  });

  it('without blocks has one row per pool', () => {
    const table = utilizationTable(POOLS, { withBlocks: false });
    expect(table).not.toContain('Block');
    expect(table.match(/IP Pool/g)).toHaveLength(2);
  });

  it('GU-01 shows blocks outside all pools as block rows, and only with blocks', () => {
    expect(utilizationTable([ORPHANS], { withBlocks: true })).toMatch(/\| Block {4}\| 10\.9\.0\.0\/30/);
    expect(utilizationTable([ORPHANS], { withBlocks: true })).not.toContain('0.0.0.0/0');
    expect(utilizationTable([ORPHANS], { withBlocks: false })).not.toContain('10.9.0.0/30');
  });

  it('without pools has heading and borders only', () => {
    expect(utilizationTable([], { withBlocks: true }).split('\n')).toHaveLength(4);
  });
});

describe('utilizationValue', () => {
  it('has exact numbers, blocks only when wanted', () => {
    expect(utilizationValue(POOLS.slice(0, 1), { withBlocks: false })).toEqual([
      { name: 'a', cidr: '10.65.0.0/16', total: 65_536n, inUse: 5n, reserved: 0n, free: 65_531n },
    ]);
    expect(utilizationValue(POOLS.slice(0, 1), { withBlocks: true })).toMatchObject([
      { name: 'a', blocks: [{ cidr: '10.65.79.0/26', affinity: 'host:a', inUse: 5n }] },
    ]);
    expect(utilizationValue([ORPHANS], { withBlocks: false })).toEqual([]);
  });
});
