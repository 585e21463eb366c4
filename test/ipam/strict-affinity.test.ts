import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld, refusalOf, storedBlock } from '../support/ipam.ts';

const ONE_BLOCK = { cidr: '10.0.0.0/28', blockSize: 28 };

describe('strict affinity', () => {
  it('SA-01, CF-06 takes effect with the next call, on and off, whatever is assigned', async () => {
    const world = await openWorld({ pools: [ONE_BLOCK] });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.0']);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.1']);
    await world.ipam.setConfig({ strictAffinity: true });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.2']);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-b', num4: 1, partial: true });
    expect(v4).toMatchObject({ addresses: [], shortfall: { code: 'strict-affinity', missing: 1 } });
    const refusal = await refusalOf(world.v4('host-b', 1));
    expect(refusal.code).toBe('strict-affinity');
    expect(refusal.message).toContain('turn strict affinity off');
    await world.ipam.setConfig({ strictAffinity: false });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.3']);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.4']);
  });

  it.each([
    ['owner', 'borrower'],
    ['borrower', 'owner'],
  ])('SA-02 addresses are released in any order, %s first', async (first, second) => {
    const world = await openWorld({ pools: [ONE_BLOCK] });
    await world.v4('host-a', 1, { handle: 'owner' });
    await world.v4('host-b', 1, { handle: 'borrower' });
    for (const handle of [first, second]) expect(await world.ipam.releaseByHandle({ handle })).toMatchObject({ found: true });
    expect(await world.held()).toEqual({});
    expect(await world.blocks()).toEqual({ '10.0.0.0/28': 'host:host-a' });
  });

  it('SA-03, WT-06 takes over a block of nobody, which is of no use to anybody else', async () => {
    const world = await openWorld({ pools: [ONE_BLOCK], config: { strictAffinity: true } });
    await world.v4('host-a', 2, { handle: 'h' });
    await world.ipam.releaseHostAffinities({ host: 'host-a' });
    expect(await world.blocks()).toEqual({ '10.0.0.0/28': null });
    expect(await codeOf(world.ipam.assignIp({ ip: '10.0.0.9', host: 'host-b' }))).toBe('strict-affinity');
    const { v4 } = await world.ipam.autoAssign({ host: 'host-b', num4: 1 });
    expect(v4?.addresses).toMatchObject([{ ip: '10.0.0.2', borrowed: false }]);
    expect(await world.blocks()).toEqual({ '10.0.0.0/28': 'host:host-b' });
    expect(await world.affinities()).toEqual({ 'host-b 10.0.0.0/28': 'confirmed' });
    expect(await world.held()).toMatchObject({ '10.0.0.0': 'h', '10.0.0.1': 'h' });
  });

  it('SA-03 a block of nobody without room stays nobody’s', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/31', blockSize: 31 }], config: { strictAffinity: true } });
    await world.put(keys.block('10.0.0.0/31'), storedBlock('10.0.0.0/31', null, { 0: 'h', 1: 'g' }));
    expect(await codeOf(world.v4('host-b', 1))).toBe('strict-affinity');
    expect(await world.blocks()).toEqual({ '10.0.0.0/31': null });
  });

  it('SA-03 without strict affinity it is borrowed from, and stays nobody’s', async () => {
    const world = await openWorld({ pools: [ONE_BLOCK] });
    await world.v4('host-a', 2, { handle: 'h' });
    await world.ipam.releaseHostAffinities({ host: 'host-a' });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-b', num4: 1 });
    expect(v4?.addresses).toMatchObject([{ ip: '10.0.0.2', borrowed: true }]);
    expect(await world.blocks()).toEqual({ '10.0.0.0/28': null });
    expect(await world.affinities()).toEqual({});
  });

  it('SA-04 borrowing leaves the block with its owner, who goes on using it', async () => {
    const world = await openWorld({ pools: [ONE_BLOCK] });
    await world.v4('host-a', 1);
    expect(await world.v4('host-b', 3)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 1 });
    expect(v4?.addresses).toMatchObject([{ ip: '10.0.0.4', borrowed: false }]);
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/28': 'confirmed' });
  });
});
