import { describe, expect, it } from 'vitest';
import { codeOf, keys, masked, openWorld, PENDING, refusalOf, storedBlock } from '../support/ipam.ts';

const SMALL = { cidr: '10.0.0.0/28', blockSize: 30 };
const strictly = (maxBlocksPerHost: number) => ({ strictAffinity: true, maxBlocksPerHost });

describe('block limit', () => {
  it.each([
    [3, 2, 2],
    [2, 3, 2],
    [2, 0, 2],
    [0, 3, 3],
    [2, -1, 4],
    [-1, 0, 4],
  ])('MB-01 cluster %i and request %i give %i blocks of 4', async (cluster, request, blocks) => {
    const world = await openWorld({ pools: [SMALL], config: strictly(cluster) });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 16, maxBlocksPerHost: request, partial: true });
    expect(masked(v4)).toHaveLength(4 * blocks);
    expect(v4?.shortfall?.code).toBe(blocks === 4 ? undefined : 'block-limit');
  });

  it('MB-01 is 20 when nobody says', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }] });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 81, partial: true });
    expect(masked(v4)).toHaveLength(80);
    expect(v4?.shortfall).toMatchObject({ code: 'block-limit', limit: 20 });
  });

  it('MB-02, MB-04 fills the blocks it has, then refuses until the limit is raised', async () => {
    const world = await openWorld({ pools: [SMALL], config: strictly(2) });
    for (let n = 0; n < 8; n++) await world.v4('host-a', 1);
    expect(await codeOf(world.v4('host-a', 1))).toBe('block-limit');
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.8']);
    expect(await codeOf(world.v4('host-a', 1))).toBe('block-limit');
    expect(await codeOf(world.v4('host-a', 1, { maxBlocksPerHost: 3 }))).toBe('block-limit');
    await world.ipam.setConfig({ maxBlocksPerHost: 3 });
    expect(await codeOf(world.v4('host-a', 1, { maxBlocksPerHost: 2 }))).toBe('block-limit');
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.12']);
  });

  it('MB-03 says how many blocks the host has, and gives what there was before with partial', async () => {
    const world = await openWorld({ pools: [SMALL], config: strictly(2) });
    const refusal = await refusalOf(world.v4('host-a', 9));
    expect(refusal).toMatchObject({ code: 'block-limit', details: { limit: 2, available: 8 } });
    expect(refusal.message).toContain('the host has its 2 block(s)');
    expect(refusal.message).toContain('maxBlocksPerHost');
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 9, partial: true });
    expect(masked(v4)).toHaveLength(8);
    expect(v4?.shortfall).toMatchObject({ code: 'block-limit', limit: 2, missing: 1 });
  });

  it('MB-05, WT-08 counts the blocks of the host in all pools of the family', async () => {
    const world = await openWorld({
      pools: [SMALL, { cidr: '10.1.0.0/28', blockSize: 30 }, { cidr: 'fd00::/124', blockSize: 126 }],
      config: strictly(2),
    });
    await world.v4('host-a', 8, { pools4: ['10.0.0.0/28'] });
    expect(await codeOf(world.v4('host-a', 1, { pools4: ['10.1.0.0/28'] }))).toBe('block-limit');
    expect((await world.ipam.autoAssign({ host: 'host-a', num6: 8 })).v6?.addresses).toHaveLength(8);
  });

  it('MB-05 counts an affinity that was left pending', async () => {
    const world = await openWorld({ pools: [SMALL], config: strictly(1) });
    await world.put(keys.affinity('host-a', '10.0.0.4/30'), PENDING);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 8, partial: true });
    expect(masked(v4)).toEqual(['10.0.0.4/30', '10.0.0.5/30', '10.0.0.6/30', '10.0.0.7/30']);
  });

  it('MB-05 does not hold for what is claimed by name', async () => {
    const world = await openWorld({ pools: [SMALL], config: strictly(1) });
    expect(await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/29' })).toMatchObject({
      claimed: ['10.0.0.0/30', '10.0.0.4/30'],
    });
    await world.ipam.assignIp({ ip: '10.0.0.8', host: 'host-a' });
    expect(Object.keys(await world.blocks())).toHaveLength(3);
    expect(await world.v4('host-a', 11)).toHaveLength(11);
    expect(await codeOf(world.v4('host-a', 1))).toBe('block-limit');
  });

  it('MB-06 counts a reclaimed block like a new one', async () => {
    const world = await openWorld({ pools: [SMALL], config: strictly(1) });
    for (let n = 0; n < 4; n++) await world.put(keys.block(`10.0.0.${4 * n}/30`), storedBlock(`10.0.0.${4 * n}/30`, 'host:host-b'));
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 8, partial: true });
    expect(masked(v4)).toHaveLength(4);
    expect(v4?.shortfall?.code).toBe('block-limit');
  });

  it('MB-07 does not count a stale affinity, which it drops', async () => {
    const world = await openWorld({ pools: [SMALL], config: strictly(1) });
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-b', { 0: 'x' }));
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), PENDING);
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.4']);
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.4/30': 'confirmed' });
  });

  it('MB-08 does not count an own block that was wholly reserved since', async () => {
    const world = await openWorld({ pools: [SMALL], config: strictly(1) });
    await world.v4('host-a', 1);
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/30'] } });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.4']);
    expect(await codeOf(world.v4('host-a', 4))).toBe('block-limit');
  });
});
