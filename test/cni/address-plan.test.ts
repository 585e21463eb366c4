import { describe, expect, it } from 'vitest';
import { addressPlanOf } from '../../src/cni/address-plan.ts';
import { netConfOf } from '../../src/cni/netconf.ts';

type Conf = Readonly<Record<string, unknown>>;

const confOf = (ipam: Conf = {}, conf: Conf = {}) => netConfOf({ name: 'net', ...conf, ipam: { type: 'plat', ...ipam } });

const ETCD = 'etcd://h:1';
const NO_ARGS = { args: new Map<string, string>() };

describe('addressPlanOf: pools', () => {
  const planOf = (ipam: Conf, conf: Conf = {}, { args = {}, store = ETCD }: { args?: Record<string, string>; store?: string } = {}) =>
    addressPlanOf(confOf(ipam, conf), { args: new Map(Object.entries(args)) }, store);

  it.each<[Conf, number, number]>([
    [{}, 1, 0],
    [{ assign_ipv6: 'true' }, 1, 1],
    [{ assign_ipv4: false, assign_ipv6: true }, 0, 1],
    [{ assign_ipv4: 'true', assign_ipv6: 'false' }, 1, 0],
  ])('%j: %d IPv4 and %d IPv6', (ipam, num4, num6) => {
    expect(planOf(ipam)).toMatchObject({ kind: 'pools', num4, num6, ips: [] });
  });

  it('refuses both families off, unless an address is asked for', () => {
    const off = { assign_ipv4: false, assign_ipv6: false };
    expect(() => planOf(off)).toThrow(expect.objectContaining({ code: 7, message: expect.stringContaining('both off') }));
    expect(planOf(off, {}, { args: { IP: '10.0.0.7' } })).toMatchObject({ num4: 0, num6: 0, ips: [{ text: '10.0.0.7' }] });
  });

  it('takes pools by name or network, and tells one of the wrong family', () => {
    const ipam = { ipv4_pools: ['a', '10.0.0.0/8'], ipv6_pools: ['b', 'fd00::/64'] };
    expect(planOf(ipam)).toMatchObject({ pools4: ['a', '10.0.0.0/8'], pools6: ['b', 'fd00::/64'] });
    expect(planOf({ ipv4_pools: null })).toMatchObject({ pools4: [], pools6: [] });
    for (const [wrong, word] of [
      [{ ipv4_pools: ['fd00::/64'] }, 'ipv4_pools has fd00::/64'],
      [{ ipv6_pools: ['10.0.0.7/8'] }, 'ipv6_pools has 10.0.0.7/8'],
    ] as const)
      expect(() => planOf(wrong)).toThrow(expect.objectContaining({ code: 7, message: expect.stringContaining(word) }));
  });

  it.each<[string, unknown, string | undefined, string, object | undefined, boolean]>([
    ['etcd', undefined, 'bridge', ETCD, { subnet: 'block' }, true],
    ['etcd', 'auto', 'ptp', ETCD, { subnet: 'block' }, false],
    ['etcd', 'auto', 'macvlan', ETCD, { subnet: 'pool' }, false],
    ['etcd', 'auto', 'ipvlan', ETCD, { subnet: 'pool' }, false],
    ['etcd', 'auto', 'calico', ETCD, undefined, false],
    ['etcd', 'auto', undefined, ETCD, undefined, false],
    ['LMDB', 'auto', 'bridge', 'lmdb:/x', { subnet: 'pool' }, false],
    ['memory', 'auto', 'ptp', 'memory:', { subnet: 'pool' }, false],
    ['etcd', 'none', 'bridge', ETCD, undefined, false],
    ['etcd', 'pool', 'bridge', ETCD, { subnet: 'pool' }, false],
    ['LMDB', 'block', 'bridge', 'lmdb:/x', { subnet: 'block' }, true],
    ['etcd', 'block', 'calico', ETCD, { subnet: 'block' }, false],
    ['etcd', '10.0.0.1', 'bridge', ETCD, { subnet: 'pool', gateways: ['10.0.0.1'] }, false],
    ['etcd', ['10.0.0.1', 'fd00::1'], 'calico', ETCD, { subnet: 'pool', gateways: ['10.0.0.1', 'fd00::1'] }, false],
  ])('on %s, gateway %j, main plugin %s', (_, gateway, type, store, link, isSingleBlock) => {
    const plan = planOf({ ...(gateway !== undefined && { gateway }) }, { ...(type && { type }) }, { store });
    expect(plan).toMatchObject({ isSingleBlock });
    expect(plan.kind === 'pools' && plan.link).toEqual(link);
  });

  it('refuses a gateway that is no address', () => {
    expect(() => planOf({ gateway: 'first' })).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining('ipam.gateway has "first"') }),
    );
  });
});

describe('addressPlanOf: requested addresses', () => {
  it('SS-90 come from CNI_ARGS, args.cni.ips and runtimeConfig.ips, in this order, each once, a prefix length tolerated', () => {
    const conf = confOf(
      {},
      { args: { cni: { ips: ['10.0.0.3', ' 10.0.0.2 '] } }, runtimeConfig: { ips: ['fd00::0:7/64', '10.0.0.1/24', ''] } },
    );
    const { ips } = addressPlanOf(conf, { args: new Map([['IP', '10.0.0.2/32, ::ffff:10.0.0.9,']]) }, ETCD);
    expect(ips.map(({ text }) => text)).toEqual(['10.0.0.2', '10.0.0.9', '10.0.0.3', 'fd00::7', '10.0.0.1']);
  });

  it('take the place of the automatic one of their family alone', () => {
    const plan = addressPlanOf(confOf({ assign_ipv6: true }, { runtimeConfig: { ips: ['10.0.0.1'] } }), NO_ARGS, ETCD);
    expect(plan).toMatchObject({ num4: 0, num6: 1 });
  });

  it.each([
    ['CNI_ARGS IP', {}, 'banana'],
    ['args.cni.ips', { args: { cni: { ips: ['10.0.0.300'] } } }, undefined],
    ['runtimeConfig.ips', { runtimeConfig: { ips: ['10.0.0.0/24/7'] } }, undefined],
  ])('SS-06, SS-90 what is no address is refused with its source, %s', (source, conf, arg) => {
    const args = new Map(arg === undefined ? [] : [['IP', arg]]);
    expect(() => addressPlanOf(confOf({}, conf), { args }, ETCD)).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining(`${source} has`) }),
    );
  });
});

describe('addressPlanOf: ranges', () => {
  const slotsOf = (ipam: Conf, conf: Conf = {}) => {
    const plan = addressPlanOf(confOf(ipam, conf), NO_ARGS, ETCD);
    return plan.kind === 'ranges' ? plan.slots : undefined;
  };

  it('SS-89 capability first, then the inline range, then ranges', () => {
    const ipam = {
      subnet: '10.2.0.0/24',
      rangeStart: '10.2.0.9',
      gateway: '10.2.0.1',
      exclude: ['10.2.0.50'],
      ranges: [[{ subnet: '10.3.0.0/24' }, { subnet: '10.4.0.0/24' }]],
    };
    expect(slotsOf(ipam, { runtimeConfig: { ipRanges: [[{ subnet: '10.1.0.0/24' }]] } })).toEqual([
      [{ subnet: '10.1.0.0/24' }],
      [{ subnet: '10.2.0.0/24', rangeStart: '10.2.0.9', gateway: '10.2.0.1', exclude: ['10.2.0.50'] }],
      [{ subnet: '10.3.0.0/24' }, { subnet: '10.4.0.0/24' }],
    ]);
  });

  it('passes over empty fields, and takes gateway auto as none given', () => {
    expect(slotsOf({ ranges: [[{ subnet: '10.3.0.0/24', rangeStart: '', rangeEnd: '', gateway: '' }]] })).toEqual([
      [{ subnet: '10.3.0.0/24' }],
    ]);
    expect(slotsOf({ subnet: '10.2.0.0/24', gateway: 'auto' })).toEqual([[{ subnet: '10.2.0.0/24' }]]);
  });

  it('without any, the pools of the store are used', () => {
    for (const ipam of [{}, { ranges: [] }, { ranges: null }, { rangeStart: '10.0.0.1' }]) expect(slotsOf(ipam)).toBeUndefined();
  });

  it('refuses dataDir with a hint', () => {
    expect(() => slotsOf({ dataDir: '/x', subnet: '10.0.0.0/24' })).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining('dataDir'), details: expect.stringContaining('lmdb:FOLDER') }),
    );
  });
});
