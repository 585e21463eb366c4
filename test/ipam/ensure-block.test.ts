import { describe, expect, it } from 'vitest';
import { codeOf, ipsOf, keys, masked, openWorld } from '../support/ipam.ts';

const SMALL = { cidr: '10.0.0.0/28', blockSize: 30 };
const keeps = (startOfBlock: number, endOfBlock: number, handle = 'kept-by-host') => ({
  startOfBlock,
  endOfBlock,
  handle,
  note: 'ipam ut',
});

describe('ensure block', () => {
  it('EB-01 handles only families with a spec, and gives the same block again, even when it is full', async () => {
    const world = await openWorld({ pools: [SMALL, 'fd00::/120'] });
    expect(await world.ipam.ensureBlock({ host: 'host-a' })).toEqual({});
    const options = { host: 'host-a', hostReserved4: keeps(1, 1) };
    expect(await world.ipam.ensureBlock(options)).toEqual({ v4: '10.0.0.0/30' });
    await world.v4('host-a', 2);
    expect(await world.ipam.ensureBlock(options)).toEqual({ v4: '10.0.0.0/30' });
    expect(await world.ipam.ensureBlock({ ...options, hostReserved6: keeps(1, 0) })).toEqual({ v4: '10.0.0.0/30', v6: 'fd00::/122' });
    expect(Object.keys(await world.blocks())).toHaveLength(2);
  });

  it('EB-01 skips an own block that is wholly reserved', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(1, 0) });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/30'] } });
    expect(await world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(1, 0) })).toEqual({ v4: '10.0.0.4/30' });
  });

  it.each([
    [{ pools4: ['30.0.0.0/24'] }, 'pool-not-found'],
    [{ pools4: ['fd00::/120'] }, 'invalid-argument'],
    [{ pools4: ['10.0.0.0/24', '40.0.0.0/24'] }, 'pool-not-found'],
    [{ pools4: ['20.0.0.0/24', '10.0.0.0/24'] }, { v4: '20.0.0.0/26' }],
    [{}, { v4: '10.0.0.0/26' }],
    [{ hostReserved6: keeps(1, 0), pools6: ['20.0.0.0/24'] }, 'invalid-argument'],
  ])('EB-02 with %j: %j', async (options, expected) => {
    const world = await openWorld({ pools: ['10.0.0.0/24', '20.0.0.0/24', { cidr: '30.0.0.0/24', disabled: true }, 'fd00::/120'] });
    const call = world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(1, 0), ...options });
    if (typeof expected === 'string') expect(await codeOf(call)).toBe(expected);
    else expect(await call).toEqual(expected);
    if (typeof expected === 'string') expect(await world.blocks()).toEqual({});
  });

  it.each([
    [3, 1, 29],
    [2, 1, 30],
    [1, 0, 31],
  ])('EB-03 keeping %i and %i needs blocks of /%i or larger, asked for or not', async (start, end, largest) => {
    const world = await openWorld({
      pools: [
        { cidr: '10.0.0.0/24', blockSize: largest + 1 },
        { cidr: '20.0.0.0/24', blockSize: largest },
      ],
    });
    const hostReserved4 = keeps(start, end);
    expect(await codeOf(world.ipam.ensureBlock({ host: 'host-a', hostReserved4, pools4: ['10.0.0.0/24'] }))).toBe('pool-not-found');
    expect(await codeOf(world.v4('host-a', 1, { hostReserved4, pools4: ['10.0.0.0/24'] }))).toBe('pool-not-found');
    expect(await world.ipam.ensureBlock({ host: 'host-a', hostReserved4 })).toEqual({ v4: `20.0.0.0/${largest}` });
    expect((await world.v4('host-b', 1, { hostReserved4 }))[0]).toMatch(/^20\./);
    await world.ipam.pools.replace({ name: 'pool2', spec: { disabled: true } });
    expect(await codeOf(world.ipam.ensureBlock({ host: 'host-a', hostReserved4 }))).toBe('no-qualified-pool');
  });

  it.each([keeps(0, 0), keeps(-1, 2), keeps(1.5, 0)])('EB-03 refuses the spec %j', async (hostReserved4) => {
    const world = await openWorld({ pools: [SMALL] });
    expect(await codeOf(world.ipam.ensureBlock({ host: 'host-a', hostReserved4 }))).toBe('invalid-argument');
  });

  it('EB-04, EB-05 keeps both ends, in no handle and without numbers, and gives the rest', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(2, 1) });
    const block = await world.block('10.0.0.0/30');
    expect(block).toMatchObject({ allocations: [0, 0, null, 0], unallocated: [2] });
    expect(block.attributes).toMatchObject([{ handleId: 'kept-by-host', secondary: { note: 'ipam ut' } }]);
    expect(block.sequenceNumberForAllocation?.size).toBe(0);
    expect(await world.handles()).toEqual({});
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 1, use: 'Tunnel', hostReserved4: keeps(2, 1) });
    expect(masked(v4)).toEqual(['10.0.0.2/30']);
  });

  it('EB-06 later requests go on to the next own block with room, then to a new one, up to the limit', async () => {
    const world = await openWorld({ pools: [SMALL], config: { strictAffinity: true } });
    const hostReserved4 = keeps(2, 1);
    expect(await world.v4('host-a', 2, { hostReserved4 })).toEqual(['10.0.0.2', '10.0.0.6']);
    expect(await world.v4('host-a', 1, { hostReserved4 })).toEqual(['10.0.0.10']);
    expect(await codeOf(world.v4('host-a', 1, { hostReserved4, maxBlocksPerHost: 3 }))).toBe('block-limit');
  });

  it.each([
    ['full', '10.0.0.0/30', []],
    ['wholly reserved', '10.0.0.0/28', ['10.0.0.0/28']],
  ])('EB-07 there is none when the pool is %s', async (_, cidr, reservedCIDRs) => {
    const world = await openWorld({ pools: [{ cidr, blockSize: 30 }] });
    if (reservedCIDRs.length > 0) await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs } });
    else await world.v4('host-b', 1);
    expect(await codeOf(world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(1, 0) }))).toBe('no-free-address');
  });

  it.each([
    ['kept-by-host', false],
    ['windows-reserved-ipam-handle', true],
  ])('EB-08 a block in which %s keeps addresses counts as empty: %s', async (handle, isEmpty) => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/30', blockSize: 30 }], config: { strictAffinity: true } });
    await world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(1, 1, handle) });
    expect(await world.ipam.releaseByHandle({ handle })).toMatchObject({ found: false });
    world.clock.advance(61);
    if (isEmpty) expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
    else expect(await codeOf(world.v4('host-b', 1))).toBe('strict-affinity');
    if (!isEmpty) expect(await codeOf(world.ipam.releaseHostAffinities({ host: 'host-a', mustBeEmpty: true }))).toBe('block-not-empty');
  });

  it('EB-09 automatic allocation off and no own block: refused', async () => {
    const world = await openWorld({ pools: [SMALL], config: { strictAffinity: true, autoAllocateBlocks: false } });
    expect(await codeOf(world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(1, 0) }))).toBe('no-block');
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.4/30' });
    expect(await world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(1, 0) })).toEqual({ v4: '10.0.0.4/30' });
  });

  it('needs a known node, and makes block and affinity in one commit', async () => {
    const world = await openWorld({ pools: [SMALL] });
    expect(await codeOf(world.ipam.ensureBlock({ host: 'host-x', hostReserved4: keeps(1, 0) }))).toBe('node-not-found');
    const { calls } = await world.main.counted(() => world.ipam.ensureBlock({ host: 'host-a', hostReserved4: keeps(1, 0) }));
    const commits = calls.flatMap((call) =>
      call.verb === 'commit' ? [call.request.writes.map(({ key }) => key).filter((key) => key.startsWith('/calico/'))] : [],
    );
    expect(commits).toEqual([[keys.block('10.0.0.0/30'), keys.affinity('host-a', '10.0.0.0/30')]]);
    expect(ipsOf(await world.ipam.autoAssign({ host: 'host-a', num4: 1 }))).toEqual(['10.0.0.1']);
  });
});
