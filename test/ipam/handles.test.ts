import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, ipsOf, keys, openWorld, refusalOf, storedBlock } from '../support/ipam.ts';

const SMALL = { cidr: '10.0.0.0/27', blockSize: 30 };

describe('handles', () => {
  it('HD-01 count per block, and go with their last address', async () => {
    const world = await openWorld({ pools: [SMALL] });
    const [first = ''] = await world.v4('host-a', 1, { handle: 'h' });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/30': 1 } });
    await world.v4('host-a', 4, { handle: 'h' });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/30': 4, '10.0.0.4/30': 1 } });
    await world.ipam.releaseIps({ ips: [{ ip: first }, { ip: '10.0.0.4' }] });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/30': 3 } });
    await world.ipam.releaseIps({ ips: ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((ip) => ({ ip })) });
    expect(await world.text(keys.handle('h'))).toBeUndefined();
  });

  it('HD-02, HD-04, WT-01, I3 change in the same commit as the block', async () => {
    const world = await openWorld({ pools: [SMALL] });
    const { calls } = await world.main.counted(async () => {
      await world.v4('host-a', 1, { handle: 'h' });
      await world.ipam.assignIp({ ip: '10.0.0.2', host: 'host-a', handle: 'h' });
      await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.2' }] });
      await world.ipam.releaseByHandle({ handle: 'h' });
    });
    const commits = calls.flatMap((call) => (call.verb === 'commit' ? [call.request] : []));
    const changed = commits.map(({ writes, deletes }) => [...writes.map(({ key }) => key), ...deletes]);
    expect(changed).toHaveLength(4);
    for (const keysChanged of changed) expect(keysChanged).toEqual(expect.arrayContaining([keys.block('10.0.0.0/30'), keys.handle('h')]));
    expect(commits.at(-1)?.deletes).toContain(keys.handle('h'));
  });

  it('HD-03, WT-04 count what was taken, not what was asked for', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/22'] });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/30', '10.0.0.8/31'] } });
    await world.v4('host-a', 64, { handle: 'partly' });
    expect(await world.handles()).toEqual({ partly: { '10.0.0.0/26': 58, '10.0.0.64/26': 6 } });
    await world.v4('host-b', 300, { handle: 'many' });
    expect((await world.handles())['many']).toEqual({
      '10.0.0.128/26': 64,
      '10.0.0.192/26': 64,
      '10.0.1.0/26': 64,
      '10.0.1.64/26': 64,
      '10.0.1.128/26': 44,
    });
    for (const handle of ['partly', 'many']) await world.ipam.releaseByHandle({ handle });
    expect(await world.handles()).toEqual({});
  });

  it.each([
    ['does not know the block', '{"block":{"10.0.0.4/30":1},"deleted":false}', { h: { '10.0.0.4/30': 1 } }],
    ['counts too few', '{"block":{"10.0.0.0/30":1},"deleted":false}', {}],
    ['counts too many', '{"block":{"10.0.0.0/30":5},"deleted":false}', { h: { '10.0.0.0/30': 3 } }],
    ['is missing', undefined, {}],
  ])('HD-05 a handle that %s does not stop the release', async (_, stored, left) => {
    const world = await openWorld({ pools: [SMALL] });
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-a', { 0: 'h', 1: 'h' }));
    if (stored) await world.put(keys.handle('h'), stored);
    const ips = [{ ip: '10.0.0.0' }, { ip: '10.0.0.1' }];
    expect(await world.ipam.releaseIps({ ips })).toEqual({ released: ['10.0.0.0', '10.0.0.1'], unallocated: [] });
    expect(await world.held()).toEqual({});
    expect(await world.handles()).toEqual(left);
  });

  it('HD-06 stay exact through conflicts on their record', async () => {
    const world = await openWorld({ pools: [SMALL, { cidr: '10.1.0.0/27', blockSize: 30 }] });
    const hosts = ['host-a', 'host-b'].map((host, n) => ({ host, process: world.process(), pools4: [`10.${n}.0.0/27`] }));
    await Promise.all(
      hosts.flatMap(({ host, process, pools4 }) =>
        Array.from({ length: 10 }, () => process.ipam.autoAssign({ host, num4: 1, handle: 'shared', pools4 })),
      ),
    );
    const [counts = {}] = Object.values(await world.handles());
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(20);
    await Promise.all(hosts.map(({ process }) => process.ipam.releaseByHandle({ handle: 'shared' })));
    expect(await world.handles()).toEqual({});
    expect(await world.held()).toEqual({});
  });

  it('HD-07 are not needed', async () => {
    const world = await openWorld({ pools: [SMALL] });
    const ips = await world.v4('host-a', 2);
    expect(await world.held()).toEqual({ '10.0.0.0': null, '10.0.0.1': null });
    expect(await world.handles()).toEqual({});
    await world.ipam.releaseIps({ ips: ips.map((ip) => ({ ip })) });
    expect(await world.held()).toEqual({});
  });

  it('HD-08 with a carriage return are refused when new, and go with their addresses when old', async () => {
    const world = await openWorld({ pools: [SMALL] });
    expect(await codeOf(world.v4('host-a', 1, { handle: 'h\r1' }))).toBe('invalid-argument');
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-a', { 0: 'h\r1', 1: 'h\r1', 2: 'h\r1' }));
    await world.put(keys.handle('h\r1'), '{"block":{"10.0.0.0/30":3},"deleted":false}');
    expect((await world.ipam.getAssignmentAttributes({ ip: '10.0.0.0' })).handle).toBe('h');
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0', handle: 'h' }] });
    expect(await world.handles()).toEqual({ 'h\r1': { '10.0.0.0/30': 2 } });
    await world.ipam.releaseIps({ ips: ['10.0.0.1', '10.0.0.2'].map((ip) => ({ ip, handle: 'h\r1' })) });
    expect(await world.handles()).toEqual({});
  });
});

describe('at every revision', () => {
  const step = fc.oneof(
    fc.record({
      op: fc.constant('assign' as const),
      host: fc.constantFrom('host-a', 'host-b'),
      num4: fc.integer({ min: 1, max: 6 }),
      num6: fc.integer({ min: 0, max: 3 }),
      handle: fc.constantFrom('h', 'g', undefined),
      partial: fc.boolean(),
    }),
    fc.record({
      op: fc.constant('name' as const),
      host: fc.constantFrom('host-a', 'host-b'),
      ordinal: fc.integer({ min: 0, max: 31 }),
      handle: fc.constantFrom('h', 'g', undefined),
    }),
    fc.record({ op: fc.constant('release' as const), ordinals: fc.array(fc.integer({ min: 0, max: 31 }), { maxLength: 6 }) }),
    fc.record({ op: fc.constant('handle' as const), handle: fc.constantFrom('h', 'g') }),
    fc.record({ op: fc.constant('disown' as const), host: fc.constantFrom('host-a', 'host-b') }),
    fc.record({ op: fc.constant('claim' as const), host: fc.constantFrom('host-a', 'host-b') }),
    fc.record({ op: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 90 }) }),
  );

  it('I1, I2, I3, I5 hold, whatever operations follow each other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.constantFrom(0, 10), async (steps, ipCooldownSeconds) => {
        const world = await openWorld({ pools: [SMALL, { cidr: 'fd00::/125', blockSize: 127 }], config: { ipCooldownSeconds } });
        const run = async (each: (typeof steps)[number]): Promise<unknown> => {
          const { ipam } = world;
          switch (each.op) {
            case 'assign': {
              const { op: _, handle, ...rest } = each;
              return ipam.autoAssign({ ...rest, ...(handle && { handle }) });
            }
            case 'name':
              return ipam.assignIp({ ip: `10.0.0.${each.ordinal}`, host: each.host, ...(each.handle && { handle: each.handle }) });
            case 'release':
              return ipam.releaseIps({ ips: each.ordinals.map((ordinal) => ({ ip: `10.0.0.${ordinal}` })) });
            case 'handle':
              return ipam.releaseByHandle({ handle: each.handle });
            case 'disown':
              return ipam.releaseHostAffinities({ host: each.host });
            case 'claim':
              return ipam.claimAffinity({ host: each.host, cidr: '10.0.0.16/29' });
            case 'wait':
              return world.clock.advance(each.seconds);
          }
        };
        for (const each of steps)
          await run(each).catch((error: { code?: string }) => expect(error.code).toMatch(/^(no-free-address|address-in-use)$/));
        const { revision } = await world.store.read({});
        for (let at = 1n; at <= revision; at++) expect(await world.faults(at), `at revision ${at}`).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('I3 a refusal leaves every byte as it was', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.v4('host-a', 30, { handle: 'h' });
    const before = await world.dump();
    await refusalOf(world.v4('host-b', 3, { handle: 'g' }));
    await refusalOf(world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', handle: 'g' }));
    await refusalOf(world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0', handle: 'g' }] }));
    expect(await world.dump()).toEqual(before);
    expect(ipsOf(await world.ipam.autoAssign({ host: 'host-b', num4: 3, partial: true }))).toHaveLength(2);
  });
});
