import { expect, it } from 'vitest';
import { isMissed, type Measured, upkeepSection } from '../../bench/upkeep-report.ts';

const CHECK: Measured = {
  what: 'ipam check',
  seconds: 3.2,
  cpuSeconds: 3,
  peakMegabytes: 290.4,
  cost: { requests: 58, receivedBytes: 71_000_000, sentBytes: 20_000 },
};

it('a command misses its target by time or by memory', () => {
  expect(isMissed([CHECK, { seconds: 10, megabytes: 400 }])).toBe(false);
  expect(isMissed([CHECK, { seconds: 10 }])).toBe(false);
  expect(isMissed([CHECK, { seconds: 3 }])).toBe(true);
  expect(isMissed([CHECK, { seconds: 10, megabytes: 290 }])).toBe(true);
});

it('the section shows each command with its figures and whether they reach the targets', () => {
  const cluster = { nodes: 2_000, blocksPerNode: 5, addressesPerBlock: 15 };
  const text = upkeepSection({ cluster, machine: 'Machine: one.', rows: [[CHECK, { seconds: 10, megabytes: 200 }]] });
  expect(text).toContain('2,000 nodes, 10,000 blocks and 150,000 addresses');
  expect(text).toContain('| `ipam check` | 3.20 | ≤ 10 | 3.00 | 290 | ≤ 200 | 58 | 71.00 | 0.02 | **missed** |');
});
