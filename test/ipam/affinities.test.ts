import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld, PENDING, PENDING_DELETION, refusalOf, storedBlock } from '../support/ipam.ts';

const POOL = '10.0.0.0/24';
const BLOCKS = ['10.0.0.0/26', '10.0.0.64/26', '10.0.0.128/26', '10.0.0.192/26'];
const CONFIRMED = '{"state":"confirmed","deleted":false}';

describe('claiming', () => {
  it('AF-01, AF-07 makes a block with its owner, and its affinity confirmed, in one commit', async () => {
    const world = await openWorld({ pools: ['192.168.1.0/24'] });
    const { result, calls } = await world.main.counted(() => world.ipam.claimAffinity({ host: 'host-a', cidr: '192.168.1.0/26' }));
    expect(result).toEqual({ claimed: ['192.168.1.0/26'], failed: [] });
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
    expect(await world.blocks()).toEqual({ '192.168.1.0/26': 'host:host-a' });
    expect(await world.text(keys.affinity('host-a', '192.168.1.0/26'))).toBe(CONFIRMED);
  });

  it.each([
    ['AF-02 smaller than a block', '10.0.0.0/27', 'invalid-argument', 'smaller than a block of pool "pool1" (/26)'],
    ['AF-03 outside every pool', '10.9.0.0/26', 'not-in-pool', '10.9.0.0/26 is not within any enabled pool'],
    ['AF-03 in a disabled pool', '20.0.0.0/26', 'not-in-pool', 'not within any enabled pool'],
    ['AF-09 starting before its pool', '10.0.0.0/23', undefined, undefined],
    ['AF-09 starting outside a pool that it covers', '30.0.0.0/23', 'not-in-pool', undefined],
    ['with host bits', '10.0.0.1/26', 'invalid-argument', 'The network is 10.0.0.0/26'],
  ])('%s: %s', async (_, cidr, code, text) => {
    const world = await openWorld({ pools: [POOL, { cidr: '20.0.0.0/24', disabled: true }, '30.0.1.0/24'] });
    const call = world.ipam.claimAffinity({ host: 'host-a', cidr });
    if (code === undefined) {
      expect(await call).toEqual({ claimed: BLOCKS, failed: [] });
      return;
    }
    const refusal = await refusalOf(call);
    expect(refusal.code).toBe(code);
    if (text) expect(refusal.message).toContain(text);
    expect(await world.blocks()).toEqual({});
  });

  it('AF-04 fails for blocks of others', async () => {
    const world = await openWorld({ pools: [POOL] });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' });
    expect(await world.ipam.claimAffinity({ host: 'host-b', cidr: POOL })).toEqual({
      claimed: BLOCKS.slice(1),
      failed: BLOCKS.slice(0, 1),
    });
  });

  it('AF-05 may be repeated by the owner', async () => {
    const world = await openWorld({ pools: [POOL] });
    expect(await world.ipam.claimAffinity({ host: 'host-a', cidr: POOL })).toEqual({ claimed: BLOCKS, failed: [] });
    const before = await world.dump();
    expect(await world.ipam.claimAffinity({ host: 'host-b', cidr: POOL })).toEqual({ claimed: [], failed: BLOCKS });
    expect(await world.ipam.claimAffinity({ host: 'host-a', cidr: POOL })).toEqual({ claimed: BLOCKS, failed: [] });
    expect(await world.dump()).toEqual(before);
  });

  it('AF-06 fails for a block of nobody, and drops the affinity that was left for it', async () => {
    const world = await openWorld({ pools: [POOL] });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', null));
    await world.put(keys.affinity('host-a', '10.0.0.0/26'), PENDING);
    expect(await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/26' })).toEqual({ claimed: [], failed: ['10.0.0.0/26'] });
    expect(await world.affinities()).toEqual({});
  });

  it('AF-08 keeps hosts and virtual owners of the same name apart', async () => {
    const world = await openWorld({ pools: [POOL] });
    const host = { host: 'x' } as const;
    const virtual = { host: 'x', affinityType: 'virtual' } as const;
    for (let n = 0; n < 2; n++) {
      expect(await world.ipam.claimAffinity({ ...host, cidr: '10.0.0.0/26' })).toMatchObject({ failed: [] });
      expect(await world.ipam.claimAffinity({ ...virtual, cidr: '10.0.0.64/26' })).toMatchObject({ failed: [] });
    }
    expect(await world.affinities()).toEqual({ 'x 10.0.0.0/26': 'confirmed', 'virtual:x 10.0.0.64/26': 'confirmed' });
    expect(await world.ipam.releaseHostAffinities(virtual)).toEqual({ released: ['10.0.0.64/26'] });
    expect(await world.affinities()).toEqual({ 'x 10.0.0.0/26': 'confirmed' });
    expect(await world.ipam.releaseHostAffinities(virtual)).toEqual({ released: [] });
    expect(await world.ipam.releaseAffinity({ ...virtual, cidr: POOL })).toEqual({ released: [] });
    expect(await world.ipam.releasePoolAffinities({ cidr: '10.0.0.64/26' })).toEqual({ released: [] });
    expect(await codeOf(world.ipam.releaseBlockAffinity({ cidr: '10.0.0.64/26' }))).toBe('not-found');
  });

  it('AF-20 takes only the types there are', async () => {
    const world = await openWorld({ pools: [POOL] });
    for (const affinityType of ['', 'pod'] as unknown as 'host'[]) {
      expect(await codeOf(world.ipam.claimAffinity({ host: 'host-a', cidr: POOL, affinityType }))).toBe('invalid-argument');
      expect(await codeOf(world.ipam.removeHost({ host: 'host-a', affinityType }))).toBe('invalid-argument');
    }
    expect(await codeOf(world.ipam.claimAffinity({ host: '', cidr: POOL }))).toBe('invalid-argument');
  });

  it.each([PENDING, PENDING_DELETION, ''])(
    'AF-21, AF-22 confirms an own block whose affinity is %j, and leaves the block as it is',
    async (value) => {
      const world = await openWorld({ pools: [POOL] });
      await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', 'host:host-a'));
      await world.put(keys.affinity('host-a', '10.0.0.0/26'), value);
      const before = await world.text(keys.block('10.0.0.0/26'));
      expect(await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/26' })).toMatchObject({ failed: [] });
      expect(await world.text(keys.block('10.0.0.0/26'))).toBe(before);
      expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed' });
    },
  );

  it('AF-21 makes a missing block anew, adds a missing key, and drops a stale one', async () => {
    const world = await openWorld({ pools: [POOL] });
    await world.put(keys.affinity('host-a', '10.0.0.0/26'), CONFIRMED);
    await world.put(keys.block('10.0.0.64/26'), storedBlock('10.0.0.64/26', 'host:host-a'));
    await world.put(keys.block('10.0.0.128/26'), storedBlock('10.0.0.128/26', 'host:host-b'));
    await world.put(keys.affinity('host-a', '10.0.0.128/26'), PENDING);
    expect(await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/24' })).toEqual({
      claimed: ['10.0.0.0/26', '10.0.0.64/26', '10.0.0.192/26'],
      failed: ['10.0.0.128/26'],
    });
    expect(await world.affinities()).toEqual({
      'host-a 10.0.0.0/26': 'confirmed',
      'host-a 10.0.0.192/26': 'confirmed',
      'host-a 10.0.0.64/26': 'confirmed',
    });
  });

  it('AA-30 fails where a block of another size lies', async () => {
    const world = await openWorld({ pools: [POOL] });
    await world.put(keys.block('10.0.0.68/30'), storedBlock('10.0.0.68/30', 'host:host-a'));
    expect(await world.ipam.claimAffinity({ host: 'host-a', cidr: POOL })).toMatchObject({ failed: ['10.0.0.64/26'] });
  });

  it('claims more blocks than one commit holds', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 32 }] });
    const { claimed } = await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/24' });
    expect(claimed).toHaveLength(256);
    expect((await world.ipam.releaseAffinity({ host: 'host-a', cidr: '10.0.0.0/24' })).released).toHaveLength(256);
    expect(await world.blocks()).toEqual({});
  });
});

describe('giving up', () => {
  it('AF-10 deletes an empty block, leaves a used one to nobody, and takes its claim time away', async () => {
    const world = await openWorld({ pools: [POOL] });
    await world.v4('host-a', 65, { handle: 'h' });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.64' }] });
    expect(await world.ipam.releaseAffinity({ host: 'host-a', cidr: POOL })).toEqual({ released: ['10.0.0.0/26', '10.0.0.64/26'] });
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': null });
    expect((await world.block('10.0.0.0/26')).affinityClaimTime).toBeUndefined();
    expect(await world.affinities()).toEqual({});
    expect(await world.ipam.ipsByHandle({ handle: 'h' })).toHaveLength(64);
  });

  it.each<[string, string | null, Record<number, string>, boolean, string | undefined, string | null | undefined]>([
    ['of another host: the stale key goes', 'host:host-b', {}, false, undefined, 'host:host-b'],
    ['of nobody and empty: it goes', null, {}, false, undefined, undefined],
    ['of nobody and used: it stays nobody’s', null, { 0: 'h' }, false, undefined, null],
    ['of nobody and used, but must be empty', null, { 0: 'h' }, true, 'block-not-empty', null],
    ['its own and used, but must be empty', 'host:host-a', { 0: 'h' }, true, 'block-not-empty', 'host:host-a'],
  ])('AF-10, AF-11 a block %s', async (_, affinity, held, mustBeEmpty, code, left) => {
    const world = await openWorld({ pools: [POOL] });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', affinity, held));
    await world.put(keys.affinity('host-a', '10.0.0.0/26'), CONFIRMED);
    const before = await world.dump();
    const call = world.ipam.releaseAffinity({ host: 'host-a', cidr: '10.0.0.0/26', mustBeEmpty });
    if (code) {
      expect(await codeOf(call)).toBe(code);
      expect(await world.dump()).toEqual(before);
    } else {
      await call;
      expect(await world.affinities()).toEqual({});
    }
    expect((await world.blocks())['10.0.0.0/26']).toBe(left);
  });

  it('AF-11 asks for an enabled pool, passes by blocks that are not its own, and stops at the first one that is not empty', async () => {
    const world = await openWorld({ pools: [POOL, { cidr: '20.0.0.0/24', disabled: true }] });
    expect(await codeOf(world.ipam.releaseAffinity({ host: 'host-a', cidr: '10.9.0.0/24' }))).toBe('not-in-pool');
    expect(await codeOf(world.ipam.releaseAffinity({ host: 'host-a', cidr: '20.0.0.0/24' }))).toBe('not-in-pool');
    expect(await codeOf(world.ipam.releaseAffinity({ host: 'host-a', cidr: '10.0.0.0/27' }))).toBe('invalid-argument');
    await world.ipam.claimAffinity({ host: 'host-b', cidr: '10.0.0.0/26' });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: POOL });
    await world.ipam.assignIp({ ip: '10.0.0.130', host: 'host-a' });
    const refusal = await refusalOf(world.ipam.releaseAffinity({ host: 'host-a', cidr: POOL, mustBeEmpty: true }));
    expect(refusal).toMatchObject({ code: 'block-not-empty', details: { block: '10.0.0.128/26', released: ['10.0.0.64/26'] } });
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-b', '10.0.0.128/26': 'host:host-a', '10.0.0.192/26': 'host:host-a' });
  });

  it.each(['by network', 'exactly'])('AF-12 must be empty: refused with an address in it, done without: %s', async (way) => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'h' });
    const release = () =>
      way === 'exactly'
        ? world.ipam.releaseBlockAffinity({ cidr: '10.0.0.0/30', mustBeEmpty: true })
        : world.ipam.releaseAffinity({ host: 'host-a', cidr: '10.0.0.0/30', mustBeEmpty: true });
    expect(await codeOf(release())).toBe('block-not-empty');
    expect(await world.blocks()).toEqual({ '10.0.0.0/30': 'host:host-a' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await release()).toEqual({ released: ['10.0.0.0/30'] });
    expect(await world.blocks()).toEqual({});
  });

  it('AF-13 exactly a block of nobody: nothing is done', async () => {
    const world = await openWorld({ pools: [POOL] });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', null, { 0: 'h' }));
    const before = await world.dump();
    expect(await world.ipam.releaseBlockAffinity({ cidr: '10.0.0.0/26' })).toEqual({ released: [] });
    expect(await world.dump()).toEqual(before);
  });

  it('AF-14 of a host: both families, pools or not; tries every block and reports the last refusal', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }, 'fd00::/120'] });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/29' });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.8/30' });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: 'fd00::/122' });
    await world.ipam.assignIp({ ip: '10.0.0.5', host: 'host-a' });
    const refusal = await refusalOf(world.ipam.releaseHostAffinities({ host: 'host-a', mustBeEmpty: true }));
    expect(refusal).toMatchObject({ code: 'block-not-empty', details: { released: ['10.0.0.0/30', '10.0.0.8/30', 'fd00::/122'] } });
    expect(await world.blocks()).toEqual({ '10.0.0.4/30': 'host:host-a' });
    await world.remove(keys.pool('pool1'));
    expect(await world.ipam.releaseHostAffinities({ host: 'host-a' })).toEqual({ released: ['10.0.0.4/30'] });
    expect(await world.blocks()).toEqual({ '10.0.0.4/30': null });
  });

  it('AF-15 many conflicts are reported', async () => {
    const world = await openWorld({ pools: [POOL] });
    await world.v4('host-a', 1);
    world.main.fault = ({ verb }) => (verb === 'commit' ? 'conflict' : 'none');
    // They wait for each other.
    const timeoutMs = 600_000;
    const calls = [
      world.ipam.releaseAffinity({ host: 'host-a', cidr: POOL, timeoutMs }),
      world.ipam.releaseHostAffinities({ host: 'host-a', timeoutMs }),
      world.ipam.releasePoolAffinities({ cidr: POOL, timeoutMs }),
      world.ipam.releaseBlockAffinity({ cidr: '10.0.0.0/26', timeoutMs }),
      world.ipam.removeHost({ host: 'host-a', timeoutMs }),
      world.ipam.claimAffinity({ host: 'host-b', cidr: '10.0.0.64/26', timeoutMs }),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual(Array(6).fill('too-much-contention'));
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-a' });
  });
});

describe('giving up a whole pool', () => {
  it('AF-16, WT-16 takes blocks of hosts and of virtual owners alike, in the network alone', async () => {
    const world = await openWorld({ pools: [POOL, '20.0.0.0/24'] });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/26' });
    await world.ipam.claimAffinity({ host: 'lb', affinityType: 'virtual', cidr: '10.0.0.64/26' });
    await world.ipam.claimAffinity({ host: 'host-b', cidr: '20.0.0.0/26' });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' });
    const { released } = await world.ipam.releasePoolAffinities({ cidr: POOL });
    expect([...released].sort()).toEqual(['10.0.0.0/26', '10.0.0.64/26']);
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': null, '20.0.0.0/26': 'host:host-b' });
  });

  it.each([
    ['host-a', 'host-b'],
    ['host-b', 'host-a'],
  ])('AF-16 takes a stale affinity beside the real one, whichever is first in order: %s owns it', async (owner, stale) => {
    const world = await openWorld({ pools: [POOL] });
    await world.ipam.claimAffinity({ host: owner, cidr: '10.0.0.0/26' });
    await world.put(keys.affinity(stale, '10.0.0.0/26'), CONFIRMED);
    await world.ipam.releasePoolAffinities({ cidr: POOL });
    expect([await world.blocks(), await world.affinities()]).toEqual([{}, {}]);
  });

  it('AF-17 takes an old block of nobody whose affinity is confirmed all the same', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/16'] });
    await world.put(keys.block('10.0.0.0/24'), storedBlock('10.0.0.0/24', null));
    await world.put(keys.affinity('host-a', '10.0.0.0/24'), CONFIRMED);
    await world.ipam.releasePoolAffinities({ cidr: '10.0.0.0/16' });
    expect([await world.blocks(), await world.affinities()]).toEqual([{}, {}]);
  });
});

describe('removing a host', () => {
  it.each(['{}', ''])('AF-18 gives up its blocks, keeps addresses, and takes a marker %j away', async (marker) => {
    const world = await openWorld({ pools: [POOL] });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' });
    await world.ipam.claimAffinity({ host: 'host-a', affinityType: 'virtual', cidr: '10.0.0.64/26' });
    await world.put('/calico/ipam/v2/host/host-a', marker);
    await world.ipam.removeHost({ host: 'host-a' });
    expect(await world.text('/calico/ipam/v2/host/host-a')).toBeUndefined();
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': null, '10.0.0.64/26': 'virtual:host-a' });
    expect(await world.held()).toEqual({ '10.0.0.1': 'h' });
  });

  it('AF-18 succeeds for a host that nobody knows', async () => {
    const world = await openWorld({ pools: [POOL] });
    const before = await world.dump();
    await world.ipam.removeHost({ host: 'nobody' });
    expect(await world.dump()).toEqual(before);
  });

  it.each(['host:', 'nonsense', ':host-a'])('AF-19 a block whose affinity is %j cannot be given up exactly', async (affinity) => {
    const world = await openWorld({ pools: [POOL] });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', affinity));
    expect(await refusalOf(world.ipam.releaseBlockAffinity({ cidr: '10.0.0.0/26' }))).toMatchObject({
      code: 'invalid-argument',
      details: { affinity },
    });
  });
});
