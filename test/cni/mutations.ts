/** Calls of the plugin as no runtime should make them: usual ones, with a few things in them replaced. */
import fc from 'fast-check';
import { VERBS } from '../../src/cni/call.ts';
import { CONF, ENV } from './bed.ts';

export interface MutatedCall {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: string;
}

type Json = fc.JsonValue;
type JsonObject = { [name: string]: Json };

const IPAM = { type: 'plat', store: 'memory:' };
const VALID = [{ containerID: 'c1', ifname: 'eth0' }];

const CONFS: readonly JsonObject[] = [
  { ...CONF, ipam: IPAM },
  { ...CONF, cniVersion: '0.2.0', ipam: { ...IPAM, assign_ipv6: 'true' } },
  { ...CONF, cniVersion: '1.0.0', type: 'bridge', ipam: { ...IPAM, assign_ipv4: 'false', assign_ipv6: 'true', gateway: 'block' } },
  {
    ...CONF,
    type: 'macvlan',
    ipam: { ...IPAM, gateway: ['10.0.0.9'], ipv4_pools: ['pool1'], routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.9' }] },
  },
  { ...CONF, name: 'lab', ipam: { ...IPAM, ranges: [[{ subnet: '10.7.0.0/28', exclude: ['10.7.0.8/30'] }], [{ subnet: 'fd07::/64' }]] } },
  { ...CONF, name: 'old', ipam: { ...IPAM, subnet: '10.8.0.0/28', rangeStart: '10.8.0.4', rangeEnd: '10.8.0.9', gateway: '10.8.0.1' } },
  {
    ...CONF,
    args: { cni: { ips: ['10.0.0.50'] } },
    runtimeConfig: { ips: ['fd00::50/64'], ipRanges: [] },
    ipam: { ...IPAM, gcMaxPercent: 100 },
  },
  {
    ...CONF,
    'cni.dev/valid-attachments': VALID,
    prevResult: { cniVersion: '1.1.0', ips: [{ address: '10.0.0.0/24' }] },
    ipam: { ...IPAM, gcMaxPercent: 100 },
  },
];

/** Members that a mutation replaces; log files are left alone, since they would be written. */
const PATHS = [
  ...[
    'cniVersion',
    'name',
    'type',
    'ipam',
    'args',
    'args.cni',
    'args.cni.ips',
    'runtimeConfig',
    'runtimeConfig.ips',
    'runtimeConfig.ipRanges',
  ],
  ...[
    'prevResult',
    'prevResult.ips',
    'cni.dev/valid-attachments',
    'cni.dev/attachments',
    'nodename',
    'nodename_file',
    'hostname',
    'unknown',
  ],
  ...['datastore_type', 'etcd_endpoints', 'etcd_authority', 'etcd_scheme', 'etcd_discovery_srv', 'etcd_key_file', 'etcd_ca_cert_file'],
  ...[
    'store',
    'assign_ipv4',
    'assign_ipv6',
    'ipv4_pools',
    'ipv6_pools',
    'gateway',
    'registerNode',
    'timeoutSeconds',
    'statusTimeoutSeconds',
  ].map((name) => `ipam.${name}`),
  ...[
    'gcMaxPercent',
    'ranges',
    'subnet',
    'rangeStart',
    'rangeEnd',
    'exclude',
    'routes',
    'resolvConf',
    'dataDir',
    'nodename',
    'etcd_endpoints',
  ].map((name) => `ipam.${name}`),
];

const junk = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<Json>(null, true, false, 0, -1, 1e308, 0.5, '', [], {}, [[]], [{}], 'true', 'auto', 'none', 'block', 'pool'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Json>(
      '10.0.0.0/24',
      '10.9.0.0/30',
      '10.0.0.7',
      '10.0.0.300',
      'fd00::/64',
      '0.0.0.0/0',
      '::/0',
      '::ffff:10.0.0.9',
      '1.0.0',
      '__proto__',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Json>(
      ['10.0.0.60', '10.0.0.60'],
      ['fd00::9/64'],
      [[{ subnet: '10.9.0.0/29' }]],
      [[{ subnet: 'fd09::/126' }], []],
      { ips: [{ address: 7 }] },
      ['nosuch'],
      [{ containerID: 'c2', ifname: 'eth0' }],
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

const confText = fc
  .tuple(
    fc.constantFrom(...CONFS),
    fc.array(fc.tuple(fc.constantFrom(...PATHS), fc.option(junk, { nil: undefined, freq: 6 })), { maxLength: 3 }),
  )
  .map(([conf, mutations]) => JSON.stringify(mutations.reduce((next, [path, value]) => replaced(next, pathOf(path), value), conf)));

const stdin = fc.oneof(
  { weight: 12, arbitrary: confText },
  {
    weight: 1,
    arbitrary: fc
      .tuple(confText, fc.nat(400), fc.string({ maxLength: 3 }))
      .map(([text, at, inserted]) => text.slice(0, at) + inserted + text.slice(at + 1)),
  },
  { weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

/** Environments cannot carry NUL. */
const envText = fc
  .oneof(fc.constantFrom('', '.', '..', '/', 'a/b', 'x'.repeat(200), 'TRUE', '-c'), fc.string({ unit: 'binary', maxLength: 30 }))
  .map((text) => text.replaceAll('\0', ''));

function usually(usual: fc.Arbitrary<string | undefined>): fc.Arbitrary<string | undefined> {
  return fc.oneof({ weight: 80, arbitrary: usual }, { weight: 1, arbitrary: envText }, { weight: 1, arbitrary: fc.constant(undefined) });
}

const env = fc.record({
  CNI_COMMAND: usually(fc.constantFrom('ADD', 'ADD', 'ADD', 'DEL', ...VERBS)),
  CNI_CONTAINERID: usually(fc.constantFrom('c1', 'c2', 'c3', 'c4.x')),
  CNI_NETNS: usually(fc.constantFrom(ENV.CNI_NETNS, '/no/such/netns', '/proc/self/ns/net')),
  CNI_IFNAME: usually(fc.constantFrom('eth0', 'eth0', 'net1')),
  CNI_PATH: usually(fc.constant(ENV.CNI_PATH)),
  CNI_ARGS: usually(
    fc.constantFrom(
      undefined,
      'IgnoreUnknown=1;K8S_POD_NAME=p;K8S_POD_NAMESPACE=n',
      'IP=10.0.0.70',
      'IP=fd00::70/64,10.0.0.71',
      'IP=x',
      'x',
    ),
  ),
  CNI_NETNS_OVERRIDE: usually(fc.constant(undefined)),
});

export const mutatedCalls: fc.Arbitrary<MutatedCall> = fc.record({ env, stdin });

/** The names on the way to a member; those of the specification's own have dots in them. */
function pathOf(path: string): readonly string[] {
  return path.startsWith('cni.dev/') ? [path] : path.split('.');
}

function replaced(object: JsonObject, [name = '', ...rest]: readonly string[], value: Json | undefined): JsonObject {
  const { [name]: before, ...others } = object;
  if (rest.length === 0) return value === undefined ? others : { ...others, [name]: value };
  const inner = typeof before === 'object' && before !== null && !Array.isArray(before) ? before : {};
  return { ...others, [name]: replaced(inner as JsonObject, rest, value) };
}
