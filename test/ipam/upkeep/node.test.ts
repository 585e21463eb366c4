import { describe, expect, it } from 'vitest';
import { CLUSTER_INFORMATION } from '../../../src/store/keys.ts';
import { keys, openWorld, refusalOf, storedBlock, type World } from '../../support/ipam.ts';

const CONFIRMED = '{"state":"confirmed","deleted":false}';
const HOST = 'host-a';

function of(pod: string, node = HOST) {
  return { handle: `net.${pod}`, attrs: { namespace: 'default', pod, node } };
}

/** host-a with an address in each of two blocks of its own, and host-b as a guest in one of them. */
async function cluster(): Promise<World> {
  const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 29 }] });
  await world.ipam.assignIp({ ip: '10.0.0.1', host: HOST, ...of('p') });
  await world.ipam.assignIp({ ip: '10.0.0.9', host: HOST, ...of('q') });
  await world.ipam.assignIp({ ip: '10.0.0.2', host: 'host-b', ...of('guest', 'host-b') });
  return world;
}

const survey = ({ ipam }: World) => ipam.surveyNode({ host: HOST });

describe('removing a node', () => {
  it('tells whose addresses stay in its blocks, and leaves them', async () => {
    const world = await cluster();
    const seen = await survey(world);
    expect(seen).toMatchObject({
      addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.9' }],
      affinities: ['10.0.0.0/29', '10.0.0.8/29'],
      others: [{ ip: '10.0.0.2', handle: 'net.guest', heldBy: 'node host-b', borrowed: false }],
      unreadable: [],
    });
    expect(await world.ipam.removeNode({ survey: seen })).toEqual({
      host: HOST,
      hadRecord: true,
      released: ['10.0.0.1', '10.0.0.9'],
      changed: [],
      givenUp: ['10.0.0.0/29', '10.0.0.8/29'],
    });
    expect(await world.held()).toEqual({ '10.0.0.2': 'net.guest' });
    expect(await world.blocks()).toEqual({ '10.0.0.0/29': null });
  });

  it('AT-03: an address with a second owner is told as that, and stays', async () => {
    const world = await cluster();
    await world.ipam.setOwnerAttributes({ ip: '10.0.0.9', handle: 'net.q', alternate: { namespace: 'default', pod: 'q', node: 'host-b' } });
    const seen = await survey(world);
    expect(seen.addresses.map(({ ip }) => ip)).toEqual(['10.0.0.1']);
    expect(seen.others).toMatchObject([
      { ip: '10.0.0.2', heldBy: 'node host-b' },
      { ip: '10.0.0.9', heldBy: 'nodes host-a and host-b' },
    ]);
  });

  it('a dry run checks everything and writes nothing', async () => {
    const world = await cluster();
    const before = await world.dump();
    const seen = await survey(world);
    expect(await world.ipam.removeNode({ survey: seen, dryRun: true })).toMatchObject({ released: ['10.0.0.1', '10.0.0.9'] });
    expect(await world.ipam.removeNode({ survey: seen, dryRun: true, keepAddresses: true })).toMatchObject({ released: [] });
    expect(await world.dump()).toEqual(before);
  });

  it.each([
    ['a block of it', keys.block('10.0.0.16/29'), { [keys.affinity(HOST, '10.0.0.16/29')]: CONFIRMED }],
    ['an affinity of it', keys.affinity(HOST, '10.0.0.16/29'), {}],
    ['a handle of its addresses', keys.handle('net.p'), {}],
    ['its record', keys.node(HOST), {}],
  ])('I10: is refused before anything is written when %s cannot be read', async (_what, key, more) => {
    const world = await cluster();
    await world.putAll([...Object.entries(more), [key, '{']]);
    const before = await world.dump();
    const seen = await survey(world);
    expect(seen.unreadable).toMatchObject([{ key, isOwn: true }]);
    const error = await refusalOf(world.ipam.removeNode({ survey: seen }));
    expect(error).toMatchObject({ code: 'corrupt-value', details: { keys: [key] } });
    expect(error.message).toMatch(/Nothing was done\. .*plat ipam check.*plat ipam repair/);
    expect(await world.dump()).toEqual(before);
    await world.remove(key);
  });

  it('I10: a block that cannot be read and is not known to be its own is told, and keeps nothing', async () => {
    const world = await cluster();
    const key = keys.block('10.0.0.128/29');
    await world.put(key, '{');
    const seen = await survey(world);
    expect(seen.unreadable).toMatchObject([{ key, isOwn: false }]);
    expect(await world.ipam.removeNode({ survey: seen })).toMatchObject({ hadRecord: true });
    expect(await world.text(key)).toBe('{');
    await world.remove(key);
  });

  it('gives up a block that names the node and has no affinity', async () => {
    const world = await cluster();
    await world.put(keys.block('10.0.0.16/29'), storedBlock('10.0.0.16/29', `host:${HOST}`));
    expect(await world.ipam.removeNode({ survey: await survey(world) })).toMatchObject({
      givenUp: expect.arrayContaining(['10.0.0.16/29']),
    });
    expect(await world.blocks()).toEqual({ '10.0.0.0/29': null });
  });

  it.each<[string, (world: World) => Promise<unknown>, RegExp]>([
    ['written its record', ({ ipam }) => ipam.nodes.replace({ name: HOST, labels: { rack: 'r2' }, spec: {} }), /record was written/],
    ['claimed a block', ({ ipam }) => ipam.claimAffinity({ host: HOST, cidr: '10.0.0.16/29' }), /claimed 10\.0\.0\.16\/29/],
  ])('is refused when the node has %s since it was looked at', async (_what, write, told) => {
    const world = await cluster();
    const seen = await survey(world);
    await write(world);
    const before = await world.dump();
    const error = await refusalOf(world.ipam.removeNode({ survey: seen }));
    expect(error.code).toBe('conflict');
    expect(error.message).toMatch(told);
    expect(await world.dump()).toEqual(before);
  });

  it('says what was done and what is left when the store goes away half way, and the same again finishes it', async () => {
    const world = await cluster();
    const process = world.process();
    const seen = await survey(world);
    let commits = 0;
    // The addresses go in the first commit; the store takes no other.
    process.fault = (call) => (call.verb === 'commit' && ++commits > 1 ? 'unavailable' : 'none');
    const error = await refusalOf(process.ipam.removeNode({ survey: seen, timeoutMs: 1_000 }));
    expect(error).toMatchObject({
      details: {
        released: ['10.0.0.1', '10.0.0.9'],
        givenUp: [],
        left: { addresses: [], blocks: ['10.0.0.0/29', '10.0.0.8/29'], record: true },
      },
    });
    expect(error.message).toMatch(
      /2 address\(es\) were released and 0 block\(s\) given up .* 2 block\(s\) and its record are left\. The same again/,
    );
    expect(await world.ipam.nodes.get({ name: HOST })).toBeDefined();
    expect(await world.ipam.removeNode({ survey: await survey(world) })).toMatchObject({ givenUp: ['10.0.0.0/29', '10.0.0.8/29'] });
    expect(await world.ipam.nodes.get({ name: HOST })).toBeUndefined();
  });
});

describe('GC-14: while operators lock the datastore', () => {
  const locked = (world: World) => world.put(CLUSTER_INFORMATION, '{"spec":{"clusterGUID":"x","datastoreReady":false}}');

  async function lockedCluster() {
    const world = await cluster();
    await world.put('/calico/ipam/v2/host/long-gone', '{}');
    const [seen, report] = [await survey(world), await world.ipam.audit()];
    await locked(world);
    return { world, seen, report, before: await world.dump() };
  }

  it('nodes, repairs, releases of assignments and loads are refused, and nothing is written', async () => {
    const { world, seen, report, before } = await lockedCluster();
    const { ipam } = world;
    const open = async function* () {};
    for (const call of [
      () => ipam.removeNode({ survey: seen }),
      () => ipam.drainNode({ survey: seen }),
      () => ipam.repair({ report }),
      () => ipam.releaseAssignments({ assignments: seen.addresses }),
      () => ipam.load({ open }),
      () => ipam.requireUnlocked(),
    ]) {
      const error = await refusalOf(call());
      expect(error.code).toBe('datastore-locked');
      expect(error.message).toMatch(/calicoctl datastore migrate lock.*calicoctl datastore migrate unlock/);
    }
    expect(await world.dump()).toEqual(before);
  });

  it('dry runs and checks go on, and so does whoever insists on it', async () => {
    const { world, seen, report } = await lockedCluster();
    const { ipam } = world;
    expect(await ipam.removeNode({ survey: seen, dryRun: true })).toMatchObject({ released: { length: 2 } });
    expect(await ipam.repair({ report, dryRun: true })).toMatchObject([{ outcome: { kind: 'repaired' } }]);
    expect(await ipam.repair({ report, evenIfLocked: true })).toMatchObject([{ outcome: { kind: 'repaired' } }]);
    expect(await ipam.releaseAssignments({ assignments: seen.addresses, evenIfLocked: true })).toMatchObject({ released: { length: 2 } });
  });
});
