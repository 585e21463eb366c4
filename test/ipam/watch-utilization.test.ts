import { describe, expect, it } from 'vitest';
import type { PoolUtilization } from '../../src/ipam/api.ts';
import { keys, openWorld, type World } from '../support/ipam.ts';

/** Follows the utilisation, and gives the first that is as wanted. */
async function until(seen: AsyncIterator<readonly PoolUtilization[]>, isWanted: (pools: readonly PoolUtilization[]) => boolean) {
  for (;;) {
    const next = await seen.next();
    if (next.done) throw new Error('the watch ended');
    if (isWanted(next.value)) return next.value;
  }
}

const inUse = (pools: readonly PoolUtilization[]) => pools.reduce((sum, pool) => sum + pool.inUse, 0n);

async function sameAsRead(world: World, pools: readonly PoolUtilization[]): Promise<void> {
  expect(pools).toEqual(await world.ipam.getUtilization());
}

describe('watchUtilization', () => {
  it('GU-01 GU-02 gives what is there now, then what becomes of it: addresses, pools, reservations, blocks that go', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const stop = new AbortController();
    const seen = world.ipam.watchUtilization({ signal: stop.signal })[Symbol.asyncIterator]();
    await sameAsRead(world, (await seen.next()).value);
    await world.v4('host-a', 3, { handle: 'h' });
    await sameAsRead(world, await until(seen, (pools) => inUse(pools) === 3n));
    await world.ipam.pools.create({ name: 'second', spec: { cidr: '10.1.0.0/24' } });
    await sameAsRead(world, await until(seen, (pools) => pools.some(({ name }) => name === 'second')));
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/30'] } });
    await sameAsRead(world, await until(seen, ([pool]) => pool?.reserved === 4n));
    await world.ipam.releaseByHandle({ handle: 'h' });
    await world.ipam.removeHost({ host: 'host-a' });
    await sameAsRead(world, await until(seen, ([pool]) => pool?.blocks.length === 0));
    stop.abort();
    await expect(until(seen, () => false)).rejects.toThrow();
  });

  it('tells of a block that becomes unreadable, and leaves it out', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/26'] });
    await world.v4('host-a', 1);
    const corrupt: string[] = [];
    const stop = new AbortController();
    const seen = world.ipam.watchUtilization({ signal: stop.signal, onCorrupt: (key) => corrupt.push(key) })[Symbol.asyncIterator]();
    await until(seen, (pools) => inUse(pools) === 1n);
    await world.put(keys.block('10.0.0.0/26'), 'no JSON');
    await until(seen, ([pool]) => pool?.blocks.length === 0);
    expect(corrupt).toEqual([keys.block('10.0.0.0/26')]);
    await seen.return?.();
  });

  it('reads everything anew when history was compacted under it', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/26'] });
    const seen = world.ipam.watchUtilization()[Symbol.asyncIterator]();
    await seen.next();
    await world.v4('host-a', 2);
    world.store.compact((await world.store.read({})).revision);
    await sameAsRead(world, await until(seen, (pools) => inUse(pools) === 2n));
    await seen.return?.();
  });
});
