import { describe, expect, it } from 'vitest';
import { CniError } from '../../src/cni/errors.ts';
import { decodeConf, netConfOf } from '../../src/cni/netconf.ts';

const IPAM = { type: 'plat' };

function refusal(run: () => unknown): CniError {
  try {
    run();
  } catch (error) {
    if (error instanceof CniError) return error;
  }
  throw new Error('nothing was refused');
}

/** Error of a configuration whose member at `path` (dots between names) has the value. */
function wrong(path: string, value: unknown): CniError {
  const names = path.split(':');
  const nested = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as { ipam?: object };
  return refusal(() => netConfOf({ name: 'net', ...nested, ipam: { ...IPAM, ...nested.ipam } }));
}

describe('decodeConf', () => {
  it.each(['', ' \n', '{"cniVersion":', 'null', '[]', '"text"', '7', '{"a":1}}'])('code 6 for %j', (text) => {
    expect(refusal(() => decodeConf(text))).toMatchObject({ code: 6, message: expect.stringContaining('network configuration on stdin') });
  });

  it('says nothing of what stands around the fault, which may be a password', () => {
    const error = refusal(() => decodeConf('{"etcd_password": "hunter2"  "x"}'));
    expect(`${error.message} ${error.details}`).not.toContain('hunter2');
    expect(error.message.length).toBeLessThan(200);
  });
});

describe('netConfOf', () => {
  it('takes a configuration of every documented field', () => {
    const conf = {
      cniVersion: '1.1.0',
      name: 'k8s-pod-network',
      type: 'bridge',
      datastore_type: 'etcdv3',
      etcd_endpoints: 'https://127.0.0.1:2379',
      etcd_authority: 'h:1',
      etcd_scheme: 'https',
      etcd_discovery_srv: '',
      etcd_key_file: '/k',
      etcd_cert_file: '/c',
      etcd_ca_cert_file: '/ca',
      nodename: 'n',
      nodename_file: '/f',
      hostname: 'h',
      log_level: 'info',
      log_file_path: '/l',
      ipam: {
        type: 'plat',
        store: 'lmdb:/var/lib/plat',
        assign_ipv4: 'true',
        assign_ipv6: false,
        ipv4_pools: ['p', '10.0.0.0/8'],
        ipv6_pools: null,
        gateway: ['10.0.0.1', 'fd00::1'],
        registerNode: false,
        timeoutSeconds: 5.5,
        statusTimeoutSeconds: 1,
        gcMaxPercent: 0,
        log: { level: 'debug', file: '/l' },
        ranges: [[{ subnet: '10.0.0.0/24', rangeStart: '10.0.0.9', rangeEnd: '10.0.0.99', gateway: '10.0.0.1', exclude: ['10.0.0.50'] }]],
        routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1', mtu: 1_400, advmss: 1, priority: 1, table: 1, scope: 253 }],
        resolvConf: '/etc/resolv.conf',
      },
      args: { cni: { ips: ['10.0.0.7'] } },
      runtimeConfig: { ips: ['10.0.0.7/24'], ipRanges: [[{ subnet: '10.0.0.0/24' }]] },
      prevResult: { ips: [] },
      'cni.dev/valid-attachments': [{ containerID: 'c', ifname: 'eth0' }],
    };
    const parsed = netConfOf(conf);
    expect(parsed).toEqual({ ...conf, ipam: { ...conf.ipam, assign_ipv4: true } });
  });

  it.each([
    ['true', true],
    [true, true],
    ['false', false],
    [false, false],
    ['', undefined],
  ])('takes assign_ipv4 %j as %j, as text or switch', (written, read) => {
    expect(netConfOf({ name: 'n', ipam: { assign_ipv4: written, assign_ipv6: written } }).ipam).toMatchObject({
      assign_ipv4: read,
      assign_ipv6: read,
    });
  });

  it('leaves fields that it does not know to others', () => {
    const unknown = { kubernetes: { kubeconfig: 3 }, policy: 7, mtu: 'x', dns: [] };
    expect(netConfOf({ name: 'n', ...unknown, ipam: { ...IPAM, ...unknown } })).toMatchObject(unknown);
  });

  const texts = [
    'store',
    'subnet',
    'rangeStart',
    'rangeEnd',
    'resolvConf',
    'dataDir',
    'type',
    'nodename',
    'nodename_file',
    'hostname',
    'log_level',
    'log_file_path',
  ];
  const etcd = [
    'datastore_type',
    'etcd_endpoints',
    'etcd_authority',
    'etcd_scheme',
    'etcd_discovery_srv',
    'etcd_key_file',
    'etcd_cert_file',
    'etcd_ca_cert_file',
  ];
  it.each<[string, unknown, string]>([
    ...[...texts, ...etcd].map((name): [string, unknown, string] => [`ipam:${name}`, { secret: 'hunter2' }, 'string']),
    ...[...etcd, 'nodename', 'nodename_file', 'hostname', 'log_level', 'log_file_path', 'type'].map((name): [string, unknown, string] => [
      name,
      ['hunter2'],
      'string',
    ]),
    ['ipam:assign_ipv4', 'hunter2', 'true or false'],
    ['ipam:assign_ipv4', 1, 'true or false'],
    ['ipam:assign_ipv6', 'yes', 'true or false'],
    ['ipam:ipv4_pools', 'hunter2', 'Array'],
    ['ipam:ipv6_pools', [7], 'string'],
    ['ipam:gateway', 7, 'auto, none, block, pool, or addresses'],
    ['ipam:registerNode', 'hunter2', 'boolean'],
    ['ipam:timeoutSeconds', '30', 'number'],
    ['ipam:timeoutSeconds', 0, '>0'],
    ['ipam:timeoutSeconds', 3_601, '<=3600'],
    ['ipam:statusTimeoutSeconds', -1, '>0'],
    ['ipam:gcMaxPercent', 101, '<=100'],
    ['ipam:gcMaxPercent', 'hunter2', 'number'],
    ['ipam:log', 'debug', 'Object'],
    ['ipam:log', ['debug'], 'Object'],
    ['ipam:log:level', 7, 'string'],
    ['ipam:exclude', '10.0.0.1', 'Array'],
    ['ipam:ranges', {}, 'Array'],
    ['ipam:ranges', [{ subnet: '10.0.0.0/24' }], 'Array'],
    ['ipam:ranges', [[{}]], 'missing'],
    ['ipam:routes', [{ gw: '10.0.0.1' }], 'missing'],
    ['ipam:routes', [{ dst: '0.0.0.0/0', mtu: 'hunter2' }], 'number'],
    ['runtimeConfig:ips', 'hunter2', 'Array'],
    ['runtimeConfig:ipRanges', [[7]], 'Object'],
    ['args:cni', [], 'Object'],
    ['args:cni:ips', [{}], 'string'],
    ['cni.dev/valid-attachments', {}, 'Array'],
    ['cni.dev/valid-attachments', null, 'Array'],
    ['cni.dev/attachments', [{ containerID: 'c' }], 'missing'],
  ])('code 7 for %s: %j, naming the field and what is expected, not the value', (path, value, expected) => {
    const error = wrong(path, value);
    expect(error.code).toBe(7);
    expect(error.details).toContain(path.replaceAll(':', '.'));
    expect(error.details).toContain(expected);
    expect(`${error.message} ${error.details}`).not.toContain('hunter2');
  });

  it.each([[undefined], [7], [[]], [null], ['plat']])('code 7 for ipam: %j', (ipam) => {
    expect(refusal(() => netConfOf({ name: 'n', ipam }))).toMatchObject({ code: 7, details: expect.stringContaining('ipam') });
  });

  it.each([undefined, '', '-a', '.a', 'a/b', 'a:b', 'ä', 'a b', 'x'.repeat(129), 7])('code 7 for the network name %j', (name) => {
    expect(refusal(() => netConfOf({ name, ipam: IPAM }))).toMatchObject({ code: 7 });
  });

  it.each(['k8s-pod-network', 'a', '9.b_c-d', 'x'.repeat(128)])('takes the network name %j', (name) => {
    expect(netConfOf({ name, ipam: IPAM }).name).toBe(name);
  });

  it('names several wrong fields at once, and not too many', () => {
    const error = refusal(() =>
      netConfOf({ name: 'n', ipam: { store: 1, subnet: 2, gateway: 3, registerNode: 4, timeoutSeconds: 'x', log: 6, ranges: 7 } }),
    );
    expect(error.details.split(';')).toHaveLength(5);
  });
});
