import { describe, expect, it } from 'vitest';
import type { PoolSpec } from '../../src/ipam/api.ts';
import { codeOf, keys, openWorld, refusalOf } from '../support/ipam.ts';

const SPEC: PoolSpec = { cidr: '1.2.3.0/24' };

describe('pools', () => {
  it('PV-01 deleting one disables it first, gives up its blocks, and keeps addresses', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 65, { handle: 'h' });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.64' }] });
    const { calls } = await world.main.counted(() => world.ipam.pools.delete({ name: 'pool1' }));
    const first = calls.find(({ verb }) => verb === 'commit');
    expect(first?.verb === 'commit' && new TextDecoder().decode(first.request.writes[0]?.value)).toContain('"disabled":true');
    expect(await world.ipam.pools.list()).toEqual([]);
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': null });
    expect(Object.keys(await world.held())).toHaveLength(64);
    expect(await codeOf(world.ipam.pools.delete({ name: 'pool1' }))).toBe('not-found');
    expect((await world.ipam.releaseByHandle({ handle: 'h' })).released).toHaveLength(64);
    expect(await world.blocks()).toEqual({});
  });

  it.each<[string, PoolSpec, string]>([
    ['ippool1', SPEC, 'already-exists'],
    ['other', SPEC, 'pool-overlap'],
    ['other', { cidr: '1.2.0.0/16' }, 'pool-overlap'],
    ['other', { cidr: '1.2.3.128/25' }, 'pool-overlap'],
    ['other', { cidr: '1.2.3.8/31' }, 'pool-overlap'],
    ['other', { cidr: '1.2.4.0/24', blockSize: 19 }, 'invalid-resource'],
    ['other', { cidr: '1.2.4.0/24', blockSize: 33 }, 'invalid-resource'],
    ['other', { cidr: '1.2.4.1/24' }, 'invalid-resource'],
  ])('PV-02 creating %s with %j: %s', async (name, spec, code) => {
    const world = await openWorld({ pools: [{ name: 'ippool1', ...SPEC }] });
    const refusal = await refusalOf(world.ipam.pools.create({ name, spec }));
    expect(refusal.code).toBe(code);
    if (code === 'pool-overlap') expect(refusal.message).toContain(`IPPool(other) CIDR overlaps with IPPool(ippool1) CIDR 1.2.3.0/24`);
  });

  it('PV-02, PV-04 keeps network and block size, and lets the rest change, with blocks in two pools side by side', async () => {
    const world = await openWorld({ pools: ['1.2.3.0/24', { cidr: '1.2.4.0/24', blockSize: 29 }] });
    for (const pools4 of [['1.2.3.0/24'], ['1.2.4.0/24']]) await world.v4('host-a', 1, { pools4 });
    expect((await refusalOf(world.ipam.pools.replace({ name: 'pool1', spec: { cidr: '1.2.5.0/24' } }))).message).toContain(
      'IPPool CIDR cannot be modified',
    );
    expect((await refusalOf(world.ipam.pools.replace({ name: 'pool1', spec: { blockSize: 25 } }))).message).toContain(
      'IPPool BlockSize cannot be modified',
    );
    expect((await world.ipam.pools.replace({ name: 'pool1', spec: { natOutgoing: true } })).spec).toMatchObject({
      natOutgoing: true,
      blockSize: 26,
    });
    for (const name of ['pool1', 'pool2']) await world.ipam.pools.delete({ name });
    expect(Object.values(await world.blocks())).toEqual([null, null]);
  });

  it('PV-03, PV-11 another block size is refused while blocks of the old one exist', async () => {
    const world = await openWorld({ pools: ['1.2.3.0/26'] });
    const create = (cidr: string, blockSize: number) => world.ipam.pools.create({ name: 'again', spec: { cidr, blockSize } });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.ipam.pools.delete({ name: 'pool1' });
    const refusal = await refusalOf(create('1.2.3.0/26', 28));
    expect(refusal.message).toContain('IPPool blocksSize conflicts with existing allocations that use a different blockSize');
    await create('1.2.3.0/26', 26);
    await world.ipam.pools.delete({ name: 'again' });
    expect(await codeOf(create('1.2.2.0/23', 28))).toBe('invalid-resource');
    await world.ipam.releaseByHandle({ handle: 'h' });
    await create('1.2.3.0/26', 28);
  });

  it('PV-11 empty affine blocks count', async () => {
    const world = await openWorld({ pools: ['1.2.3.0/26'] });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '1.2.3.0/26' });
    await world.remove(keys.pool('pool1'));
    expect(await codeOf(world.ipam.pools.create({ name: 'again', spec: { cidr: '1.2.3.0/24', blockSize: 28 } }))).toBe('invalid-resource');
  });

  it('PV-05, PV-09 stores defaults, and the network in canonical form', async () => {
    const world = await openWorld();
    await world.ipam.pools.create({ name: 'p', spec: { cidr: 'FD00:0::/120' } });
    const stored = (await world.text(keys.pool('p'))) ?? '';
    expect(stored).toContain(
      '"spec":{"cidr":"fd00::/120","vxlanMode":"Never","ipipMode":"Never","blockSize":122,"nodeSelector":"all()","allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic"}',
    );
  });

  it('PV-06, I10 keeps status and what it does not know', async () => {
    const world = await openWorld();
    const status = '"status":{"conditions":[{"type":"Allocatable","status":"True"}]}';
    await world.put(
      keys.pool('p'),
      `{"kind":"IPPool","metadata":{"name":"p","uid":"u","future":1},"spec":{"cidr":"10.0.0.0/24","future":[1]},${status}}`,
    );
    await world.ipam.pools.replace({ name: 'p', spec: { disabled: true } });
    const stored = (await world.text(keys.pool('p'))) ?? '';
    for (const part of [status, '"uid":"u","future":1', '"future":[1]', '"disabled":true']) expect(stored).toContain(part);
  });

  it('PV-07 a replace or delete with an old resourceVersion is a conflict; uid and creation time never change', async () => {
    const world = await openWorld({ pools: [SPEC] });
    const first = await world.ipam.pools.get({ name: 'pool1' });
    const second = await world.ipam.pools.replace({ name: 'pool1', spec: { natOutgoing: true }, resourceVersion: first!.resourceVersion });
    expect(second).toMatchObject({ uid: first?.uid, creationTimestamp: first?.creationTimestamp });
    const old = { name: 'pool1', resourceVersion: first!.resourceVersion };
    expect(await codeOf(world.ipam.pools.replace({ ...old, spec: {} }))).toBe('conflict');
    expect(await codeOf(world.ipam.pools.delete(old))).toBe('conflict');
    expect(await codeOf(world.ipam.pools.replace({ name: 'pool1', spec: {}, resourceVersion: 'x' }))).toBe('invalid-argument');
    expect(await codeOf(world.ipam.pools.replace({ name: 'nosuch', spec: {} }))).toBe('not-found');
    expect(await world.ipam.pools.get({ name: 'pool1' })).toEqual(second);
  });

  it.each<[PoolSpec, string]>([
    [{ cidr: '10.0.0.0/24', namespaceSelector: 'a == "b"' }, 'IP Pool with AllowedUse Tunnel cannot have namespaceSelector'],
    [{ cidr: '10.0.0.0/24', allowedUses: ['LoadBalancer', 'Workload'] }, 'LoadBalancer cannot be combined'],
    [{ cidr: '10.0.0.0/24', allowedUses: ['LoadBalancer'], nodeSelector: 'a == "b"' }, 'must have nodeSelector set to all()'],
    [{ cidr: '10.0.0.0/28' }, 'IP pool size is too small'],
    [{ cidr: '10.0.0.0/24', assignmentMode: 'Sometimes' as 'Manual' }, 'supported values: "Automatic", "Manual"'],
  ])('PV-08, PV-09, PV-10 refuses %j, created or replaced', async (spec, text) => {
    const world = await openWorld();
    expect((await refusalOf(world.ipam.pools.create({ name: 'p', spec }))).message).toContain(text);
    await world.put(keys.pool('p'), JSON.stringify({ metadata: { name: 'p', uid: 'u' }, spec: { cidr: spec.cidr } }));
    expect((await refusalOf(world.ipam.pools.replace({ name: 'p', spec }))).message).toContain(text);
  });

  it('PV-09 may become one for load balancers, and not go back', async () => {
    const world = await openWorld({ pools: [SPEC] });
    await world.ipam.pools.replace({ name: 'pool1', spec: { allowedUses: ['LoadBalancer'] } });
    expect((await refusalOf(world.ipam.pools.replace({ name: 'pool1', spec: { allowedUses: ['Workload'] } }))).message).toContain(
      'LoadBalacer',
    );
  });

  it('PV-09 an old one with host bits refuses changes until its network is written canonically', async () => {
    const world = await openWorld();
    await world.put(keys.pool('p'), '{"metadata":{"name":"p","uid":"u"},"spec":{"cidr":"10.0.0.7/24"}}');
    expect(await codeOf(world.ipam.pools.replace({ name: 'p', spec: { natOutgoing: true } }))).toBe('invalid-resource');
    expect((await world.ipam.pools.replace({ name: 'p', spec: { cidr: '10.0.0.0/24', natOutgoing: true } })).spec.cidr).toBe('10.0.0.0/24');
  });

  it('PV-02 two overlapping ones created at once: one is refused', async () => {
    const world = await openWorld();
    const other = world.process();
    const both = await Promise.allSettled([
      world.ipam.pools.create({ name: 'a', spec: { cidr: '10.0.0.0/24' } }),
      other.ipam.pools.create({ name: 'b', spec: { cidr: '10.0.0.0/16' } }),
    ]);
    expect(both.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))).toEqual(['pool-overlap']);
  });
});
