import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld, PENDING, PENDING_DELETION, refusalOf, storedBlock } from '../support/ipam.ts';

const V6_POOL = 'fd80:24e2:f998:72d6::/120';

describe('an address of a pool', () => {
  it.each([
    ['192.168.1.0', 32, '192.168.1.0/26'],
    ['192.168.1.255', 32, '192.168.1.192/26'],
    ['fd80:24e2:f998:72d6::', 128, 'fd80:24e2:f998:72d6::/122'],
    ['fd80:24e2:f998:72d6::ff', 128, 'fd80:24e2:f998:72d6::c0/122'],
  ])('AI-01 %s makes its block, affine to the host', async (address, prefixLength, block) => {
    const world = await openWorld({ pools: ['192.168.1.0/24', V6_POOL] });
    const assigned = await world.ipam.assignIp({ ip: address, host: 'host-a', handle: 'h' });
    expect(assigned).toMatchObject({ ip: address, prefixLength, block, borrowed: false, existing: false });
    expect(await world.blocks()).toEqual({ [block]: 'host:host-a' });
    expect(await world.affinities()).toEqual({ [`host-a ${block}`]: 'confirmed' });
    expect(await world.held()).toEqual({ [address]: 'h' });
    expect(await world.handles()).toEqual({ h: { [block]: 1 } });
  });

  it('AI-02 is refused outside every pool, with the pools there are', async () => {
    const world = await openWorld({ pools: ['192.168.1.0/24'] });
    const refusal = await refusalOf(world.ipam.assignIp({ ip: '1.1.1.1', host: 'host-a' }));
    expect(refusal).toMatchObject({ code: 'not-in-pool', details: { ip: '1.1.1.1' } });
    expect(refusal.message).toContain('pool1 192.168.1.0/24');
  });

  it('AI-03 is refused a second time, and says by whom it is held', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' });
    const before = await world.dump();
    for (const handle of ['h', 'g']) {
      const refusal = await refusalOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle }));
      expect(refusal).toMatchObject({ code: 'address-in-use', details: { ip: '10.0.0.1', handle: 'h' } });
    }
    expect(await world.dump()).toEqual(before);
  });

  it('AI-04 is refused in a disabled pool', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', disabled: true }] });
    const refusal = await refusalOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' }));
    expect(refusal.code).toBe('not-in-pool');
    expect(refusal.message).toContain('pool "pool1" (10.0.0.0/24), which is disabled');
  });

  it('AI-05 is refused when the pool does not allow the use', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', allowedUses: ['Workload'] }, '20.0.0.0/24'] });
    const refusal = await refusalOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', use: 'Tunnel' }));
    expect(refusal).toMatchObject({ code: 'use-not-allowed', details: { pool: 'pool1', use: 'Tunnel', allowedUses: ['Workload'] } });
    await world.ipam.assignIp({ ip: '10.0.0.2', host: 'host-a', use: 'Workload' });
    await world.ipam.assignIp({ ip: '10.0.0.3', host: 'host-a' });
    await world.ipam.assignIp({ ip: '20.0.0.1', host: 'host-a', use: 'Tunnel' });
    expect(Object.keys(await world.held())).toEqual(['10.0.0.2', '10.0.0.3', '20.0.0.1']);
  });

  it('AI-06 goes by neither selectors nor assignment mode, for a host without node', async () => {
    const spec = { cidr: '10.0.0.0/24', nodeSelector: 'zone == "east"', namespaceSelector: 'team == "red"' };
    const world = await openWorld({ pools: [{ ...spec, assignmentMode: 'Manual', allowedUses: ['Workload'] }], nodes: [] });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-x' });
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-x' });
  });

  it('AI-07, RS-06 may be a reserved one', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/24'] } });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' });
    expect(await world.held()).toEqual({ '10.0.0.1': null });
  });

  it('AI-08 may lie in one block more than the host may own', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'], config: { strictAffinity: true, maxBlocksPerHost: 1 } });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' });
    await world.ipam.assignIp({ ip: '10.0.0.65', host: 'host-a' });
    expect(Object.keys(await world.blocks())).toHaveLength(2);
  });

  it.each([
    ['of another host', 'host:host-b', false],
    ['of nobody', null, false],
    ['of another host', 'host:host-b', true],
    ['of nobody', null, true],
  ])('AI-09, BK-07 in a block %s (%s) is borrowed unless affinity is strict (%s)', async (_, affinity, strictAffinity) => {
    const world = await openWorld({ pools: ['10.0.0.0/24'], config: { strictAffinity } });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', affinity));
    const call = world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' });
    if (strictAffinity) {
      expect(await refusalOf(call)).toMatchObject({ code: 'strict-affinity', details: { block: '10.0.0.0/26', affinity } });
      expect(await world.held()).toEqual({});
    } else {
      expect(await call).toMatchObject({ ip: '10.0.0.1', borrowed: true });
    }
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': affinity });
  });

  it('AI-10 for a load balancer belongs to a virtual owner', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', allowedUses: ['LoadBalancer'] }] });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'lb', use: 'LoadBalancer' });
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'virtual:lb' });
    expect(await world.affinities()).toEqual({ 'virtual:lb 10.0.0.0/26': 'confirmed' });
  });

  it('AI-11 is refused while it cools, and assigned after', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'], config: { ipCooldownSeconds: 30 } });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    const refusal = await refusalOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' }));
    expect(refusal.code).toBe('address-in-use');
    expect(refusal.message).toContain('still cooling');
    world.clock.advance(31);
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'g' });
    expect(await world.held()).toEqual({ '10.0.0.1': 'g' });
  });
});

describe('maximum per handle', () => {
  it('AI-12 gives the same address again and refuses another one', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', V6_POOL] });
    const options = { host: 'host-a', handle: 'h', maxPerHandle: 1 };
    const first = await world.ipam.assignIp({ ip: '10.0.0.1', ...options });
    const before = await world.dump();
    expect(await world.ipam.assignIp({ ip: '10.0.0.1', ...options })).toEqual({ ...first, existing: true });
    const refusal = await refusalOf(world.ipam.assignIp({ ip: '10.0.0.2', ...options }));
    expect(refusal).toMatchObject({ code: 'handle-limit', details: { handle: 'h', held: 1, maxPerHandle: 1 } });
    expect(await world.dump()).toEqual(before);
    await world.ipam.assignIp({ ip: 'fd80:24e2:f998:72d6::1', ...options });
    expect(await codeOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' }))).toBe('address-in-use');
  });

  it('AI-12 comes after strict affinity', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'], config: { strictAffinity: true } });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h', maxPerHandle: 1 });
    expect(await codeOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-b', handle: 'h', maxPerHandle: 1 }))).toBe('strict-affinity');
  });

  it('AI-12 is not used up by a count that no block confirms', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.handle('h'), '{"block":{"10.0.0.0/26":1},"deleted":false}');
    const { calls } = await world.main.counted(() => world.ipam.assignIp({ ip: '10.0.0.2', host: 'host-a', handle: 'h', maxPerHandle: 1 }));
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
    expect(await world.held()).toEqual({ '10.0.0.2': 'h' });
  });
});

describe('races and failures', () => {
  it('AI-13, WT-11 loses the race for a new block and borrows from it', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const other = world.process();
    const both = await Promise.all([
      world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' }),
      other.ipam.assignIp({ ip: '10.0.0.2', host: 'host-b', handle: 'g' }),
    ]);
    expect(both.map(({ borrowed }) => borrowed).sort()).toEqual([false, true]);
    expect(await world.held()).toEqual({ '10.0.0.1': 'h', '10.0.0.2': 'g' });
    expect(Object.keys(await world.affinities())).toHaveLength(1);
  });

  it('AI-13 loses the race for a new block under strict affinity and is refused', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'], config: { strictAffinity: true } });
    const other = world.process();
    const both = await Promise.allSettled([
      world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' }),
      other.ipam.assignIp({ ip: '10.0.0.2', host: 'host-b' }),
    ]);
    const refused = both.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
    expect(refused).toEqual(['strict-affinity']);
    expect(Object.keys(await world.held())).toHaveLength(1);
  });

  it('AI-14 counts one address once, however many conflicts there were', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    let conflicts = 5;
    world.main.fault = ({ verb }) => (verb === 'commit' && conflicts-- > 0 ? 'conflict' : 'none');
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h', maxPerHandle: 1 });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/26': 1 } });
  });

  it('AI-15 leaves nothing behind when the store does not take the write', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const before = await world.dump();
    world.main.fault = ({ verb }) => (verb === 'commit' ? 'unavailable' : 'none');
    expect(await codeOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' }))).toBe('store-unavailable');
    expect(await world.dump()).toEqual(before);
  });

  it.each(['pending', 'pendingDeletion', 'missing'])(
    'AI-16, CR-15 uses an own block whose affinity is %s, and leaves the affinity alone',
    async (state) => {
      const world = await openWorld({ pools: ['10.0.0.0/24'] });
      const value = { pending: PENDING, pendingDeletion: PENDING_DELETION, missing: undefined }[state];
      await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', 'host:host-a'));
      if (value !== undefined) await world.put(keys.affinity('host-a', '10.0.0.0/26'), value);
      expect(await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' })).toMatchObject({ borrowed: false });
      expect(await world.text(keys.affinity('host-a', '10.0.0.0/26'))).toBe(value);
    },
  );

  it.each([PENDING, PENDING_DELETION, '{"state":"confirmed","deleted":false}', '', '{}'])(
    'AI-16, CR-15 makes the missing block of an affinity %j and confirms it',
    async (value) => {
      const world = await openWorld({ pools: ['10.0.0.0/24'] });
      await world.put(keys.affinity('host-a', '10.0.0.0/26'), value);
      await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' });
      expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed' });
      expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-a' });
    },
  );

  it('AI-16 ignores a stale affinity of another host', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.affinity('host-b', '10.0.0.0/26'), PENDING);
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' });
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed', 'host-b 10.0.0.0/26': 'pending' });
  });
});

describe('addresses that the host keeps', () => {
  const hostReserved = { startOfBlock: 3, endOfBlock: 1, handle: 'kept-by-host', note: 'n' };

  it('AI-18, AI-17 makes the block with them, and makes none when one of them is asked for', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    for (const ip of ['10.0.0.0', '10.0.0.2', '10.0.0.63']) {
      expect(await codeOf(world.ipam.assignIp({ ip, host: 'host-a', hostReserved }))).toBe('address-in-use');
    }
    expect(await world.blocks()).toEqual({});
    await world.ipam.assignIp({ ip: '10.0.0.3', host: 'host-a', hostReserved });
    expect(await world.held()).toEqual({
      '10.0.0.0': 'kept-by-host',
      '10.0.0.1': 'kept-by-host',
      '10.0.0.2': 'kept-by-host',
      '10.0.0.3': null,
      '10.0.0.63': 'kept-by-host',
    });
  });

  it('AI-18 does not change a block that is there', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.assignIp({ ip: '10.0.0.9', host: 'host-a' });
    await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', hostReserved });
    expect(Object.keys(await world.held())).toEqual(['10.0.0.0', '10.0.0.9']);
  });

  it('AI-18 refuses more of them than a block has', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const tooMany = { ...hostReserved, startOfBlock: 60, endOfBlock: 5 };
    expect(await codeOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', hostReserved: tooMany }))).toBe('address-in-use');
    expect(await world.blocks()).toEqual({});
  });

  it('AI-17 makes no block when the handle holds as many as it may', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h', maxPerHandle: 1 });
    expect(await codeOf(world.ipam.assignIp({ ip: '10.0.0.65', host: 'host-a', handle: 'h', maxPerHandle: 1 }))).toBe('handle-limit');
    expect(Object.keys(await world.blocks())).toEqual(['10.0.0.0/26']);
  });
});

describe('arguments', () => {
  it('AI-19 refuses an empty handle, before anything is read', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const { calls } = await world.main.counted(() => refusalOf(world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: '' })));
    expect(calls).toEqual([]);
  });
});
