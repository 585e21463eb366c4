/** Which pools AutoAssign takes addresses from, and what becomes of blocks in pools that no longer select their host. */
import { describe, expect, it } from 'vitest';
import type { PoolSpec } from '../../src/ipam/api.ts';
import { codeOf, ipsOf, keys, masked, openWorld, PENDING, refusalOf, storedBlock } from '../support/ipam.ts';

const ONE = '10.0.0.0/24';
const TWO = '20.0.0.0/24';
const FOO_BAR = { name: 'host-a', labels: { foo: 'bar' } };

/** Which pool the address is from, or the code of the refusal. */
async function poolOf(call: Promise<string[]>): Promise<string> {
  return call.then(
    ([ip = '']) => (ip.startsWith('10.') || ip.startsWith('5001:0:0:1a') ? 'p1' : 'p2'),
    (error: { code: string }) => error.code,
  );
}

describe('which pools', () => {
  it('PL-01, PL-22 are taken in byte order of their names, disabled ones left out', async () => {
    const names = ['p2', 'p.a', 'p10', 'p', 'p-b'];
    const pools = names.map((name, n): PoolSpec & { name: string } => ({
      name,
      cidr: `10.${n}.0.0/30`,
      blockSize: 30,
      disabled: name === 'p.a',
    }));
    const world = await openWorld({ pools });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 16 });
    expect([0, 4, 8, 12].map((at) => v4?.addresses[at]?.pool)).toEqual(['p', 'p-b', 'p10', 'p2']);
  });

  it.each([
    ['is the CIDR of no pool', ['10.0.0.0/24', '40.0.0.0/24'], '40.0.0.0/24 is the CIDR of no pool'],
    ['is disabled', [ONE, 'pool3'], 'pool3 is disabled'],
    ['is the name of no pool', ['nosuch'], 'nosuch is the name of no pool'],
  ])('PL-02, PL-20 a request is refused as a whole when one pool %s', async (_, pools4, text) => {
    const world = await openWorld({ pools: [ONE, TWO, { cidr: '30.0.0.0/24', disabled: true }] });
    const refusal = await refusalOf(world.v4('host-a', 1, { pools4 }));
    expect(refusal.code).toBe('pool-not-found');
    expect(refusal.message).toContain(text);
    expect(await world.blocks()).toEqual({});
  });

  it('PL-02, PL-20, CN-03 the order of the request decides on new blocks, own blocks come first', async () => {
    const world = await openWorld({ pools: [ONE, TWO] });
    expect(await world.v4('host-a', 1, { pools4: [TWO, ONE] })).toEqual(['20.0.0.0']);
    expect(await world.v4('host-a', 1, { pools4: [ONE, TWO] })).toEqual(['20.0.0.1']);
    expect(await world.v4('host-b', 1, { pools4: ['pool1', 'pool2'] })).toEqual(['10.0.0.0']);
  });

  it('PL-03, PL-04 only those that select the node and the namespace', async () => {
    const world = await openWorld({
      pools: [
        { cidr: ONE, nodeSelector: 'foo == "x"' },
        { cidr: TWO, namespaceSelector: 'team == "red"', allowedUses: ['Workload'] },
      ],
    });
    const refusal = await refusalOf(world.v4('host-a', 1));
    expect(refusal.code).toBe('no-qualified-pool');
    for (const part of [
      'host-a',
      'pool1 (10.0.0.0/24) has the nodeSelector foo == "x"',
      'pool2 (20.0.0.0/24) has the namespaceSelector team == "red"',
    ])
      expect(refusal.message).toContain(part);
    expect(await world.v4('host-a', 1, { namespaceLabels: { team: 'red' } })).toEqual(['20.0.0.0']);
  });

  it.each([
    [['Workload'], ['Tunnel'], 'Workload', [TWO], 'no-qualified-pool'],
    [['Workload'], ['Tunnel'], 'Workload', [ONE], 'p1'],
    [['Workload'], ['Tunnel'], 'Workload', undefined, 'p1'],
    [['Tunnel'], ['Tunnel'], 'Workload', undefined, 'no-qualified-pool'],
    [['Workload'], ['Tunnel'], 'Tunnel', [TWO], 'p2'],
  ] as const)('PL-05, PL-06 uses %o and %o, asked for %s from %o: %s', async (uses1, uses2, use, pools4, expected) => {
    const world = await openWorld({
      pools: [
        { cidr: ONE, allowedUses: uses1, blockSize: 32 },
        { cidr: TWO, allowedUses: uses2, blockSize: 32 },
      ],
    });
    expect(await poolOf(world.v4('host-a', 1, { use, ...(pools4 && { pools4 }) }))).toBe(expected);
  });

  it('PL-05 says that it is the use', async () => {
    const world = await openWorld({ pools: [{ cidr: ONE, allowedUses: ['Tunnel'] }] });
    expect(await refusalOf(world.v4('host-a', 1))).toMatchObject({ code: 'no-qualified-pool', details: { reason: 'use' } });
  });

  it.each([
    [true, undefined, undefined, undefined, 'p1 then p2'],
    [true, undefined, undefined, 'p1', 'p1'],
    [true, 'foo == "bar"', 'foo != "bar"', undefined, 'p1'],
    [true, 'foo == "bar"', 'foo != "bar"', 'p1', 'p1'],
    [true, 'foo != "bar"', 'all()', undefined, 'p2'],
    [true, 'foo != "bar"', undefined, 'p1', 'p1'],
    [true, 'foo == "bar"', undefined, 'p2', 'p2'],
    [false, undefined, undefined, undefined, 'p2'],
    [false, undefined, undefined, 'p1', 'pool-not-found'],
    [false, undefined, undefined, 'p2', 'p2'],
    [false, undefined, 'foo == "bar"', undefined, 'p2'],
    [false, undefined, 'foo == "bar"', 'p2', 'p2'],
    [false, undefined, 'foo != "bar"', undefined, 'no-qualified-pool'],
    [false, undefined, 'foo != "bar"', 'p2', 'p2'],
  ])('PL-07 p1 enabled %s, selectors %s and %s, asked for %s: %s', async (isOn, selector1, selector2, asked, expected) => {
    const world = await openWorld({ nodes: [FOO_BAR] });
    const stored = (cidr: string, nodeSelector: string | undefined, blockSize: number, disabled: boolean) =>
      JSON.stringify({ spec: { cidr, blockSize, disabled, ...(nodeSelector && { nodeSelector }) } });
    // As old data has them: with host bits, and spelled at length.
    await world.put(keys.pool('p1-4'), stored('10.0.0.1/24', selector1, 26, !isOn));
    await world.put(keys.pool('p1-6'), stored('5001:0000:0000:001a:0000:0000:0000:0000/64', selector1, 122, !isOn));
    await world.put(keys.pool('p2-4'), stored('20.0.0.0/24', selector2, 26, false));
    await world.put(keys.pool('p2-6'), stored('5001:0:0:1b::/64', selector2, 122, false));
    const asked4 = { p1: '10.0.0.0/24', p2: '20.0.0.0/24' }[asked ?? ''];
    const asked6 = { p1: '5001:0:0:1a::/64', p2: '5001:0:0:1b::/64' }[asked ?? ''];
    const first = expected.split(' ')[0];
    expect(await poolOf(world.v4('host-a', 1, asked4 ? { pools4: [asked4] } : {}))).toBe(first);
    expect(await poolOf(world.ipam.autoAssign({ host: 'host-a', num6: 1, ...(asked6 && { pools6: [asked6] }) }).then(ipsOf))).toBe(first);
    // A whole pool later, the next one in order.
    if (expected === 'p1 then p2') expect(await poolOf(world.v4('host-a', 256).then((ips) => ips.slice(-1)))).toBe('p2');
  });

  const PRODUCTION = "environment == 'production'";
  it.each([
    [undefined, '', {}, undefined, true],
    [undefined, PRODUCTION, {}, { environment: 'production' }, true],
    [undefined, PRODUCTION, {}, { environment: 'development' }, false],
    ["zone == 'us-west'", PRODUCTION, { zone: 'us-west' }, { environment: 'production' }, true],
    ["zone == 'us-west'", PRODUCTION, { zone: 'us-west' }, { environment: 'development' }, false],
    ["zone == 'us-west'", PRODUCTION, { zone: 'us-east' }, { environment: 'production' }, false],
    [undefined, `${PRODUCTION} && tier == 'frontend'`, {}, { environment: 'production', tier: 'frontend' }, true],
    [undefined, `${PRODUCTION} && tier == 'frontend'`, {}, { environment: 'production', tier: 'backend' }, false],
    [undefined, PRODUCTION, {}, undefined, false],
  ])(
    'PL-08, PL-10 selectors %s and %s, node %o, namespace %o: %s',
    async (nodeSelector, namespaceSelector, labels, namespaceLabels, isUsed) => {
      const spec = { cidr: ONE, namespaceSelector, allowedUses: ['Workload'] as const, ...(nodeSelector && { nodeSelector }) };
      const world = await openWorld({ pools: [spec], nodes: [{ name: 'host-a', labels }] });
      const call = world.v4('host-a', 1, namespaceLabels ? { namespaceLabels } : {});
      expect(await poolOf(call)).toBe(isUsed ? 'p1' : 'no-qualified-pool');
    },
  );

  it('PL-09, PL-12 takes the pools of the namespace and those of any, or the one that is asked for', async () => {
    const spec = (n: number, namespaceSelector: string) => ({
      cidr: `10.${n}.0.0/30`,
      blockSize: 30,
      namespaceSelector,
      allowedUses: ['Workload'] as const,
    });
    const world = await openWorld({ pools: [spec(0, PRODUCTION), spec(1, "environment == 'development'"), spec(2, '')] });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 9, namespaceLabels: { environment: 'production' }, partial: true });
    expect([...new Set(v4?.addresses.map(({ pool }) => pool))]).toEqual(['pool1', 'pool3']);
    expect(await world.v4('host-a', 1, { pools4: ['pool2'], namespaceLabels: { environment: 'production' } })).toEqual(['10.1.0.0']);
  });

  it.each(['invalid selector syntax [', 'region == ', 'region === "east"'])(
    'PL-11 the unreadable selector %j of any pool fails an automatic choice',
    async (selector) => {
      const world = await openWorld({ pools: [ONE] });
      await world.put(keys.pool('zzz'), JSON.stringify({ spec: { cidr: TWO, nodeSelector: selector } }));
      expect(await refusalOf(world.v4('host-a', 1))).toMatchObject({ code: 'invalid-resource', details: { pool: 'zzz' } });
      expect(await world.v4('host-a', 1, { pools4: [ONE] })).toEqual(['10.0.0.0']);
      expect(await world.v4('host-a', 1, { pools4: [TWO] })).toEqual(['20.0.0.0']);
      await world.put(keys.pool('zzz'), JSON.stringify({ spec: { cidr: TWO, nodeSelector: selector, assignmentMode: 'Manual' } }));
      expect(await world.v4('host-a', 1)).toEqual(['10.0.0.1']);
      await world.put(keys.pool('zzz'), JSON.stringify({ spec: { cidr: TWO, nodeSelector: selector, disabled: true } }));
      expect(await world.v4('host-a', 1)).toEqual(['10.0.0.2']);
      await world.put(keys.pool('zzz'), JSON.stringify({ spec: { cidr: TWO, nodeSelector: 'foo == "x"', namespaceSelector: selector } }));
      expect(await world.v4('host-a', 1)).toEqual(['10.0.0.3']);
      await world.put(keys.pool('zzz'), JSON.stringify({ spec: { cidr: TWO, namespaceSelector: selector } }));
      expect(await codeOf(world.v4('host-a', 1))).toBe('invalid-resource');
      expect(await codeOf(world.ipam.pools.create({ name: 'new', spec: { cidr: '30.0.0.0/24', nodeSelector: selector } }))).toBe(
        'invalid-resource',
      );
    },
  );

  it('PL-13 a Manual pool only when it is asked for, or the address is', async () => {
    const world = await openWorld({ pools: [{ cidr: ONE, assignmentMode: 'Manual' }] });
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-qualified-pool');
    expect(await world.v4('host-a', 1, { pools4: [ONE] })).toEqual(['10.0.0.0']);
    await world.ipam.assignIp({ ip: '10.0.0.9', host: 'host-a' });
  });

  it('PL-14 is never filled up, nor borrowed, from a pool that does not select the node', async () => {
    const world = await openWorld({
      pools: [
        { cidr: ONE, nodeSelector: 'foo == "bar"' },
        { cidr: TWO, nodeSelector: 'foo != "bar"' },
      ],
      nodes: [FOO_BAR, 'host-b'],
    });
    await world.v4('host-b', 1);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 300, partial: true });
    expect(masked(v4)).toHaveLength(256);
    expect([...new Set(v4?.addresses.map(({ pool }) => pool))]).toEqual(['pool1']);
  });

  it.each([
    ['False', 'not-in-pool', 'no-qualified-pool'],
    ['Unknown', undefined, undefined],
    ['True', undefined, undefined],
  ])('PL-23 with the condition Allocatable=%s, AssignIP gives %s and AutoAssign %s', async (status, named, automatic) => {
    const world = await openWorld();
    await world.put(keys.pool('p'), JSON.stringify({ spec: { cidr: ONE }, status: { conditions: [{ type: 'Allocatable', status }] } }));
    const codes = await Promise.all(
      [world.ipam.assignIp({ ip: '10.0.0.9', host: 'host-a' }), world.v4('host-a', 1), world.v4('host-a', 1, { pools4: [ONE] })].map(
        (call) =>
          call.then(
            () => undefined,
            (error: { code: string }) => error.code,
          ),
      ),
    );
    expect(codes).toEqual([named, automatic, automatic]);
  });

  it.each([{ metadata: { deletionTimestamp: '2026-08-22T06:00:00Z' }, spec: { cidr: ONE } }, { spec: { cidr: '10.0.0.0/99' } }])(
    'PL-23 %j is not enabled',
    async (object) => {
      const world = await openWorld();
      await world.put(keys.pool('p'), JSON.stringify(object));
      expect(await codeOf(world.v4('host-a', 1))).toBe('no-qualified-pool');
    },
  );

  it('PL-24 a pool smaller than its block may be used, and has nothing to give', async () => {
    const world = await openWorld();
    await world.put(keys.pool('p'), JSON.stringify({ spec: { cidr: '10.0.0.0/28' } }));
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 1, partial: true });
    expect(v4).toMatchObject({ addresses: [], exhaustedPools: ['10.0.0.0/28'], shortfall: { code: 'no-free-address' } });
    expect(v4?.shortfall?.message).toContain('smaller than its block size /26');
    expect(await world.blocks()).toEqual({});
  });

  it('PL-21 is decided by labels of the moment', async () => {
    const world = await openWorld({ pools: [{ cidr: ONE, nodeSelector: 'region in {"east", "west"}' }] });
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-qualified-pool');
    await world.ipam.nodes.replace({ name: 'host-a', labels: { region: 'west' }, spec: {} });
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.0']);
  });
});

describe('blocks in pools that no longer select the host', () => {
  it('PL-15 are dropped with the next assignment when they are empty', async () => {
    const world = await openWorld({ pools: [{ cidr: ONE, nodeSelector: 'foo == "bar"' }], nodes: [FOO_BAR] });
    const ips = await world.v4('host-a', 3);
    await world.ipam.releaseIps({ ips: ips.map((ip) => ({ ip })) });
    await world.ipam.pools.replace({ name: 'pool1', spec: { nodeSelector: 'foo != "bar"' } });
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed' });
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-qualified-pool');
    expect(Object.keys(await world.blocks())).toEqual(['10.0.0.0/26']);
    await world.ipam.pools.create({ name: 'pool2', spec: { cidr: TWO, allowedUses: ['Tunnel'] } });
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-qualified-pool');
    expect(Object.keys(await world.blocks())).toEqual(['10.0.0.0/26']);
    expect(await world.v4('host-a', 3, { use: 'Tunnel' })).toEqual(['20.0.0.0', '20.0.0.1', '20.0.0.2']);
    expect(await world.affinities()).toEqual({ 'host-a 20.0.0.0/26': 'confirmed' });
    expect(await world.blocks()).toEqual({ '20.0.0.0/26': 'host:host-a' });
  });

  it('PL-16 stay when the pool merely does not allow the use', async () => {
    const world = await openWorld({
      pools: [
        { cidr: ONE, allowedUses: ['Workload'] },
        { cidr: TWO, allowedUses: ['Tunnel'] },
      ],
    });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await world.v4('host-a', 1, { use: 'Tunnel' })).toEqual(['20.0.0.0']);
    expect(Object.keys(await world.affinities())).toHaveLength(2);
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-a', '20.0.0.0/26': 'host:host-a' });
  });

  it.each([
    [true, 2],
    [false, 1],
  ])('PL-17 another pool was asked for: while the first selects the host (%s) there are %i blocks', async (isSelected, count) => {
    const world = await openWorld({ pools: [ONE, TWO], nodes: [FOO_BAR] });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/26' });
    if (!isSelected) await world.ipam.pools.replace({ name: 'pool1', spec: { nodeSelector: 'foo != "bar"' } });
    expect(await world.v4('host-a', 3, { pools4: [TWO] })).toHaveLength(3);
    expect(Object.keys(await world.affinities())).toHaveLength(count);
    expect(Object.keys(await world.blocks())).toHaveLength(count);
  });

  it('PL-18 stay while they hold addresses, in disabled pools, and in another family', async () => {
    const spec = { nodeSelector: 'foo == "bar"' };
    const world = await openWorld({
      pools: [{ cidr: ONE, ...spec }, { cidr: '30.0.0.0/24', ...spec }, { cidr: 'fd00::/120', ...spec }, TWO],
      nodes: [FOO_BAR],
    });
    await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a' });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '30.0.0.0/26' });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: 'fd00::/122' });
    for (const name of ['pool1', 'pool2', 'pool3'])
      await world.ipam.pools.replace({ name, spec: { nodeSelector: 'foo != "bar"', disabled: name === 'pool2' } });
    expect(await world.v4('host-a', 1)).toEqual(['20.0.0.0']);
    expect(Object.keys(await world.blocks())).toHaveLength(4);
  });

  it('PL-15 a deselected affinity that was left pending goes too', async () => {
    const world = await openWorld({ pools: [{ cidr: ONE, nodeSelector: 'foo != "bar"' }, TWO], nodes: [FOO_BAR] });
    await world.put(keys.affinity('host-a', '10.0.0.0/26'), PENDING);
    await world.put(keys.affinity('host-a', '10.0.0.64/26'), PENDING);
    await world.put(keys.block('10.0.0.64/26'), storedBlock('10.0.0.64/26', 'host:host-b'));
    expect(await world.v4('host-a', 1)).toEqual(['20.0.0.0']);
    expect(await world.affinities()).toEqual({ 'host-a 20.0.0.0/26': 'confirmed' });
    expect(await world.blocks()).toMatchObject({ '10.0.0.64/26': 'host:host-b' });
  });

  it('PL-19 lend what is free in them to hosts that are selected now', async () => {
    const world = await openWorld({
      pools: [{ cidr: '10.0.0.0/30', blockSize: 30, nodeSelector: 'role == "on"' }],
      nodes: [{ name: 'host1', labels: { role: 'on' } }, 'host2'],
    });
    await world.v4('host1', 3);
    await world.ipam.nodes.replace({ name: 'host1', labels: {}, spec: {} });
    await world.ipam.nodes.replace({ name: 'host2', labels: { role: 'on' }, spec: {} });
    expect(await codeOf(world.v4('host1', 1))).toBe('no-qualified-pool');
    const { v4 } = await world.ipam.autoAssign({ host: 'host2', num4: 1 });
    expect(v4?.addresses).toMatchObject([{ ip: '10.0.0.3', borrowed: true }]);
    expect(await world.blocks()).toEqual({ '10.0.0.0/30': 'host:host1' });
  });
});
