import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { handleOf } from '../../src/cni/attachment.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openBed } from './bed.ts';

const POOLS = { pools: ['10.0.0.0/26', 'fd00::/122'] };

describe('handleOf', () => {
  it.each([
    [{ network: 'net', containerId: 'c1', ifname: 'eth0' }, 'net.c1'],
    [{ network: 'my.net', containerId: 'c1', ifname: 'eth0' }, 'my.net.c1'],
    [{ network: 'net', containerId: 'c1', ifname: 'net1' }, 'net:c1:net1'],
    [{ network: 'my', containerId: 'net.c1', ifname: 'eth0' }, 'my:net.c1:eth0'],
  ])('of %j is %s', (attachment, handle) => {
    expect(handleOf(attachment)).toBe(handle);
  });
});

describe('ADD', () => {
  it('SS-05 records node, time, pod, namespace, network, container and interface', async () => {
    const bed = await openBed(POOLS);
    await bed.add('c1', { env: { CNI_IFNAME: 'net1', CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web-0;K8S_POD_NAMESPACE=default' } });
    const { handle, active } = await bed.world.ipam.getAssignmentAttributes({ ip: '10.0.0.0' });
    expect([handle, active]).toEqual([
      'net:c1:net1',
      {
        node: 'host-a',
        timestamp: expect.stringMatching(/^2026-08-22 00:00:00\.\d+ \+0000 UTC$/),
        pod: 'web-0',
        namespace: 'default',
        network: 'net',
        container: 'c1',
        interface: 'net1',
      },
    ]);
    await bed.add('c2', { env: { CNI_ARGS: 'K8S_POD_NAME=web-0' } });
    expect((await bed.world.ipam.getAssignmentAttributes({ ip: '10.0.0.1' })).active).not.toHaveProperty('pod');
  });

  it('SS-02, SS-27 a repeat gives the same result, writes nothing and commits nothing', async () => {
    const bed = await openBed(POOLS);
    const call = { ipam: { assign_ipv6: true } };
    const first = await bed.run('ADD', call);
    const before = await bed.world.dump();
    const again = await bed.run('ADD', call);
    expect(again.stdout).toBe(first.stdout);
    expect(again.calls.filter(({ verb }) => verb === 'commit')).toEqual([]);
    expect(await bed.world.dump()).toEqual(before);
  });

  it.each([
    ['pools', {}],
    ['ranges', { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd01::/64' }]] }],
  ])('SS-02 ten repeats at once, with %s: one address of each family', async (_, ipam) => {
    const bed = await openBed(POOLS);
    const call = { ipam: { assign_ipv6: true, ...ipam } };
    const given = await Promise.all(Array.from({ length: 10 }, () => bed.add('c1', call)));
    expect(new Set(given.map((ips) => ips.join())).size).toBe(1);
    expect(Object.keys(await bed.world.held())).toHaveLength(2);
  });

  it('SS-03 two networks and two interfaces of one container are four attachments', async () => {
    const bed = await openBed(POOLS);
    const given: string[] = [];
    for (const name of ['net', 'other'])
      for (const ifname of ['eth0', 'net1']) given.push(...(await bed.add('c1', { conf: { name }, env: { CNI_IFNAME: ifname } })));
    expect(given).toEqual(['10.0.0.0/26', '10.0.0.1/26', '10.0.0.2/26', '10.0.0.3/26']);
    await bed.del('c1', { conf: { name: 'other' }, env: { CNI_IFNAME: 'net1' } });
    expect(Object.values(await bed.world.held())).toEqual(['net.c1', 'net:c1:net1', 'other.c1']);
  });

  it('I7 one family without an address: nothing of the other is kept', async () => {
    const bed = await openBed({ pools: ['10.0.0.0/26'] });
    expect((await bed.refused('ADD', { ipam: { assign_ipv6: true } })).code).toBe(101);
  });

  it('registers a node that is not known, in the same commit', async () => {
    const bed = await openBed(POOLS);
    const { calls, exitCode } = await bed.run('ADD', { conf: { nodename: 'newcomer' } });
    expect([exitCode, calls.filter(({ verb }) => verb === 'commit')]).toEqual([0, [expect.anything()]]);
    expect((await bed.world.ipam.nodes.list()).map(({ name }) => name)).toContain('newcomer');
  });

  it('takes four requests with a new node and block, three later', async () => {
    const bed = await openBed(POOLS);
    const first = await bed.run('ADD', { conf: { nodename: 'newcomer' } });
    const second = await bed.run('ADD', { env: { CNI_CONTAINERID: 'c2' }, conf: { nodename: 'newcomer' } });
    expect(first.calls.length).toBeLessThanOrEqual(4);
    expect(second.calls.length).toBeLessThanOrEqual(3);
  });

  it.each<[string, object, object, string[], (string | undefined)[], string[] | undefined]>([
    ['calico', {}, {}, ['10.0.0.0/26'], [undefined], ['10.0.0.0/26']],
    ['calico', { assign_ipv6: true }, {}, ['10.0.0.0/26', 'fd00::/122'], [undefined, undefined], ['10.0.0.0/26', 'fd00::/122']],
    ['bridge', {}, {}, ['10.0.0.2/26'], ['10.0.0.1'], undefined],
    ['bridge', { gateway: 'none' }, {}, ['10.0.0.0/26'], [undefined], ['10.0.0.0/26']],
    ['bridge', { gateway: '10.0.0.9' }, {}, ['10.0.0.1/26'], ['10.0.0.9'], undefined],
    ['macvlan', { routes: [{ dst: '0.0.0.0/0' }] }, {}, ['10.0.0.2/26'], ['10.0.0.1'], ['0.0.0.0/0']],
    ['calico', {}, { args: { cni: { ips: ['10.0.0.9/8'] } } }, ['10.0.0.9/26'], [undefined], ['10.0.0.0/26']],
    [
      'bridge',
      {},
      { runtimeConfig: { ips: ['10.0.0.9', '10.0.0.8'] } },
      ['10.0.0.9/26', '10.0.0.8/26'],
      ['10.0.0.1', '10.0.0.1'],
      undefined,
    ],
    ['bridge', { subnet: '10.1.0.0/16', routes: [{ dst: '0.0.0.0/0' }] }, {}, ['10.1.0.2/16'], ['10.1.0.1'], ['0.0.0.0/0']],
  ])('SS-27 for %s with ipam %j and beside it %j', async (type, ipam, conf, addresses, gateways, routes) => {
    const bed = await openBed(POOLS);
    const result = await bed.ok('ADD', { conf: { type, ...conf }, ipam: { ...ipam } });
    expect(result?.ips.map(({ address }) => address)).toEqual(addresses);
    expect(result?.ips.map(({ gateway }) => gateway)).toEqual(gateways);
    expect(result?.routes?.map(({ dst }) => dst)).toEqual(routes);
  });

  it('with "bridge" and "block" a node has one block, and the error says how to have more', async () => {
    const bed = await openBed({ pools: [{ cidr: '10.0.0.0/28', blockSize: 29 }] });
    const bridge = { conf: { type: 'bridge' } };
    for (let n = 0; n < 5; n++) await bed.add(`c${n}`, bridge);
    const error = await bed.refused('ADD', { ...bridge, env: { CNI_CONTAINERID: 'c5' } });
    expect([error.code, error.details]).toEqual([101, expect.stringContaining('blockSize')]);
    expect(await bed.add('c6')).toEqual(['10.0.0.0/29']);
  });

  it('SS-89 ranges: cursor order over calls, default routes and gateway as configured', async () => {
    const bed = await openBed({ pools: [] });
    const call = { ipam: { ranges: [[{ subnet: '10.1.0.0/29', gateway: '10.1.0.6' }]] } };
    expect([await bed.add('a', call), await bed.add('b', call)]).toEqual([['10.1.0.1/29'], ['10.1.0.2/29']]);
    await bed.del('a', call);
    expect(await bed.add('c', call)).toEqual(['10.1.0.3/29']);
  });

  it('writes its log to the file that is named, and nothing of it to the answer', async () => {
    const bed = await openBed(POOLS);
    const file = join(await temporaryFolder(), 'plat.log');
    const { stdout } = await bed.run('ADD', { ipam: { log: { level: 'debug', file } } });
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ event: 'assigned', handle: 'net.c1', addresses: ['10.0.0.0'] }),
    );
    expect(JSON.parse(stdout)).toMatchObject({ ips: [{ address: '10.0.0.0/26' }] });
  });
});

describe('I11', () => {
  it('a DEL that was answered while ADD was on its way to commit is final', async () => {
    const bed = await openBed(POOLS);
    let dels = 1;
    const { stdout, exitCode } = await bed.run('ADD', {
      fault: async ({ verb }) => {
        if (verb === 'commit' && dels-- > 0) await bed.del('c1');
        return 'none' as const;
      },
    });
    expect([exitCode, JSON.parse(stdout)]).toEqual([1, expect.objectContaining({ code: 105, msg: expect.stringContaining('released') })]);
    expect(await bed.world.held()).toEqual({});
  });

  it.each([['was adopted by init before it began', { parentPid: () => 1 }, 105]])(
    'an ADD that %s takes no address after a DEL',
    async (_, call, code) => {
      const bed = await openBed(POOLS);
      await bed.del('c1');
      expect(await bed.refused('ADD', call)).toMatchObject({ code });
      expect(await bed.add('c2', call)).toEqual(['10.0.0.0/26']);
      expect(await bed.add('c1')).toEqual(['10.0.0.1/26']);
    },
  );

  it('an ADD whose caller ends before the commit takes none, without any DEL', async () => {
    const bed = await openBed(POOLS);
    let parent = 4_711;
    const error = await bed.refused('ADD', {
      parentPid: () => parent,
      fault: ({ verb }) => {
        if (verb === 'read') parent = 1;
        return 'none' as const;
      },
    });
    expect(error).toMatchObject({ code: 11, msg: expect.stringContaining('has ended') });
  });

  it('an ADD that another process carries out takes none when its own process has ended, or waits no longer', async () => {
    const bed = await openBed(POOLS);
    expect(await bed.refused('ADD', { startedBy: 4_711, parentPid: () => 0 })).toMatchObject({ code: 11 });
    const left = new AbortController();
    const before = await bed.world.dump();
    const { exitCode } = await bed.run('ADD', {
      gone: left.signal,
      fault: ({ verb }) => {
        if (verb === 'read') left.abort();
        return 'none' as const;
      },
    });
    expect(exitCode).toBe(1);
    expect(await bed.world.dump()).toEqual(before);
  });
});
