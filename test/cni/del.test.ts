import { describe, expect, it } from 'vitest';
import { openBed } from './bed.ts';

const K8S = { CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web-0;K8S_POD_NAMESPACE=default' };

describe('DEL', () => {
  it('SS-28, SS-29 says nothing and succeeds: for what is held, for the same again, for what never was', async () => {
    const bed = await openBed();
    await bed.add('c1');
    for (const container of ['c1', 'c1', 'c1', 'stranger']) await bed.del(container);
    expect([await bed.world.held(), await bed.world.handles()]).toEqual([{}, {}]);
  });

  it('needs neither namespace nor prevResult, and takes no notice of them', async () => {
    const bed = await openBed();
    await bed.add('c1');
    await bed.add('c2');
    await bed.del('c1', { env: { CNI_NETNS: undefined } });
    await bed.del('c2', { env: { CNI_NETNS: '/no/such/netns' }, conf: { prevResult: { ips: 'nonsense' } } });
    expect(await bed.world.held()).toEqual({});
  });

  it('goes on with settings that ADD would refuse: what is held must be releasable', async () => {
    const bed = await openBed();
    await bed.add('c1');
    await bed.del('c1', {
      ipam: { dataDir: '/x', ipv4_pools: ['nosuch'], resolvConf: '/no/such', assign_ipv4: false, gateway: 'x', subnet: 'y' },
    });
    expect(await bed.world.held()).toEqual({});
  });

  it('releases both families and several addresses in one commit', async () => {
    const bed = await openBed({ pools: ['10.0.0.0/26', 'fd00::/122'] });
    await bed.add('c1', { conf: { runtimeConfig: { ips: ['10.0.0.7', '10.0.0.8'] } }, ipam: { assign_ipv6: true } });
    const { calls } = await bed.run('DEL');
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
    expect(await bed.world.held()).toEqual({});
  });

  it.each([
    ['its present form', 'net.c1', {}],
    ['its oldest form, with a pod', 'default.web-0', K8S],
    ['its oldest form, without', 'c1', {}],
  ])('releases what calico-ipam assigned under %s', async (_, handle, env) => {
    const bed = await openBed();
    await bed.world.v4('host-a', 1, { handle, attrs: { node: 'host-a' } });
    await bed.del('c1', { env });
    expect([await bed.world.held(), await bed.world.handles()]).toEqual([{}, {}]);
  });

  it('releases a handle that calico-ipam made for another interface of the container, since it has one for all', async () => {
    const bed = await openBed();
    await bed.world.v4('host-a', 1, { handle: 'net.c1', attrs: { node: 'host-a' } });
    await bed.del('c1', { env: { CNI_IFNAME: 'net1' } });
    expect(await bed.world.held()).toEqual({});
  });

  it('SS-03 never releases another attachment: interface, network or container, however their names join', async () => {
    const bed = await openBed();
    await bed.add('c1');
    await bed.add('c1', { env: { CNI_IFNAME: 'net1' } });
    await bed.add('c1', { conf: { name: 'default' } });
    await bed.add('web-0', { conf: { name: 'default' } });
    await bed.add('b.c1', { conf: { name: 'a' } });
    await bed.add('c1', { conf: { name: 'a.b' } });
    const before = await bed.world.held();
    // The old forms of these are names that others have.
    await bed.del('c1', { env: { CNI_IFNAME: 'net2' } });
    await bed.del('c9', { env: K8S });
    await bed.del('b', { conf: { name: 'a' } });
    await bed.del('b.c1', { conf: { name: 'a' }, env: { CNI_IFNAME: 'net1' } });
    expect(await bed.world.held()).toEqual(before);
    await bed.del('b.c1', { conf: { name: 'a' } });
    expect(Object.values(await bed.world.held())).toEqual(['net.c1', 'net:c1:net1', 'default.c1', 'default.web-0', 'a.b.c1']);
  });

  it('SS-04 succeeds on a store that holds nothing, and leaves no more than its mark', async () => {
    const bed = await openBed({ nodes: [] });
    await bed.del('c1');
    expect(Object.keys(await bed.world.dump())).toEqual(['/plat/v1/marks/released/net.c1']);
  });

  it('starts the cooldown of what it released', async () => {
    const bed = await openBed({ pools: [{ cidr: '10.0.0.0/32', blockSize: 32 }], config: { ipCooldownSeconds: 60 } });
    await bed.add('c1');
    await bed.del('c1');
    expect((await bed.refused('ADD', { env: { CNI_CONTAINERID: 'c2' } })).code).toBe(101);
    bed.world.clock.advance(61);
    expect(await bed.add('c2')).toEqual(['10.0.0.0/32']);
  });

  it('answers 11 when the store does not, with the address still held; the next one converges', async () => {
    const bed = await openBed();
    await bed.add('c1');
    expect((await bed.refused('DEL', { fault: () => 'unavailable' })).code).toBe(11);
    let faults = 1;
    await bed.del('c1', { fault: ({ verb }) => (verb === 'commit' && faults-- > 0 ? 'lost-reply' : 'none') });
    expect(await bed.world.held()).toEqual({});
  });

  it('releases nothing for a process that has ended: its container may have been started anew', async () => {
    const bed = await openBed();
    await bed.add('c1');
    expect(await bed.refused('DEL', { hasEnded: () => true })).toMatchObject({ code: 11 });
    await bed.del('c1', { hasEnded: () => false });
  });
});
