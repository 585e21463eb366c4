import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPools } from '../../../src/cli/demo/plan.ts';
import { addressCount, type Cidr, overlaps, parseCidr } from '../../../src/core/addr.ts';

/** Throws when the text has host bits, which the plan must never give. */
function network(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed.kind !== 'cidr') throw new Error(`${text} is ${parsed.kind}`);
  return parsed.cidr;
}

const sizes = fc.record({ pods: fc.integer({ min: 1, max: 200_000 }), nodes: fc.integer({ min: 1, max: 5_000 }) });

describe('planPools', () => {
  it('gives a dual-stack set whose names differ and whose networks do not overlap', () => {
    fc.assert(
      fc.property(sizes, ({ pods, nodes }) => {
        const pools = planPools(pods, nodes);
        const networks = pools.map(({ spec }) => network(spec.cidr));
        expect(new Set(pools.map(({ name }) => name)).size).toBe(pools.length);
        expect(new Set(networks.map(({ version }) => version))).toEqual(new Set([4, 6]));
        for (const [index, a] of networks.entries()) {
          for (const b of networks.slice(index + 1)) expect(overlaps(a, b)).toBe(false);
        }
      }),
    );
  });

  it('has room for every pod in IPv4, but less than half to spare', () => {
    fc.assert(
      fc.property(sizes, ({ pods, nodes }) => {
        const v4 = planPools(pods, nodes)
          .map(({ spec }) => network(spec.cidr))
          .filter(({ version }) => version === 4);
        const room = v4.reduce((sum, cidr) => sum + Number(addressCount(cidr)), 0);
        expect(room).toBeGreaterThanOrEqual(pods);
        expect(room).toBeLessThan(1.5 * pods + 64);
      }),
    );
  });

  it('has pools of at least one block, and block sizes that a pool may have', () => {
    fc.assert(
      fc.property(sizes, ({ pods, nodes }) => {
        for (const { spec } of planPools(pods, nodes)) {
          const { version, prefixLength } = network(spec.cidr);
          expect(prefixLength).toBeLessThanOrEqual(spec.blockSize);
          expect(spec.blockSize).toBeGreaterThanOrEqual(version === 4 ? 20 : 116);
          expect(spec.blockSize).toBeLessThanOrEqual(version === 4 ? 32 : 128);
        }
      }),
    );
  });

  it('leaves too few blocks for the sample, so that nodes borrow', () => {
    const v4 = planPools(211, 8).filter(({ name }) => name.startsWith('demo-v4'));
    expect(v4.map(({ spec }) => spec.cidr)).toEqual(['10.244.0.0/25', '10.244.0.128/26', '10.244.0.192/27']);
    expect(new Set(v4.map(({ spec }) => spec.blockSize))).toEqual(new Set([28]));
  });
});
