import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/ipam/upkeep/api.ts';
import { CLUSTER_INFORMATION } from '../../../src/store/keys.ts';
import { openWorld, type World } from '../../support/ipam.ts';

const pool = { pools: [{ cidr: '10.0.0.0/26', blockSize: 29 }] };

/** Nobody of the test is in it. */
const NOBODY: Inventory = { pods: new Map() };

async function assign(world: World, pod: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  await world.v4('host-a', 1, { handle: `net.${pod}`, attrs: { namespace: 'default', pod, node: 'host-a', ...more } });
}

describe('a look at the store beside an inventory', () => {
  it('GC-01: judges nothing that is assigned while the inventory is taken', async () => {
    const world = await openWorld(pool);
    await assign(world, 'gone');
    const { candidates, addresses } = await world.ipam.observe({
      takeInventory: async () => {
        await assign(world, 'new');
        return { inventory: NOBODY, evidenceAtMs: 0 };
      },
    });
    expect(candidates.leaked).toMatchObject([{ handle: 'net.gone' }]);
    expect(addresses).toEqual({ used: 0, unknown: 0, leaked: 1, judged: 1 });
  });

  it('GC-01: takes a new inventory when the store compacts the revision meanwhile', async () => {
    const world = await openWorld(pool);
    let taken = 0;
    const { candidates } = await world.ipam.observe({
      takeInventory: async () => {
        if (taken++ > 0) return { inventory: { inUse: new Set(['net.new']) }, evidenceAtMs: 0 };
        await assign(world, 'new');
        world.store.compact((await world.store.read({})).revision);
        return { inventory: NOBODY, evidenceAtMs: 0 };
      },
    });
    expect(taken).toBe(2);
    expect(candidates.leaked).toEqual([]);
  });

  it.each([
    ['a minute before the list', '2024-05-01 10:00:00.5 +0000 UTC', 1],
    ['right before the list', '2024-05-01 10:00:31 +0000 UTC', 0],
    ['after the list', '2024-05-02T10:00:00Z', 0],
    ['at a time that cannot be read', 'soon', 0],
  ])('GC-01: by an older list, what says that it was assigned %s', async (_when, timestamp, leaked) => {
    const world = await openWorld(pool);
    await assign(world, 'p', { timestamp });
    const listedAtMs = Date.parse('2024-05-01T10:01:30Z');
    const observation = await world.ipam.observe({ takeInventory: () => ({ inventory: NOBODY, evidenceAtMs: listedAtMs, listedAtMs }) });
    expect(observation.candidates.leaked).toHaveLength(leaked);
    expect(observation.unknownWhy).toEqual(leaked === 1 ? {} : { 'was assigned when the lists were taken, or since': 1 });
  });

  it('GC-04: counts an address that its handle keeps as one that is not judged leaked', async () => {
    const world = await openWorld(pool);
    const lives = { namespace: 'default', name: 'lives', node: 'host-a', ips: ['10.0.0.1'], isOver: false, isHostNetwork: false };
    for (const pod of ['gone', 'lives'])
      await world.v4('host-a', 1, { handle: 'shared', attrs: { namespace: 'default', pod, node: 'host-a' } });
    const observation = await world.ipam.observe({
      takeInventory: () => ({ inventory: { pods: new Map([['default/lives', lives]]) }, evidenceAtMs: 0 }),
    });
    expect(observation.addresses).toEqual({ used: 1, unknown: 1, leaked: 0, judged: 2 });
    expect(observation.unknownWhy).toEqual({ 'shares its handle with one that is in use, or may be': 1 });
  });
});

describe('a collection under the lock', () => {
  it('GC-14: is planned, and not done', async () => {
    const world = await openWorld(pool);
    await assign(world, 'gone');
    const look = () => world.ipam.observe({ takeInventory: () => ({ inventory: NOBODY, evidenceAtMs: Number.MAX_SAFE_INTEGER }) });
    const suspects = world.ipam.suspects(new Map(), await look());
    await world.put(CLUSTER_INFORMATION, '{"spec":{"datastoreReady":false}}');
    const options = { observation: await look(), suspects, graceMs: 1, maxSharePercent: 100 };
    expect(await world.ipam.collect({ ...options, dryRun: true })).toMatchObject({ kind: 'planned', confirmed: { leaked: { length: 1 } } });
    expect(await world.ipam.collect(options)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('locked') });
  });
});
