/** AutoAssign: validation, own blocks, how much of a request is given. New blocks and borrowing: auto-assign-blocks.test.ts. */
import { describe, expect, it } from 'vitest';
import type { AutoAssignOptions } from '../../src/ipam/api.ts';
import { codeOf, ipsOf, keys, masked, openWorld, refusalOf } from '../support/ipam.ts';

const POOL_4 = '192.168.1.0/24';
const POOL_6 = 'fd80:24e2:f998:72d6::/120';

describe('validation', () => {
  it('AA-01 asks for nothing, gets nothing, and reads nothing', async () => {
    const world = await openWorld({ pools: [POOL_4] });
    const { result, calls } = await world.main.counted(() => world.ipam.autoAssign({ host: 'host-a', num4: 0, num6: 0 }));
    expect(result).toEqual({});
    expect(calls).toEqual([]);
  });

  it('AA-02 takes Workload as the use when none is given, and refuses one that it does not know', async () => {
    const world = await openWorld({
      pools: [
        { cidr: '10.0.0.0/24', allowedUses: ['Tunnel'] },
        { cidr: '10.1.0.0/24', allowedUses: ['Workload'] },
      ],
    });
    expect(await world.v4('host-a', 1)).toEqual(['10.1.0.0']);
    const unknown = { use: 'Pod' } as unknown as Partial<AutoAssignOptions>;
    expect(await refusalOf(world.v4('host-a', 1, unknown))).toMatchObject({
      code: 'invalid-argument',
      details: { argument: 'use', value: 'Pod' },
    });
  });

  it.each<[string, Partial<AutoAssignOptions>]>([
    ['IPv6 among the IPv4 pools', { pools4: [POOL_4, POOL_6] }],
    ['IPv4 among the IPv6 pools', { pools4: [POOL_4], pools6: [POOL_4] }],
  ])('AA-03, PL-20 refuses %s before anything is assigned', async (_, options) => {
    const world = await openWorld({ pools: [POOL_4, POOL_6] });
    expect(await codeOf(world.ipam.autoAssign({ host: 'host-a', num4: 1, num6: 1, handle: 'h', ...options }))).toBe('invalid-argument');
    expect(await world.held()).toEqual({});
  });

  it('AA-03 looks only at the pools of a family that is asked for', async () => {
    const world = await openWorld({ pools: [POOL_4, POOL_6] });
    expect(await world.v4('host-a', 1, { pools6: [POOL_4] })).toEqual(['192.168.1.0']);
  });

  it('AA-04 refuses a node that the store does not know, before it looks at pools', async () => {
    const world = await openWorld({ nodes: [] });
    const refusal = await refusalOf(world.v4('host-x', 1, { pools4: ['10.9.0.0/16'] }));
    expect(refusal).toMatchObject({ code: 'node-not-found', details: { host: 'host-x' } });
    expect(refusal.message).toContain('plat create node host-x');
  });

  it('AA-04 needs no node for a load balancer, and registers one when told to', async () => {
    const world = await openWorld({ pools: [POOL_4, { cidr: '10.0.0.0/24', allowedUses: ['LoadBalancer'] }], nodes: [] });
    expect(await world.v4('lb', 1, { use: 'LoadBalancer' })).toEqual(['10.0.0.0']);
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'virtual:lb' });
    const { calls } = await world.main.counted(() => world.v4('host-x', 1, { registerNode: true }));
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
    expect(await world.ipam.nodes.get({ name: 'host-x' })).toMatchObject({ name: 'host-x', labels: {} });
  });

  it.each<[string, Partial<AutoAssignOptions>]>([
    ['automatically', {}],
    ['by name', { pools4: [POOL_4] }],
  ])('AA-05 is refused when no pool of the family is enabled, asked for %s', async (_, options) => {
    const world = await openWorld({ pools: [{ cidr: POOL_4, disabled: true }, POOL_6] });
    const refusal = await refusalOf(world.v4('host-a', 1, options));
    expect(refusal.code).toBe('no-qualified-pool');
    expect(refusal.message).toContain('pool1 (192.168.1.0/24) is disabled');
  });
});

describe('own blocks', () => {
  it('AA-06, AA-14, BK-03 makes one block for the first address and takes the second from it', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const first = await world.ipam.autoAssign({ host: 'host-a', num4: 1 });
    expect(masked(first.v4)).toEqual(['10.0.0.0/26']);
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed' });
    const second = await world.ipam.autoAssign({ host: 'host-a', num4: 1 });
    expect(masked(second.v4)).toEqual(['10.0.0.1/26']);
    expect(second.v4?.addresses[0]).toMatchObject({ block: '10.0.0.0/26', pool: 'pool1', borrowed: false, existing: false });
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-a' });
  });

  it('AA-06 starts after what is reserved', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/31'] } });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.2']);
  });

  it.each([
    [{ cidr: '10.0.0.0/24', blockSize: 30 }, ['10.0.0.4', '10.0.0.12', '10.0.0.100'], ['10.0.0.100', '10.0.0.12', '10.0.0.4']],
    [{ cidr: 'fd00::/120', blockSize: 126 }, ['fd00::', 'fd00::4', 'fd00::10'], ['fd00::', 'fd00::10', 'fd00::4']],
  ])('AA-07 tries own blocks of %o in the order of their keys', async (pool, claims, order) => {
    const world = await openWorld({ pools: [pool] });
    const version = pool.cidr.includes(':') ? 6 : 4;
    for (const base of claims) await world.ipam.claimAffinity({ host: 'host-a', cidr: `${base}/${pool.blockSize}` });
    const all = ipsOf(await world.ipam.autoAssign({ host: 'host-a', [version === 4 ? 'num4' : 'num6']: 12 }));
    expect([all[0], all[4], all[8]]).toEqual(order);
  });

  it('AA-07, PL-02 tries them whatever the order of pools, and fills a block that has some room before the next', async () => {
    const world = await openWorld({
      pools: [
        { cidr: '10.1.0.0/24', blockSize: 30 },
        { cidr: '10.0.0.0/24', blockSize: 30 },
      ],
    });
    await world.v4('host-a', 3, { pools4: ['10.0.0.0/24'] });
    await world.v4('host-a', 3, { pools4: ['10.1.0.0/24'] });
    const pools4 = ['10.1.0.0/24', '10.0.0.0/24'];
    expect(await world.v4('host-a', 3, { pools4 })).toEqual(['10.0.0.3', '10.1.0.3', '10.1.0.4']);
  });
});

describe('how much is given', () => {
  it.each([
    ['tiny blocks', { cidr: POOL_4, blockSize: 32 }, { cidr: POOL_6, blockSize: 128 }, 1],
    ['big blocks', { cidr: '192.168.0.0/16', blockSize: 20 }, { cidr: 'fd80:24e2:f998:72d6::/110', blockSize: 116 }, 1],
    ['default', { cidr: POOL_4 }, { cidr: POOL_6 }, 1],
    ['whole pools', { cidr: POOL_4 }, { cidr: POOL_6 }, 256],
    ['small blocks', { cidr: POOL_4, blockSize: 30 }, { cidr: POOL_6, blockSize: 126 }, 256],
  ])('AA-08 %s: as many as asked for', async (_, pool4, pool6, count) => {
    const world = await openWorld({ pools: [pool4, pool6] });
    const { v4, v6 } = await world.ipam.autoAssign({ host: 'host-a', num4: count, num6: count, handle: 'h', maxBlocksPerHost: 256 });
    for (const family of [v4, v6]) {
      expect(new Set(masked(family)).size).toBe(count);
      expect(family).toMatchObject({ requested: count, exhaustedPools: [] });
      expect(family?.shortfall).toBeUndefined();
    }
    const perBlock = (length: number) => 2 ** (length - Number(v4?.addresses[0]?.prefixLength ?? 0));
    expect(Object.keys(await world.blocks())).toHaveLength(2 * Math.max(1, count / perBlock(32)));
  });

  it.each([
    ['limit 1', { num4: 256, maxBlocksPerHost: 1 }, 64, 'block-limit'],
    ['limit 2', { num4: 256, maxBlocksPerHost: 2 }, 128, 'block-limit'],
    ['limit 1 v6', { num6: 256, maxBlocksPerHost: 1 }, 64, 'block-limit'],
    ['too many', { num4: 257 }, 256, 'no-free-address'],
    ['too many v6', { num6: 257 }, 256, 'no-free-address'],
  ])('AA-08, MB-03, AA-20 %s: %o gives %i with partial, and %s', async (_, request, given, code) => {
    const world = await openWorld({ pools: [POOL_4, POOL_6] });
    expect(await codeOf(world.ipam.autoAssign({ host: 'host-a', ...request }))).toBe(code);
    expect(await world.blocks()).toEqual({});
    const { v4, v6 } = await world.ipam.autoAssign({ host: 'host-a', ...request, partial: true });
    const family = v4 ?? v6;
    expect([v4, v6].filter((each) => each === undefined)).toHaveLength(1);
    expect(masked(family)).toHaveLength(given);
    const limit = 'maxBlocksPerHost' in request ? { limit: request.maxBlocksPerHost } : {};
    expect(family?.shortfall).toMatchObject({ code, missing: (family?.requested ?? 0) - given, ...limit });
    expect(family?.exhaustedPools).toEqual([v4 ? POOL_4 : POOL_6]);
  });

  it('AA-08 fills the own block, then borrows from the other host', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/25'] });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.0']);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.64']);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 64, handle: 'h' });
    expect(v4?.addresses.map(({ borrowed }) => borrowed)).toEqual([...Array(63).fill(false), true]);
    expect(v4?.addresses.at(-1)).toMatchObject({ ip: '10.0.0.65', block: '10.0.0.64/26' });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/26': 63, '10.0.0.64/26': 1 } });
  });

  it('AA-08, SA-01 under strict affinity gives only what own blocks have', async () => {
    const world = await openWorld({ pools: ['192.168.1.0/26', '192.168.1.64/26'], config: { strictAffinity: true } });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 256, pools4: ['192.168.1.0/26'], partial: true });
    expect(masked(v4)).toHaveLength(64);
    expect(v4?.shortfall).toMatchObject({ code: 'strict-affinity', missing: 192 });
  });

  it('AA-09 takes from both of two pools, and then what is left', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', '10.1.0.0/24'] });
    await world.ipam.assignIp({ ip: '10.0.0.7', host: 'host-b' });
    const pools4 = ['10.0.0.0/24', '10.1.0.0/24'];
    expect(new Set(await world.v4('host-a', 300, { pools4, handle: 'h' })).size).toBe(300);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 300, pools4, partial: true });
    expect(masked(v4)).toHaveLength(211);
    expect(v4?.shortfall?.missing).toBe(89);
  });

  it('AA-10, PL-02 takes nothing from a pool that was not asked for', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', '20.0.0.0/24'] });
    const pools4 = ['20.0.0.0/24'];
    const all = [...(await world.v4('host-a', 2, { pools4 })), ...(await world.v4('host-a', 254, { pools4 }))];
    expect(all.every((ip) => ip.startsWith('20.0.0.'))).toBe(true);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 1, pools4, partial: true });
    expect(v4).toMatchObject({ addresses: [], exhaustedPools: ['20.0.0.0/24'] });
  });
});

describe('maximum per handle', () => {
  it('AA-11 gives the held addresses again, with full masks, once the maximum is reached', async () => {
    const world = await openWorld({ pools: [POOL_4, POOL_6] });
    const request = { host: 'host-a', num4: 1, num6: 1, handle: 'h', maxPerHandle: 1 };
    const first = await world.ipam.autoAssign(request);
    expect([...masked(first.v4), ...masked(first.v6)]).toEqual(['192.168.1.0/26', 'fd80:24e2:f998:72d6::/122']);
    const before = await world.dump();
    const again = await world.ipam.autoAssign(request);
    expect([...masked(again.v4), ...masked(again.v6)]).toEqual(['192.168.1.0/32', 'fd80:24e2:f998:72d6::/128']);
    expect(again.v4?.addresses[0]?.existing).toBe(true);
    expect(await world.dump()).toEqual(before);
  });

  it('AA-11 counts over all blocks and per family, and starts anew after a release', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 32 }, POOL_6] });
    const request = { host: 'host-a', num4: 1, handle: 'h', maxPerHandle: 2 };
    const given = [
      await world.ipam.autoAssign(request),
      await world.ipam.autoAssign(request),
      await world.ipam.autoAssign(request),
    ].flatMap(ipsOf);
    expect(new Set(given).size).toBe(2);
    expect(given.slice(0, 2)).toContain(given[2]);
    expect(Object.values(await world.held())).toEqual(['h', 'h']);
    expect(ipsOf(await world.ipam.autoAssign({ ...request, num4: 0, num6: 2 }))).toHaveLength(2);
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await world.handles()).toEqual({});
    expect(ipsOf(await world.ipam.autoAssign(request))).toHaveLength(1);
  });

  it('AA-12 refuses at once what the maximum can never allow', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const { result, calls } = await world.main.counted(() => refusalOf(world.v4('host-a', 2, { handle: 'h', maxPerHandle: 1 })));
    expect(result).toMatchObject({ code: 'handle-limit', details: { held: 0, maxPerHandle: 1 } });
    expect(calls.map(({ verb }) => verb)).toEqual(['read']);
    expect(await world.blocks()).toEqual({});
  });

  it('AA-12 trusts the blocks, not a count that was left too high', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.handle('h'), '{"block":{"10.0.0.0/26":7},"deleted":false}');
    expect(await world.v4('host-a', 1, { handle: 'h', maxPerHandle: 1 })).toEqual(['10.0.0.0']);
    expect(await world.v4('host-a', 1, { handle: 'h', maxPerHandle: 1 })).toEqual(['10.0.0.0']);
  });

  it('AA-31 leaves no empty block with another host', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const request = { num4: 1, handle: 'h', maxPerHandle: 1 };
    await world.ipam.autoAssign({ host: 'host-a', ...request });
    expect(ipsOf(await world.ipam.autoAssign({ host: 'host-b', ...request }))).toEqual(['10.0.0.0']);
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-a' });
  });

  it.each([
    [2, 3, 5],
    [0, 5, 5],
  ])('AA-32 with %i held, %i more and a maximum of %i over small blocks, each address is a new one', async (held, count, maxPerHandle) => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }] });
    const before = held > 0 ? await world.v4('host-a', held, { handle: 'h' }) : [];
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: count, handle: 'h', maxPerHandle });
    expect(v4?.addresses.every(({ existing }) => !existing)).toBe(true);
    expect(new Set([...before, ...masked(v4)]).size).toBe(held + count);
    expect(Object.keys(await world.held())).toHaveLength(maxPerHandle);
  });
});

describe('ifHeld: return', () => {
  it('gives what the handle holds and writes nothing, however often it is repeated', async () => {
    const world = await openWorld({ pools: [POOL_4, POOL_6] });
    const request = { host: 'host-a', num4: 2, num6: 1, handle: 'h', ifHeld: 'return' } as const;
    const first = ipsOf(await world.ipam.autoAssign(request));
    expect(first).toHaveLength(3);
    const before = await world.dump();
    for (let repeat = 0; repeat < 3; repeat++) expect(ipsOf(await world.ipam.autoAssign(request))).toEqual(first);
    expect(await world.dump()).toEqual(before);
  });

  it('gives the rest when some is held already', async () => {
    const world = await openWorld({ pools: [POOL_4, POOL_6] });
    const request = { host: 'host-a', handle: 'h', ifHeld: 'return' } as const;
    await world.ipam.autoAssign({ ...request, num4: 1 });
    const { v4, v6 } = await world.ipam.autoAssign({ ...request, num4: 2, num6: 1 });
    expect(v4?.addresses.map(({ existing }) => existing)).toEqual([true, false]);
    expect(v6?.addresses.map(({ existing }) => existing)).toEqual([false]);
    expect(Object.keys(await world.held())).toHaveLength(3);
  });

  it('gives an address asked for by name again to its handle, and refuses it to another', async () => {
    const world = await openWorld({ pools: [POOL_4] });
    const request = { ip: '192.168.1.9', host: 'host-a', ifHeld: 'return' } as const;
    const first = await world.ipam.assignIp({ ...request, handle: 'h' });
    expect(await world.ipam.assignIp({ ...request, handle: 'h' })).toEqual({ ...first, existing: true });
    expect(await codeOf(world.ipam.assignIp({ ...request, handle: 'g' }))).toBe('address-in-use');
  });

  it('assigns once when the same request is made many times at once, from two processes', async () => {
    const world = await openWorld({ pools: [POOL_4, POOL_6] });
    const other = world.process();
    const request = { host: 'host-a', num4: 1, num6: 1, handle: 'h', ifHeld: 'return' } as const;
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? world : other).ipam.autoAssign(request)));
    expect(new Set(results.map((result) => ipsOf(result).join())).size).toBe(1);
    expect(Object.keys(await world.held())).toHaveLength(2);
  });
});
