/** What Calico's separate writes, or a process that died, leave behind, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import { codeOf, ipsOf, keys, openWorld, PENDING, PENDING_DELETION, refusalOf, storedBlock, type World } from '../support/ipam.ts';

const C = '10.0.0.64/26';
const CONFIRMED = '{"state":"confirmed","deleted":false}';

/** A pool in which host-a has an affinity for C in this state, and C is of this owner (undefined: there is no block). */
async function left(affinity: string | undefined, owner: string | null | undefined, held: Record<number, string> = {}): Promise<World> {
  const world = await openWorld({ pools: ['10.0.0.0/24'] });
  if (affinity !== undefined) await world.put(keys.affinity('host-a', C), affinity);
  if (owner !== undefined) await world.put(keys.block(C), storedBlock(C, owner, held));
  return world;
}

describe('the next assignment of the host', () => {
  it.each([
    ['CR-01', 'pending', PENDING],
    ['CR-04', 'confirmed', CONFIRMED],
    ['CR-10', 'pendingDeletion', PENDING_DELETION],
    ['CR-12', 'empty', ''],
  ])('%s makes the missing block of a %s affinity', async (_, __, affinity) => {
    const world = await left(affinity, undefined);
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.64']);
    expect(await world.affinities()).toEqual({ [`host-a ${C}`]: 'confirmed' });
  });

  it.each([
    ['CR-02', 'pending', PENDING, 2n],
    ['CR-09', 'pendingDeletion', PENDING_DELETION, 2n],
    ['CR-12', 'stateless', '{}', 1n],
    ['CR-12', 'empty', '', 1n],
  ])('%s uses the own block of a %s affinity', async (_, __, affinity, updates) => {
    const world = await left(affinity, 'host:host-a', { 0: 'x' });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.65']);
    expect((await world.block(C)).sequenceNumber).toBe(1_000n + updates);
    expect(await world.affinities()).toEqual({ [`host-a ${C}`]: updates === 2n ? 'confirmed' : '' });
  });

  it.each([
    ['CR-03', 'another host’s', PENDING, 'host:host-b'],
    ['CR-03', 'another host’s', CONFIRMED, 'host:host-b'],
    ['CR-11', 'nobody’s', PENDING_DELETION, null],
  ])('%s drops an affinity whose block is %s', async (_, __, affinity, owner) => {
    const world = await left(affinity, owner, { 0: 'x' });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.0']);
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed' });
    expect((await world.blocks())[C]).toBe(owner);
  });

  it.each([
    ['CR-01', PENDING],
    ['CR-10', PENDING_DELETION],
  ])('%s another host may take the block in the meantime', async (_, affinity) => {
    const world = await left(affinity, undefined);
    expect(await world.ipam.claimAffinity({ host: 'host-b', cidr: C })).toEqual({ claimed: [C], failed: [] });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.0']);
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed', [`host-b ${C}`]: 'confirmed' });
  });

  it('CR-05 adds the missing affinity of an own block; a free block earlier on the walk comes first', async () => {
    const world = await left(undefined, 'host:host-a');
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.0']);
    expect(await world.v4('host-a', 64)).toHaveLength(64);
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed', [`host-a ${C}`]: 'confirmed' });
  });

  it('CR-17 is refused when the configuration cannot be read, goes on without an affinity or block that cannot', async () => {
    const world = await left('broken', 'host:host-b');
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.0']);
    await world.put(keys.config, 'broken');
    expect(await refusalOf(world.v4('host-a', 1))).toMatchObject({ code: 'corrupt-value', details: { key: keys.config } });
    expect(await codeOf(world.ipam.setConfig({ strictAffinity: true }))).toBe('corrupt-value');
    expect(await world.text(keys.config)).toBe('broken');
    expect(await world.text(keys.affinity('host-a', C))).toBe('broken');
    await world.remove(keys.config);
    expect(await codeOf(world.ipam.claimAffinity({ host: 'host-a', cidr: C }))).toBe('corrupt-value');
  });
});

describe('the next release', () => {
  it.each([
    ['CR-09', 'its own block, empty', 'host:host-a', {}, undefined],
    ['CR-09', 'its own block, used', 'host:host-a', { 0: 'h' }, null],
    ['CR-10, WT-07', 'no block', undefined, {}, undefined],
    ['CR-11', 'a block of nobody, used', null, { 0: 'h' }, null],
    ['CR-11', 'a block of nobody, empty', null, {}, undefined],
    ['CR-03', 'a block of another host', 'host:host-b', {}, 'host:host-b'],
  ])('%s completes a release that was begun, with %s', async (_, __, owner, held, after) => {
    for (const way of ['host', 'network', 'pool', 'removal']) {
      const world = await left(PENDING_DELETION, owner, held);
      if (way === 'host') await world.ipam.releaseHostAffinities({ host: 'host-a' });
      if (way === 'network') await world.ipam.releaseAffinity({ host: 'host-a', cidr: C });
      if (way === 'pool') await world.ipam.releasePoolAffinities({ cidr: '10.0.0.0/24' });
      if (way === 'removal') await world.ipam.removeHost({ host: 'host-a' });
      expect(await world.affinities(), way).toEqual({});
      expect((await world.blocks())[C], way).toBe(after);
    }
  });

  it('CR-11 must be empty, and is not', async () => {
    const world = await left(PENDING_DELETION, null, { 0: 'h' });
    expect(await codeOf(world.ipam.releaseHostAffinities({ host: 'host-a', mustBeEmpty: true }))).toBe('block-not-empty');
  });

  it('CR-06, CR-08, HD-04 takes a handle away that was counted for nothing, and repeats nothing', async () => {
    const world = await left(CONFIRMED, 'host:host-a');
    await world.put(keys.handle('h'), `{"block":{"${C}":1},"deleted":false}`);
    expect(await world.ipam.ipsByHandle({ handle: 'h' })).toEqual([]);
    expect(await world.v4('host-a', 1, { handle: 'h' })).toEqual(['10.0.0.64']);
    expect(await world.ipam.releaseByHandle({ handle: 'h' })).toEqual({ found: true, released: ['10.0.0.64'] });
    expect(await world.handles()).toEqual({});
  });

  it('CR-13 deletes a block whose affinity was removed, with its last address', async () => {
    const world = await left(undefined, null, { 0: 'h' });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.64' }] });
    expect(await world.blocks()).toEqual({});
  });
});

describe('a process that dies', () => {
  const request = { host: 'host-a', num4: 1, handle: 'h', ifHeld: 'return' } as const;

  it.each(['crash-before', 'crash-after'] as const)('CR-07, I8 in an assignment (%s): the repeat completes or finds it', async (fault) => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const dying = world.process();
    dying.fault = ({ verb }) => (verb === 'commit' ? fault : 'none');
    await expect(dying.ipam.autoAssign(request)).rejects.toThrow('the process died');
    expect(await world.faults()).toEqual([]);
    expect(await world.held()).toEqual(fault === 'crash-after' ? { '10.0.0.0': 'h' } : {});
    expect(ipsOf(await world.ipam.autoAssign(request))).toEqual(['10.0.0.0']);
    expect(await world.ipam.releaseByHandle({ handle: 'h' })).toEqual({ found: true, released: ['10.0.0.0'] });
    expect([await world.held(), await world.handles()]).toEqual([{}, {}]);
  });

  it.each(['crash-before', 'crash-after'] as const)(
    'CR-16, I8 in an assignment by name (%s): the repeat completes or finds it',
    async (fault) => {
      const world = await openWorld({ pools: ['10.0.0.0/24'] });
      const dying = world.process();
      dying.fault = ({ verb }) => (verb === 'commit' ? fault : 'none');
      const named = { ip: '10.0.0.9', host: 'host-a', handle: 'h' } as const;
      await expect(dying.ipam.assignIp(named)).rejects.toThrow('the process died');
      expect(await world.ipam.assignIp({ ...named, ifHeld: 'return' })).toMatchObject({ existing: fault === 'crash-after' });
      expect(await world.handles()).toEqual({ h: { '10.0.0.0/26': 1 } });
      expect(await codeOf(world.ipam.assignIp(named))).toBe('address-in-use');
    },
  );

  it.each(['crash-before', 'crash-after'] as const)('I8 in releases (%s): the repeat completes or finds it done', async (fault) => {
    const world = await openWorld({ pools: ['10.0.0.0/24', 'fd00::/120'] });
    await world.ipam.autoAssign({ ...request, num6: 1 });
    for (const release of ['handle', 'affinities', 'pool'] as const) {
      const run = ({ ipam }: Pick<World, 'ipam'>): Promise<unknown> => {
        if (release === 'handle') return ipam.releaseByHandle({ handle: 'h', final: true });
        return release === 'affinities' ? ipam.releaseHostAffinities({ host: 'host-a' }) : ipam.pools.delete({ name: 'pool1' });
      };
      const dying = world.process();
      dying.fault = ({ verb }) => (verb === 'commit' ? fault : 'none');
      await expect(run(dying)).rejects.toThrow('the process died');
      expect(await world.faults()).toEqual([]);
      await run(world);
    }
    expect([await world.held(), await world.blocks(), (await world.ipam.pools.list()).length]).toEqual([{}, {}, 1]);
  });
});

describe('a lost answer', () => {
  it.each(['lost-reply', 'lost-request', 'late'] as const)(
    'CR-14, I8, XR-09 %s: exactly one assignment, known to its handle',
    async (fault) => {
      for (const handle of ['h', undefined]) {
        const world = await openWorld({ pools: ['10.0.0.0/24', 'fd00::/120'] });
        let faults = 1;
        world.main.fault = ({ verb }) => (verb === 'commit' && faults-- > 0 ? fault : 'none');
        const given = ipsOf(await world.ipam.autoAssign({ host: 'host-a', num4: 1, num6: 1, ...(handle && { handle }) }));
        expect(world.store.applyLate().map(({ kind }) => kind)).toEqual(fault === 'late' ? ['conflict'] : []);
        expect(Object.keys(await world.held()).sort()).toEqual(given.sort());
        expect(Object.keys(await world.handles())).toEqual(handle ? ['h'] : []);
      }
    },
  );

  it.each(['lost-reply', 'lost-request', 'late'] as const)(
    'CR-14 %s of an assignment by name, of releases and claims: each happens once',
    async (fault) => {
      const world = await openWorld({ pools: ['10.0.0.0/24'] });
      let faults = 0;
      world.main.fault = ({ verb }) => (verb === 'commit' && faults-- > 0 ? fault : 'none');
      const once = async <T>(run: () => Promise<T>): Promise<T> => {
        faults = 1;
        const result = await run();
        for (const late of world.store.applyLate()) expect(late.kind).toBe('conflict');
        expect(await world.faults()).toEqual([]);
        return result;
      };
      const { sequenceNumber } = await once(() => world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' }));
      expect((await world.ipam.getAssignmentAttributes({ ip: '10.0.0.1' })).sequenceNumber).toBe(sequenceNumber);
      await once(() => world.ipam.assignIp({ ip: '10.0.0.2', host: 'host-a' }));
      expect(await once(() => world.ipam.claimAffinity({ host: 'host-b', cidr: C }))).toEqual({ claimed: [C], failed: [] });
      expect((await once(() => world.ipam.releaseByHandle({ handle: 'h' }))).found).toBe(true);
      await once(() => world.ipam.releaseIps({ ips: [{ ip: '10.0.0.2' }] }));
      expect(await world.held()).toEqual({});
      await once(() => world.ipam.releaseHostAffinities({ host: 'host-a' }));
      expect(await world.blocks()).toEqual({ [C]: 'host:host-b' });
    },
  );

  it('CR-14 and nobody answers any more: the call says that it does not know, before its deadline', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    let isSent = false;
    world.main.fault = ({ verb }) => {
      if (isSent) return 'unavailable';
      isSent = verb === 'commit';
      return isSent ? 'lost-reply' : 'none';
    };
    expect(await codeOf(world.v4('host-a', 1, { handle: 'h', timeoutMs: 5_000 }))).toBe('outcome-unknown');
    world.main.fault = () => 'none';
    expect(ipsOf(await world.ipam.autoAssign({ host: 'host-a', num4: 1, handle: 'h', ifHeld: 'return' }))).toEqual(['10.0.0.0']);
    expect(Object.keys(await world.held())).toHaveLength(1);
  });
});
