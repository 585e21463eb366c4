/** How many store requests an operation makes, and who shares them. etcd's own count of its requests: the load test. */
import { describe, expect, it } from 'vitest';
import { codeOf, ipsOf, keys, masked, openWorld, storedBlock, type World } from '../support/ipam.ts';

const POOL = { cidr: '10.0.0.0/12', blockSize: 30 };

/** Full blocks of other hosts, spread over the pool as other nodes leave them. */
async function withForeignBlocks(count: number): Promise<World> {
  const world = await openWorld({ pools: [POOL, 'fd00::/112'], walkStart: 'hashed' });
  const template = storedBlock('10.0.0.0/30', 'host:x', { 0: 'f', 1: 'f', 2: 'f', 3: 'f' });
  const cidrs = Array.from({ length: count }, (_, n) => {
    const base = 4 * ((n * 7_919) % 262_144);
    return `10.${base >>> 16}.${(base >>> 8) & 255}.${base & 255}/30`;
  });
  await world.putAll(cidrs.map((cidr) => [keys.block(cidr), template.replace('10.0.0.0/30', cidr)]));
  return world;
}

async function requestsOf(world: World, operation: () => Promise<unknown>): Promise<number> {
  const { calls } = await world.main.counted(operation);
  return calls.length;
}

describe('requests', () => {
  it.each([0, 10_000])('I9, WT-02, WT-03 keep their budgets with %i blocks of others', async (count) => {
    const world = await withForeignBlocks(count);
    const newBlock = await requestsOf(world, () => world.v4('host-a', 1, { handle: 'a' }));
    const ownBlock = await requestsOf(world, () => world.v4('host-a', 1, { handle: 'b' }));
    const byHandle = await requestsOf(world, () => world.ipam.releaseByHandle({ handle: 'a' }));
    const nothing = await requestsOf(world, () => world.ipam.releaseByHandle({ handle: 'a' }));
    const stranger = world.process();
    const { calls } = await stranger.counted(() => stranger.ipam.autoAssign({ host: 'host-a', num4: 1, handle: 'c' }));
    expect(newBlock).toBeLessThanOrEqual(5);
    for (const requests of [ownBlock, byHandle, calls.length]) expect(requests).toBeLessThanOrEqual(3);
    expect(nothing).toBe(1);
  });

  it('I7 both families take at most three requests from own blocks, and one commit', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', 'fd00::/120'] });
    const assign = (handle: string) => world.main.counted(() => world.ipam.autoAssign({ host: 'host-a', num4: 1, num6: 1, handle }));
    await assign('a');
    const { calls } = await assign('b');
    expect(calls.length).toBeLessThanOrEqual(3);
    const writes = calls.flatMap((call) => (call.verb === 'commit' ? [call.request.writes.map(({ key }) => key).sort()] : []));
    expect(writes).toEqual([[keys.block('10.0.0.0/26'), keys.block('fd00::/122'), keys.handle('b')].sort()]);
    const { calls: released } = await world.main.counted(() => world.ipam.releaseByHandle({ handle: 'b' }));
    expect(released.length).toBeLessThanOrEqual(3);
  });

  it('AA-21, WT-09 answer an exhausted pool of 256 blocks without a read per block', async () => {
    const world = await openWorld({
      pools: [
        { cidr: '10.0.0.0/24', blockSize: 32 },
        { cidr: '10.1.0.0/22', blockSize: 30 },
      ],
    });
    for (let n = 0; n < 256; n++) {
      await world.put(keys.block(`10.0.0.${n}/32`), storedBlock(`10.0.0.${n}/32`, 'host:x', { 0: 'f' }));
      const cidr = `10.1.${n >>> 6}.${4 * (n & 63)}/30`;
      await world.put(keys.block(cidr), storedBlock(cidr, 'host:x', { 0: 'f', 1: 'f', 2: 'f', 3: 'f' }));
    }
    for (const pools4 of [['10.0.0.0/24'], ['10.1.0.0/22']]) {
      const { result, calls } = await world.main.counted(() => codeOf(world.v4('host-a', 1, { pools4 })));
      expect(result).toBe('no-free-address');
      expect(calls.length).toBeLessThanOrEqual(10);
    }
  });

  it('a hundred and ten calls at once of one node share commits', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/20'] });
    const { result, calls } = await world.main.counted(() =>
      Promise.all(Array.from({ length: 110 }, (_, n) => world.ipam.autoAssign({ host: 'host-a', num4: 1, handle: `h${n}` }))),
    );
    expect(new Set(result.flatMap(ipsOf)).size).toBe(110);
    expect(calls.length).toBeLessThanOrEqual(30);
    expect(Object.keys(await world.blocks())).toHaveLength(2);
    const { calls: released } = await world.main.counted(() =>
      Promise.all(Array.from({ length: 110 }, (_, n) => world.ipam.releaseByHandle({ handle: `h${n}`, host: 'host-a' }))),
    );
    expect(released.length).toBeLessThanOrEqual(30);
    expect(await world.held()).toEqual({});
  });

  it('one that cannot be satisfied fails alone, in whatever company', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/26', '10.1.0.0/26'] });
    const all = await Promise.allSettled([
      world.v4('host-a', 1, { handle: 'a' }),
      world.v4('host-a', 65, { handle: 'b', pools4: ['10.0.0.0/26'] }),
      world.v4('host-a', 1, { handle: 'c', pools4: ['10.9.0.0/26'] }),
      world.v4('host-a', 1, { handle: 'd' }),
      world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', handle: 'e' }),
      world.v4('host-a', 3, { handle: 'f' }),
    ]);
    expect(all.map((each) => (each.status === 'rejected' ? each.reason.code : 'given'))).toEqual([
      'given',
      'no-free-address',
      'pool-not-found',
      'given',
      'address-in-use',
      'given',
    ]);
    expect(Object.values(await world.held())).toEqual(['a', 'd', 'f', 'f', 'f']);
  });

  it('I7 a request larger than one commit is given whole, or nothing of it stays', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/23', blockSize: 30 }] });
    const options = { handle: 'h', maxBlocksPerHost: -1 };
    expect(await codeOf(world.v4('host-a', 513, options))).toBe('no-free-address');
    expect([await world.held(), await world.handles()]).toEqual([{}, {}]);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 513, partial: true, ...options });
    expect(masked(v4)).toHaveLength(512);
    expect(v4).toMatchObject({ requested: 513, shortfall: { missing: 1 } });
  });
});
