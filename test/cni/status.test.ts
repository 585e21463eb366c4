import { describe, expect, it, onTestFinished } from 'vitest';
import { answer } from '../../src/cni/plugin.ts';
import { openIpam } from '../../src/ipam/open.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { startEtcd } from '../support/etcd.ts';
import { requestsServed } from '../support/etcd-api.ts';
import { keys } from '../support/ipam.ts';
import { type BedCall, CONF, type Conf, openBed, textOf } from './bed.ts';

const NODE_ENV = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined };
const EMBEDDED = { store: 'lmdb:/nowhere' };

describe('STATUS', () => {
  it.each<[string, Conf, Conf]>([
    ['pools', {}, {}],
    ['both families', { assign_ipv6: true }, {}],
    ['a bridge', {}, { type: 'bridge' }],
    ['ranges', { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd01::/64' }]] }, {}],
    ['a node that is not known yet', {}, { nodename: 'newcomer' }],
    ['addresses that a container asks for, which play no part', {}, { args: { cni: { ips: ['192.0.2.1'] } } }],
  ])('SS-32 %s: succeeds with one read, says and writes nothing', async (_, ipam, conf) => {
    const bed = await openBed({ pools: ['10.0.0.0/24', 'fd00::/112'] });
    await bed.add('c1', { ipam });
    const before = await bed.world.dump();
    const { stdout, exitCode, calls } = await bed.run('STATUS', { env: NODE_ENV, ipam, conf });
    expect([stdout, exitCode, calls.map(({ verb }) => verb)]).toEqual(['', 0, ['read']]);
    expect(await bed.world.dump()).toEqual(before);
  });

  it.each<[string, BedCall, RegExp]>([
    ['no pool of the family', { ipam: { assign_ipv6: true } }, /IPv6/],
    ['an unknown pool', { ipam: { ipv4_pools: ['nosuch'] } }, /nosuch/],
    ['an unknown node that may not be registered', { conf: { nodename: 'stranger' }, ipam: { registerNode: false } }, /stranger/],
    ['a store that is down', { fault: () => 'unavailable' }, /does not answer/],
    ['a field of a wrong type', { ipam: { ranges: 'all' } }, /ipam\.ranges/],
    ['a bad range', { ipam: { subnet: '10.1.0.7/24' } }, /10\.1\.0\.7\/24/],
    ['a bad range and an unreachable store', { ipam: { subnet: '10.1.0.7/24' }, fault: () => 'unavailable' }, /10\.1\.0\.7\/24/],
    ['addresses that a container asks for, and no pool', { ipam: { ipv4_pools: ['nosuch'] }, env: { CNI_ARGS: 'IP=10.0.0.7' } }, /nosuch/],
  ])('SS-32 50 for %s', async (_, call, words) => {
    const bed = await openBed();
    const error = await bed.refused('STATUS', { ...call, env: { ...NODE_ENV, ...call.env } });
    expect([error.code, textOf(error)]).toEqual([50, expect.stringMatching(words)]);
  });

  it.each<[string, Conf]>([
    ['pools', {}],
    ['ranges', { subnet: '10.1.0.0/30' }],
  ])('SS-32 50 when nothing is left, where the store is embedded: %s', async (_, ipam) => {
    const bed = await openBed({ pools: [{ cidr: '10.0.0.0/32', blockSize: 32 }] });
    await bed.add('c1', { ipam: { ...EMBEDDED, ...ipam } });
    const error = await bed.refused('STATUS', { env: NODE_ENV, ipam: { ...EMBEDDED, ...ipam } });
    expect([error.code, textOf(error)]).toEqual([50, expect.stringContaining('(no-free-address)')]);
  });

  it('SS-32 51 when what is stored cannot be read', async () => {
    const bed = await openBed();
    await bed.world.put(keys.config, '{"kind":');
    const error = await bed.refused('STATUS', { env: NODE_ENV });
    expect([error.code, textOf(error)]).toEqual([51, expect.stringContaining(keys.config)]);
  });

  it('has a deadline of its own, and gives the reason', async () => {
    const bed = await openBed();
    const never = new Promise<never>(() => {});
    const error = await bed.refused('STATUS', { env: NODE_ENV, ipam: { statusTimeoutSeconds: 0.05 }, fault: () => never });
    expect([error.code, textOf(error)]).toEqual([50, expect.stringMatching(/gave up after [\d.]+ s, waiting for etcd:/)]);
  });

  it.each([
    ['4 for what the runtime left out', { env: { ...NODE_ENV, CNI_PATH: undefined } }, 4],
    ['6 for a configuration that is none', { stdin: '{' }, 6],
    ['1 for a version without it', { conf: { cniVersion: '1.0.0' } }, 1],
  ])('%s, as from every verb', async (_, call, code) => {
    expect((await (await openBed()).refused('STATUS', call)).code).toBe(code);
  });

  it('asks a real etcd once, of which it knows nothing before', async () => {
    const { endpoints, stop } = await startEtcd();
    onTestFinished(stop);
    const url = `etcd://${endpoints.join(',')}`;
    const ipam = openIpam({ store: await openStore(url) });
    await ipam.pools.create({ name: 'p', spec: { cidr: '10.0.0.0/24' } });
    await ipam.close();
    const status = async (fields: Conf) =>
      await answer({
        env: { CNI_COMMAND: 'STATUS', CNI_PATH: '/opt/cni/bin' },
        clock: systemClock,
        parentPid: () => 4_711,
        readStdin: async () => JSON.stringify({ ...CONF, ipam: { type: 'plat', store: url, ...fields } }),
      });
    for (const [fields, exitCode] of [
      [{}, 0],
      [{ ipv4_pools: ['nosuch'] }, 1],
      [{ subnet: '10.1.0.0/24' }, 0],
    ] as const) {
      const before = total(await requestsServed(endpoints[0] as string));
      expect((await status(fields)).exitCode).toBe(exitCode);
      expect(total(await requestsServed(endpoints[0] as string)) - before).toBe(1);
    }
  });
});

function total(served: ReadonlyMap<string, number>): number {
  return [...served.values()].reduce((sum, count) => sum + count, 0);
}
