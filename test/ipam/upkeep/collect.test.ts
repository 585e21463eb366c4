import { describe, expect, it } from 'vitest';
import { asParts, mergedInventory } from '../../../src/core/collect/inventory.ts';
import type { Candidates, CollectResult, Inventory, Observation, Pod, Suspects } from '../../../src/ipam/upkeep/api.ts';
import { CLUSTER_INFORMATION } from '../../../src/store/keys.ts';
import type { Fault } from '../../../src/store/memory.ts';
import { keys, openWorld, refusalOf, type World } from '../../support/ipam.ts';

const GRACE_MS = 60_000;

function podsOf(...pods: readonly (Partial<Pod> & { readonly name: string })[]): NonNullable<Inventory['pods']> {
  return new Map(
    pods.map((pod) => {
      const whole = { namespace: 'default', node: 'host-a', ips: [], isOver: false, isHostNetwork: false, ...pod };
      return [`${whole.namespace}/${whole.name}`, whole];
    }),
  );
}

function podOf(name: string, host = 'host-a') {
  return { handle: `net.${name}`, attrs: { namespace: 'default', pod: name, node: host } };
}

/** Looks at a world again and again, as gc does. */
class Collector {
  readonly #world: World;
  suspects: Suspects = new Map();

  constructor(world: World) {
    this.#world = world;
  }

  async look(inventory: Inventory): Promise<Observation> {
    const evidenceAtMs = Number(this.#world.clock.nowNs() / 1_000_000n);
    return this.#world.ipam.observe({ takeInventory: () => ({ inventory, evidenceAtMs }) });
  }

  /** Looks, and collects what looks before this one confirm. */
  async collect(inventory: Inventory, maxSharePercent = 100): Promise<CollectResult> {
    const observation = await this.look(inventory);
    const result = await this.#world.ipam.collect({ observation, suspects: this.suspects, graceMs: GRACE_MS, maxSharePercent });
    this.suspects = this.#world.ipam.suspects(this.suspects, observation);
    return result;
  }

  async twice(inventory: Inventory, maxSharePercent = 100): Promise<CollectResult> {
    await this.collect(inventory, maxSharePercent);
    this.#world.clock.advance(GRACE_MS / 1_000 + 1);
    return this.collect(inventory, maxSharePercent);
  }
}

async function cluster(): Promise<{ world: World; collector: Collector }> {
  const world = await openWorld({ pools: [{ cidr: '10.0.0.0/26', blockSize: 29 }] });
  return { world, collector: new Collector(world) };
}

const leakedIps = ({ leaked }: Candidates) => leaked.map(({ ip }) => ip);

describe('collection', () => {
  it('GC-02: a list that may be a part protects whom it names, and says nothing about others', async () => {
    const { world, collector } = await cluster();
    for (const pod of ['listed', 'elsewhere', 'ended', 'moved']) await world.v4('host-a', 1, podOf(pod));
    const listed = podsOf({ name: 'listed', ips: ['10.0.0.0'] }, { name: 'ended', isOver: true }, { name: 'moved', ips: ['10.9.0.1'] });
    expect(await collector.twice(asParts({ pods: listed }))).toMatchObject({ released: [] });
    expect((await collector.look(asParts({ pods: listed }))).addresses).toEqual({ used: 1, unknown: 3, leaked: 0, judged: 1 });
    expect(await collector.twice({ pods: listed })).toMatchObject({ released: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] });
  });

  it.each<[string, Inventory]>([
    ['addresses', { inUse: new Set(['10.0.0.7']) }],
    ['nodes', { nodes: { names: new Set(['host-b']), isComplete: true } }],
  ])('GC-13: a list of %s that may be a part proves nobody dead', async (_what, inventory) => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('lives'));
    expect(await collector.twice(asParts(inventory))).toMatchObject({ released: [], givenUp: [] });
    expect(await collector.twice(inventory)).toMatchObject({ released: ['10.0.0.0'] });
  });

  it('GC-02: a part beside a whole list adds those it names, and a pod that both have lives when it lives in one', async () => {
    const { world, collector } = await cluster();
    for (const pod of ['whole', 'part', 'both', 'gone']) await world.v4('host-a', 1, podOf(pod));
    const whole = { pods: podsOf({ name: 'whole', ips: ['10.0.0.0'] }, { name: 'both', ips: ['10.0.0.2'] }) };
    const older = { pods: podsOf({ name: 'part' }, { name: 'both', ips: ['10.9.0.9'], node: 'host-b' }) };
    expect(await collector.twice(mergedInventory(whole, asParts(older)))).toMatchObject({ released: ['10.0.0.3'] });
    const ended = { pods: podsOf({ name: 'both', isOver: true }, { name: 'part' }) };
    expect(await collector.twice(mergedInventory(ended, whole))).toMatchObject({ released: [] });
  });

  it('GC-02: releases the address of a pod that is gone, and no other', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('lives'));
    await world.v4('host-a', 1, podOf('gone'));
    const result = await collector.twice({ pods: podsOf({ name: 'lives', ips: ['10.0.0.0'] }) });
    expect(result).toMatchObject({ kind: 'collected', released: ['10.0.0.1'], changed: [] });
    expect(await world.held()).toEqual({ '10.0.0.0': 'net.lives' });
    expect(await world.handles()).toEqual({ 'net.lives': { '10.0.0.0/29': 1 } });
  });

  it('I7 what ends it half way says what was released until then', async () => {
    const { world, collector } = await cluster();
    for (const host of ['host-a', 'host-b']) await world.v4(host, 1, podOf(`gone-${host}`, host));
    const pods = podsOf();
    await collector.collect({ pods });
    world.clock.advance(GRACE_MS / 1_000 + 1);
    const observation = await collector.look({ pods });
    const process = world.process();
    const interrupt = new AbortController();
    let onProgress = () => {};
    const oneIsDone = new Promise<void>((resolve) => {
      onProgress = resolve;
    });
    process.fault = async (call): Promise<Fault> => {
      if (call.verb !== 'commit' || !call.request.guards.some(({ key }) => key === keys.block('10.0.0.8/29'))) return 'none';
      await oneIsDone;
      interrupt.abort();
      return 'none';
    };
    const collecting = process.ipam.collect({
      observation,
      suspects: collector.suspects,
      graceMs: GRACE_MS,
      maxSharePercent: 100,
      signal: interrupt.signal,
      onProgress: () => onProgress(),
    });
    const error = await refusalOf(collecting);
    const { released } = error.details as { released: readonly string[] };
    const held = Object.keys(await world.held());
    expect(error).toMatchObject({
      code: 'aborted',
      details: { progress: expect.stringContaining(`${released.length} address(es) were released`) },
    });
    expect({ released, held }).toEqual({ released: ['10.0.0.0'], held: ['10.0.0.8'] });
  });

  it('one look alone releases nothing, nor two that are too close', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('gone'));
    expect(await collector.collect({ pods: podsOf() })).toMatchObject({ released: [] });
    world.clock.advance(GRACE_MS / 2_000);
    expect(await collector.collect({ pods: podsOf() })).toMatchObject({ released: [] });
    world.clock.advance(GRACE_MS / 1_000);
    expect(await collector.collect({ pods: podsOf() })).toMatchObject({ released: ['10.0.0.0'] });
  });

  it('an inventory that is older than the first look by the grace period confirms nothing', async () => {
    const { world, collector } = await cluster();
    const evidenceAtMs = Number(world.clock.nowNs() / 1_000_000n);
    await world.v4('host-a', 1, podOf('new'));
    await collector.collect({ pods: podsOf() });
    world.clock.advance(3_600);
    const observation = await world.ipam.observe({ takeInventory: () => ({ inventory: { pods: podsOf() }, evidenceAtMs }) });
    const result = await world.ipam.collect({ observation, suspects: collector.suspects, graceMs: GRACE_MS, maxSharePercent: 100 });
    expect(result).toMatchObject({ kind: 'collected', released: [] });
  });

  it('a pod that came back between two looks begins anew', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('back'));
    await collector.collect({ pods: podsOf() });
    world.clock.advance(100);
    await collector.collect({ pods: podsOf({ name: 'back', ips: ['10.0.0.0'] }) });
    world.clock.advance(100);
    expect(await collector.collect({ pods: podsOf() })).toMatchObject({ released: [] });
  });

  it('GC-05, I6: an address that was assigned anew between the looks is another assignment', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('gone'));
    await collector.collect({ pods: podsOf() });
    await world.ipam.releaseByHandle({ handle: 'net.gone' });
    await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', ...podOf('gone') });
    world.clock.advance(100);
    expect(await collector.collect({ pods: podsOf() })).toMatchObject({ released: [] });
  });

  it('GC-05, I6: an address that is assigned anew between the last look and the release stays with its new holder', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 2, podOf('gone'));
    await collector.collect({ pods: podsOf() });
    world.clock.advance(100);
    const observation = await collector.look({ pods: podsOf() });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0' }] });
    await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', ...podOf('new') });
    const result = await world.ipam.collect({ observation, suspects: collector.suspects, graceMs: GRACE_MS, maxSharePercent: 100 });
    expect(result).toMatchObject({ released: ['10.0.0.1'], changed: ['10.0.0.0'] });
    expect(await world.held()).toEqual({ '10.0.0.0': 'net.new' });
  });

  it('GC-04: one living address keeps all of its handle', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('two'));
    await world.ipam.autoAssign({
      host: 'host-a',
      num4: 1,
      ...podOf('two'),
      attrs: { namespace: 'default', pod: 'other', node: 'host-a' },
    });
    const result = await collector.twice({ pods: podsOf({ name: 'other', ips: ['10.0.0.1'] }) });
    expect(result).toMatchObject({ released: [] });
  });

  it.each([
    ['GC-02: a pod that has ended', { name: 'p', ips: ['10.0.0.0'], isOver: true }, ['10.0.0.0']],
    ['GC-02: a pod that runs on another node', { name: 'p', ips: ['10.9.0.1'], node: 'host-b' }, ['10.0.0.0']],
    ['GC-02: a pod that has another address', { name: 'p', ips: ['10.9.0.1'] }, ['10.0.0.0']],
    ['GC-02: a pod that has no address yet', { name: 'p', ips: [] }, []],
    ['GC-02: a pod that has the address', { name: 'p', ips: ['10.0.0.0'] }, []],
  ])('%s', async (_what, pod, released) => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('p'));
    expect(await collector.twice({ pods: podsOf(pod) })).toMatchObject({ released });
  });

  it.each([
    ['GC-07: without a handle', { attrs: { namespace: 'default', pod: 'x', node: 'host-a' } }],
    ['GC-07: without a pod', { handle: 'h', attrs: { node: 'host-a' } }],
    ['GC-08: kept by a Windows host', { handle: 'Windows-Reserved-IPAM-handle', attrs: { note: 'kept' } }],
    ['of a service', { handle: 'lb-1', attrs: { service: 'web', namespace: 'default', pod: 'x' } }],
    ['of a virtual machine', { handle: 'vm', attrs: { 'vmi-name': 'vm-1', namespace: 'default', pod: 'launcher' } }],
    [
      'GC-06: a tunnel of a node that is there',
      { handle: 'ipip-tunnel-addr-host-a', attrs: { node: 'host-a', type: 'ipipTunnelAddress' } },
    ],
  ])('an address %s is never judged by pods', async (_what, holder) => {
    const { world, collector } = await cluster();
    await world.ipam.autoAssign({ host: 'host-a', num4: 1, ...holder });
    expect(await collector.twice({ pods: podsOf(), nodes: { names: new Set(['host-a', 'host-b']), isComplete: true } })).toMatchObject({
      released: [],
    });
  });

  it('the list of a runtime judges its own node alone', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('sandbox-1'));
    await world.v4('host-a', 1, podOf('sandbox-2'));
    await world.v4('host-b', 1, podOf('sandbox-3', 'host-b'));
    const result = await collector.twice({ inUse: new Set(['sandbox-1']), host: 'host-a' });
    expect(result).toMatchObject({ released: ['10.0.0.1'] });
  });

  it('a share that is too large is refused whole; a few may go from a small store, but never more than half', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/26', blockSize: 27 }] });
    const collector = new Collector(world);
    for (let pod = 0; pod < 9; pod++) await world.v4('host-a', 1, podOf(`p${pod}`));
    const living = (count: number) => podsOf(...Array.from({ length: count }, (_, pod) => ({ name: `p${pod}`, ips: [`10.0.0.${pod}`] })));
    for (const count of [0, 1, 4]) {
      expect(await collector.twice({ pods: living(count) }, 20)).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining(`${9 - count} of the 9 addresses`),
      });
    }
    expect(Object.keys(await world.held())).toHaveLength(9);
    expect(await collector.collect({ pods: living(5) }, 20)).toMatchObject({ kind: 'collected', released: { length: 4 } });
  });

  it('the only address of a store goes when all may', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('gone'));
    expect(await collector.twice({ pods: podsOf() }, 99)).toMatchObject({ kind: 'refused' });
    expect(await collector.collect({ pods: podsOf() }, 100)).toMatchObject({ released: ['10.0.0.0'] });
  });

  it('the share is one of what the inventory judges: the list of one runtime does not empty its node in a large store', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 27 }] });
    const collector = new Collector(world);
    for (let pod = 0; pod < 4; pod++) await world.v4('host-a', 1, podOf(`a${pod}`));
    for (let pod = 0; pod < 30; pod++) await world.v4('host-b', 1, podOf(`b${pod}`, 'host-b'));
    const list = (...names: string[]) => ({ inUse: new Set(names), host: 'host-a' });
    expect(await collector.twice(list('a0'), 20)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('3 of the 4 addresses'),
    });
    expect(await collector.collect(list('a0', 'a1'), 20)).toMatchObject({ released: { length: 2 } });
    expect((await collector.look({ nodes: { names: new Set(['host-b']), isComplete: true } })).addresses).toMatchObject({ judged: 32 });
  });

  it('GC-14: a locked datastore keeps everything', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('gone'));
    await world.put(CLUSTER_INFORMATION, '{"spec":{"clusterGUID":"x","datastoreReady":false}}');
    expect(await collector.twice({ pods: podsOf() })).toMatchObject({ kind: 'refused', reason: expect.stringContaining('locked') });
    await world.put(CLUSTER_INFORMATION, '{"spec":{"clusterGUID":"x","datastoreReady":true}}');
    expect(await collector.collect({ pods: podsOf() })).toMatchObject({ released: ['10.0.0.0'] });
  });

  it('GC-10: an empty block goes when its node has another one and nothing happened in it', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 9, { handle: 'h' });
    const [first] = await world.ipam.ipsByHandle({ handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    await world.ipam.assignIp({ ip: first ?? '', host: 'host-a', handle: 'again' });
    expect(await collector.twice({})).toMatchObject({ givenUp: ['10.0.0.8/29'] });
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/29': 'confirmed' });
    expect(await collector.twice({})).toMatchObject({ givenUp: [] });
  });

  it('GC-10: the last block stays, and one that was used between the looks', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 9, { handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    await collector.collect({});
    await world.v4('host-a', 1, { handle: 'short' });
    await world.ipam.releaseByHandle({ handle: 'short' });
    await world.ipam.assignIp({ ip: '10.0.0.8', host: 'host-a', handle: 'short' });
    await world.ipam.releaseByHandle({ handle: 'short' });
    world.clock.advance(100);
    expect(await collector.collect({})).toMatchObject({ givenUp: [] });
    expect(await collector.twice({})).toMatchObject({ givenUp: { length: 1 } });
    expect(Object.keys(await world.blocks())).toHaveLength(1);
  });
});

describe('collection of nodes that are gone', () => {
  const nodes = (...names: string[]) => ({ nodes: { names: new Set(names), isComplete: true } });

  it('GC-03, GC-06, GC-09: what it held is released wherever it is, its blocks are given up', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 9, podOf('p'));
    await world.ipam.autoAssign({
      host: 'host-a',
      num4: 1,
      use: 'Tunnel',
      handle: 'tunnel',
      attrs: { node: 'host-a', type: 'vxlanTunnelAddress' },
    });
    await world.v4('host-b', 1, podOf('lives', 'host-b'));
    const result = await collector.twice(nodes('host-b'));
    expect(result).toMatchObject({ kind: 'collected', released: { length: 10 }, givenUp: ['10.0.0.0/29', '10.0.0.8/29'] });
    expect(await world.handles()).toEqual({ 'net.lives': { '10.0.0.16/29': 1 } });
    expect(await world.affinities()).toEqual({ 'host-b 10.0.0.16/29': 'confirmed' });
  });

  it('GC-09: a block in which another node holds an address stays', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('p'));
    await world.ipam.assignIp({ ip: '10.0.0.5', host: 'host-b', ...podOf('borrower', 'host-b') });
    expect(await collector.twice(nodes('host-b'))).toMatchObject({ released: ['10.0.0.0'], givenUp: [] });
    expect(await world.held()).toEqual({ '10.0.0.5': 'net.borrower' });
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/29': 'confirmed' });
  });

  it.each([
    [
      'linked to a Kubernetes node that is there under another name',
      '{"spec":{"orchRefs":[{"nodeName":"k8s-a","orchestrator":"k8s"}]}}',
      ['k8s-a'],
      0,
    ],
    ['linked to a Kubernetes node that is gone', '{"spec":{"orchRefs":[{"nodeName":"k8s-a","orchestrator":"k8s"}]}}', ['k8s-b'], 1],
    ['without a link', '{"spec":{}}', ['k8s-b'], 0],
  ])('GC-13: a node record %s', async (_what, record, names, gone) => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('p'));
    await world.put(keys.node('host-a'), record);
    const observation = await collector.look({ nodes: { names: new Set(names), isComplete: false } });
    expect(observation.candidates.goneNodes).toHaveLength(gone);
    expect(leakedIps(observation.candidates)).toHaveLength(gone);
  });

  it('GC-13: a node without a record is gone when the cluster does not know it', async () => {
    const { world, collector } = await cluster();
    await world.v4('host-a', 1, podOf('p'));
    await world.remove(keys.node('host-a'));
    const look = (...names: string[]) => collector.look({ nodes: { names: new Set(names), isComplete: false } });
    expect((await look('host-a')).candidates.goneNodes).toEqual([]);
    expect((await look('host-b')).candidates.goneNodes).toMatchObject([{ name: 'host-a' }]);
  });
});

describe('nodes by hand', () => {
  it('remove releases what the node holds, also in blocks of others, and leaves what was assigned anew', async () => {
    const { world } = await cluster();
    await world.v4('host-a', 2, podOf('p'));
    await world.v4('host-b', 1, podOf('other', 'host-b'));
    await world.ipam.assignIp({ ip: '10.0.0.12', host: 'host-a', ...podOf('borrowed') });
    const survey = await world.ipam.surveyNode({ host: 'host-a' });
    expect(survey).toMatchObject({ hasRecord: true, blocks: [{ block: '10.0.0.0/29', inUse: 2 }], addresses: { length: 3 } });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0' }] });
    await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-b', ...podOf('new', 'host-b') });
    expect(await world.ipam.removeNode({ survey })).toMatchObject({
      hadRecord: true,
      released: ['10.0.0.1', '10.0.0.12'],
      changed: ['10.0.0.0'],
    });
    expect(await world.held()).toEqual({ '10.0.0.0': 'net.new', '10.0.0.8': 'net.other' });
    expect(await world.blocks()).toEqual({ '10.0.0.0/29': null, '10.0.0.8/29': 'host:host-b' });
    expect(await world.ipam.nodes.get({ name: 'host-a' })).toBeUndefined();
  });

  it('drain gives up empty blocks that have not changed, and nothing else', async () => {
    const { world } = await cluster();
    await world.v4('host-a', 17, { handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', handle: 'stays' });
    const survey = await world.ipam.surveyNode({ host: 'host-a' });
    await world.ipam.assignIp({ ip: '10.0.0.8', host: 'host-a', handle: 'late' });
    expect(await world.ipam.drainNode({ survey })).toEqual({ host: 'host-a', givenUp: ['10.0.0.16/29'] });
    expect(await world.held()).toEqual({ '10.0.0.0': 'stays', '10.0.0.8': 'late' });
  });
});
