import { describe, expect, it } from 'vitest';
import { codeOf, ipsOf, keys, openWorld } from '../support/ipam.ts';

const HOSTS = Array.from({ length: 40 }, (_, n) => `host-${n}`);

describe('the walk', () => {
  it('RG-01 comes to every block of the pool, from wherever it starts', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/27', blockSize: 30 }], walkStart: 'hashed' });
    expect(new Set(await world.v4('host-a', 32)).size).toBe(32);
    expect(Object.keys(await world.blocks())).toHaveLength(8);
  });

  it('RG-02 starts at the same block for the same host, and spreads hosts', async () => {
    const first = async () => {
      const world = await openWorld({ pools: ['10.0.0.0/16'], nodes: HOSTS, walkStart: 'hashed' });
      for (const host of HOSTS) await world.v4(host, 1);
      return Object.entries(await world.blocks()).map(([cidr, owner]) => `${owner} ${cidr}`);
    };
    const blocks = await first();
    expect(await first()).toEqual(blocks);
    const indices = blocks.map((text) => Number(text.split('.')[2]));
    expect(Math.max(...indices) - Math.min(...indices)).toBeGreaterThan(128);
  });

  it('RG-02, XR-02 two processes of one host aim at the same block, but not at the same single address', async () => {
    for (const [blockSize, blocks] of [
      [30, 1],
      [32, 2],
    ] as const) {
      const world = await openWorld({ pools: [{ cidr: '10.0.0.0/20', blockSize }], walkStart: 'hashed' });
      const other = world.process();
      const { calls } = await other.counted(async () => {
        const both = await Promise.all([world.ipam, other.ipam].map((ipam) => ipam.autoAssign({ host: 'host-a', num4: 1 })));
        expect(new Set(both.flatMap(ipsOf)).size).toBe(2);
      });
      expect(Object.keys(await world.blocks())).toHaveLength(blocks);
      if (blockSize === 32) expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
    }
  });

  it('RG-04, RG-03 AssignIP makes no block that is larger than its pool', async () => {
    const world = await openWorld();
    await world.put(keys.pool('p'), '{"spec":{"cidr":"10.0.0.0/28"}}');
    expect(await codeOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' }))).toBe('invalid-argument');
    expect(await world.blocks()).toEqual({});
  });
});
