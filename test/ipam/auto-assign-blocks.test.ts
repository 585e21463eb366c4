/** AutoAssign: getting a new block, borrowing, partial results, what other writers left. */
import { describe, expect, it } from 'vitest';
import { codeOf, ipsOf, keys, masked, openWorld, PENDING, refusalOf, storedBlock } from '../support/ipam.ts';

const SMALL = { cidr: '10.0.0.0/28', blockSize: 30 };

describe('a new block', () => {
  it('AA-13 is the first on the walk of each pool in turn that has no block', async () => {
    const world = await openWorld({ pools: [SMALL, { cidr: '10.1.0.0/28', blockSize: 30 }], walkStart: () => 2n });
    const pools4 = ['10.1.0.0/28', '10.0.0.0/28'];
    await world.ipam.claimAffinity({ host: 'host-b', cidr: '10.1.0.12/30' });
    expect(await world.v4('host-a', 20, { pools4 })).toHaveLength(20);
    const own = Object.entries(await world.affinities()).filter(([name]) => name.startsWith('host-a'));
    expect(own.map(([name]) => name.slice(7)).sort()).toEqual(
      ['10.1.0.8/30', '10.1.0.0/30', '10.1.0.4/30', '10.0.0.8/30', '10.0.0.12/30'].sort(),
    );
  });

  it('AA-13, RS-05 is none that is wholly reserved', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/29'] } });
    const { calls } = await world.main.counted(() => world.v4('host-a', 1));
    expect(await world.blocks()).toEqual({ '10.0.0.8/30': 'host:host-a' });
    const asked = JSON.stringify(calls, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    expect(asked).not.toContain(keys.block('10.0.0.0/30'));
    expect(asked).not.toContain(keys.block('10.0.0.4/30'));
  });

  it('AA-13, CR-05 met on the walk, an own block whose affinity is missing is used instead', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-a', { 0: 'h' }));
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.1']);
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/30': 'confirmed' });
  });

  it('AA-14, I5 comes with its affinity and its first address in one commit', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const { calls } = await world.main.counted(() => world.v4('host-a', 1, { handle: 'h' }));
    const commits = calls.flatMap((call) => (call.verb === 'commit' ? [call.request] : []));
    expect(commits.map(({ writes }) => writes.map(({ key }) => key).sort())).toEqual([
      [keys.block('10.0.0.0/26'), keys.affinity('host-a', '10.0.0.0/26'), keys.handle('h')].sort(),
    ]);
    expect(await world.text(keys.affinity('host-a', '10.0.0.0/26'))).toBe('{"state":"confirmed","deleted":false}');
    expect((await world.block('10.0.0.0/26')).affinityClaimTime).toBe('2026-08-22T00:00:00Z');
  });

  it('AA-15 turns out to be an own one: the other process of the host uses it', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const other = world.process();
    const both = await Promise.all([world.v4('host-a', 1), other.ipam.autoAssign({ host: 'host-a', num4: 1 }).then(ipsOf)]);
    expect(both.flat().sort()).toEqual(['10.0.0.0', '10.0.0.1']);
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed' });
  });

  it('AA-15 turns out to be of another host: the next one is claimed, nothing is left of the first', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const other = world.process();
    await Promise.all([world.v4('host-a', 1), other.ipam.autoAssign({ host: 'host-b', num4: 1 })]);
    expect(Object.values(await world.affinities())).toEqual(['confirmed', 'confirmed']);
    expect(Object.keys(await world.blocks())).toEqual(['10.0.0.0/26', '10.0.0.64/26']);
  });

  it('AA-16, AA-33 is not made while automatic allocation is off, but one that the host has affinity for is', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1);
    await world.ipam.setConfig({ strictAffinity: true, autoAllocateBlocks: false });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.1']);
    expect(await codeOf(world.v4('host-b', 1))).toBe('no-block');
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 70, partial: true });
    expect(masked(v4)).toHaveLength(62);
    expect(v4?.shortfall).toMatchObject({ code: 'no-block', missing: 8 });
    await world.put(keys.affinity('host-b', '10.0.0.64/26'), PENDING);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.64']);
    expect(await world.affinities()).toMatchObject({ 'host-b 10.0.0.64/26': 'confirmed' });
  });

  it('AA-17, PL-18 is taken when the pool of the own block is gone; the old block stays', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', { cidr: '20.0.0.0/24', disabled: true }] });
    await world.v4('host-a', 1);
    await world.remove(keys.pool('pool1'));
    await world.ipam.pools.replace({ name: 'pool2', spec: { disabled: false } });
    expect(await world.v4('host-a', 1)).toEqual(['20.0.0.0']);
    expect(await world.v4('host-b', 1)).toEqual(['20.0.0.64']);
    expect(await world.affinities()).toMatchObject({ 'host-a 10.0.0.0/26': 'confirmed' });
    expect(await world.blocks()).toMatchObject({ '10.0.0.0/26': 'host:host-a' });
  });

  it('AA-18 comes from the pool that replaced the deleted one', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1);
    await world.ipam.pools.delete({ name: 'pool1' });
    await world.ipam.pools.create({ name: 'pool2', spec: { cidr: '11.0.0.0/24' } });
    expect(await world.v4('host-a', 1)).toEqual(['11.0.0.0']);
  });

  it('AA-28 belongs to the right one of two hosts whose long names begin alike', async () => {
    const hosts = ['a', 'b'].map((last) => `${'long-name.'.repeat(25)}x${last}`);
    expect(hosts.map((name) => name.length)).toEqual([252, 252]);
    const world = await openWorld({ pools: ['10.0.0.0/24', 'fd00::/120'], nodes: hosts });
    for (const host of hosts) await world.ipam.autoAssign({ host, num4: 1, num6: 1 });
    const names = Object.keys(await world.affinities());
    expect(names).toHaveLength(4);
    for (const host of hosts) expect(names.filter((name) => name.startsWith(`${host} `))).toHaveLength(2);
  });

  it('AA-29 is looked for again when another process of the host has filled the one just made', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 31 }] });
    const processes = Array.from({ length: 8 }, () => world.process());
    const given = await Promise.all(processes.map(({ ipam }, n) => ipam.autoAssign({ host: 'host-a', num4: 1, handle: `h${n}` })));
    expect(new Set(given.flatMap(ipsOf)).size).toBe(8);
  });
});

describe('borrowing', () => {
  it('AA-19 comes after own and new blocks, from whoever has room, in walk order', async () => {
    const world = await openWorld({ pools: [SMALL], walkStart: (host) => (host === 'host-a' ? 1n : 0n) });
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-b', { 0: 'x' }));
    await world.put(keys.block('10.0.0.4/30'), storedBlock('10.0.0.4/30', null, { 0: 'x', 1: 'x' }));
    await world.put(keys.block('10.0.0.8/30'), storedBlock('10.0.0.8/30', 'virtual:lb', { 0: 'x', 1: 'x', 2: 'x', 3: 'x' }));
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 9, handle: 'h' });
    expect(v4?.addresses.map(({ ip, borrowed }) => `${ip}${borrowed ? ' borrowed' : ''}`)).toEqual([
      '10.0.0.12',
      '10.0.0.13',
      '10.0.0.14',
      '10.0.0.15',
      '10.0.0.6 borrowed',
      '10.0.0.7 borrowed',
      '10.0.0.1 borrowed',
      '10.0.0.2 borrowed',
      '10.0.0.3 borrowed',
    ]);
    expect(await world.blocks()).toMatchObject({ '10.0.0.0/30': 'host:host-b', '10.0.0.4/30': null });
  });

  it('AA-20, AA-35 names each pool that was walked to its end, by its stored text and as often as it was asked for', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.put(keys.pool('old'), '{"metadata":{"name":"old"},"spec":{"cidr":"10.1.0.1/30","blockSize":30}}');
    const pools4 = ['10.1.0.0/30', '10.0.0.0/28', '10.1.0.0/30'];
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 30, pools4, partial: true });
    expect(masked(v4)).toHaveLength(20);
    expect(v4?.exhaustedPools).toEqual(['10.1.0.1/30', '10.0.0.0/28', '10.1.0.1/30']);
    expect(v4?.shortfall?.message).toContain('10.1.0.1/30');
  });

  it('AA-22, MB-03 is allowed to a host at its block limit', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-b', 1);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 100, maxBlocksPerHost: 1 });
    expect(v4?.addresses.filter(({ borrowed }) => borrowed)).toHaveLength(36);
    expect(Object.keys(await world.affinities())).toHaveLength(2);
  });
});

describe('partial results and errors', () => {
  it('AA-23, AA-24 a shortage is one answer with its reason when partial is asked for, and an error otherwise', async () => {
    const world = await openWorld({ pools: [SMALL, { cidr: '10.1.0.0/30', blockSize: 30, nodeSelector: 'zone == "x"' }] });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 20, partial: true });
    expect(v4).toMatchObject({ requested: 20, shortfall: { code: 'no-free-address', missing: 4 } });
    const refusal = await refusalOf(world.v4('host-b', 1));
    expect(refusal).toMatchObject({ code: 'no-free-address', details: { requested: 1, available: 0, host: 'host-b' } });
    for (const part of [
      'pool1 (10.0.0.0/28)',
      '4 block(s) of /30',
      'pool2 (10.1.0.0/30) has the nodeSelector zone == "x"',
      'Release addresses, add a pool',
    ])
      expect(refusal.message).toContain(part);
    expect(refusal.message.match(/pool1/g)).toHaveLength(1);
  });

  it.each([
    ['IPv6 has no room', { num4: 1, num6: 5 }, 'no-free-address'],
    ['IPv6 has no pool that was asked for', { num4: 1, num6: 1, pools6: ['fd00:1::/64'] }, 'pool-not-found'],
  ])('AA-25, WT-10, I7 gives no IPv4 address when %s', async (_, request, code) => {
    const world = await openWorld({ pools: ['10.0.0.0/24', { cidr: 'fd00::/126', blockSize: 126 }] });
    const before = await world.dump();
    expect(await codeOf(world.ipam.autoAssign({ host: 'host-a', handle: 'h', ...request }))).toBe(code);
    expect(await world.dump()).toEqual(before);
  });

  it('AA-25, I7 gives both families what they have when partial is asked for, in one commit', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', { cidr: 'fd00::/126', blockSize: 126 }] });
    const { result, calls } = await world.main.counted(() =>
      world.ipam.autoAssign({ host: 'host-a', handle: 'h', num4: 2, num6: 5, partial: true }),
    );
    expect([masked(result.v4).length, masked(result.v6).length]).toEqual([2, 4]);
    expect(result.v4?.shortfall).toBeUndefined();
    expect(result.v6?.shortfall).toMatchObject({ code: 'no-free-address', missing: 1 });
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
  });

  it('AA-26, HD-06 gives up after many conflicts with nothing written, and succeeds after a few', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1, { handle: 'g' });
    const before = await world.dump();
    let conflicts = Number.POSITIVE_INFINITY;
    world.main.fault = ({ verb }) => (verb === 'commit' && conflicts-- > 0 ? 'conflict' : 'none');
    const { result, calls } = await world.main.counted(() => refusalOf(world.v4('host-a', 1, { handle: 'h' })));
    expect(result.code).toBe('too-much-contention');
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(100);
    expect(await world.dump()).toEqual(before);
    conflicts = 7;
    expect(await world.v4('host-a', 1, { handle: 'h' })).toEqual(['10.0.0.1']);
  });

  it('AA-27 gives the cause when a record cannot be read', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.handle('h'), 'no JSON');
    const before = await world.dump();
    const refusal = await refusalOf(world.v4('host-a', 1, { handle: 'h' }));
    expect(refusal).toMatchObject({ code: 'corrupt-value', details: { key: keys.handle('h') } });
    expect(await world.dump()).toEqual(before);
  });
});

describe('blocks of another size, and broken ones', () => {
  it.each([
    ['smaller', '10.0.0.0/30', 28],
    ['larger', '10.0.0.0/27', 29],
  ])('AA-30, I1 never makes a block over a %s one', async (_, existing, blockSize) => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/26', blockSize }] });
    await world.put(keys.block(existing), storedBlock(existing, 'host:host-b', { 0: 'x' }));
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 64, partial: true });
    const free = existing === '10.0.0.0/30' ? 48 : 32;
    expect(masked(v4)).toHaveLength(free);
  });

  it('AA-30 makes no block of another size out of an affinity that was left pending', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/26', blockSize: 28 }] });
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), PENDING);
    await world.v4('host-a', 1);
    expect(Object.keys(await world.blocks())).toEqual(['10.0.0.0/28']);
  });

  it('AA-34 passes by blocks that cannot be read, own ones and others, and leaves them as they are', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.put(keys.block('10.0.0.0/30'), '{"cidr":');
    await world.put(keys.block('10.0.0.4/30'), '{"cidr":"10.0.0.4/30"}');
    await world.put(keys.affinity('host-a', '10.0.0.4/30'), '{"state":"confirmed","deleted":false}');
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 16, partial: true });
    expect(masked(v4)).toHaveLength(8);
    expect(await world.text(keys.block('10.0.0.0/30'))).toBe('{"cidr":');
    expect(await world.text(keys.block('10.0.0.4/30'))).toBe('{"cidr":"10.0.0.4/30"}');
  });

  it('names the block that cannot be read when it is asked for, and lists it', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.put(keys.block('10.0.0.0/30'), '{"cidr":');
    const key = keys.block('10.0.0.0/30');
    const calls = [
      world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' }),
      world.ipam.releaseIps({ ips: [{ ip: '10.0.0.1' }] }),
      world.ipam.getAssignmentAttributes({ ip: '10.0.0.1' }),
      world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/30' }),
      world.ipam.releaseBlockAffinity({ cidr: '10.0.0.0/30' }),
    ];
    for (const call of calls) {
      const refusal = await refusalOf(call);
      expect(refusal).toMatchObject({ code: 'corrupt-value', details: { key } });
      expect(refusal.message).toContain(key);
    }
    const listed = [];
    for await (const block of world.ipam.listBlocks()) listed.push(block);
    expect(listed).toMatchObject([{ corruptKey: key, reason: expect.stringContaining('not JSON') }]);
    expect(await world.text(key)).toBe('{"cidr":');
  });
});
