/**
 * The network configuration on stdin: this plugin's own fields, and those of calico-ipam and host-local, so that a
 * configuration written for them works with only its type changed (docs/cni.md). Unknown fields belong to others.
 */
import * as v from 'valibot';
import { CniError, CODES } from './errors.ts';

/** Members that are not named belong to others. The library takes a list for an object, too. */
function object<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(
    v.custom<object>((value) => !Array.isArray(value), 'expected is Object, not a list'),
    v.looseObject(entries),
  );
}

const text = v.string();
const texts = v.array(text);
/** Calico writes its switches as text. */
const onOff = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false', ''])], 'expected is true or false'),
  v.transform((value) => (value === '' ? undefined : value === true || value === 'true')),
);
const seconds = v.pipe(v.number(), v.gtValue(0), v.maxValue(3_600));

const range = object({
  subnet: text,
  rangeStart: v.optional(text),
  rangeEnd: v.optional(text),
  gateway: v.optional(text),
  exclude: v.optional(texts),
});
const rangeSets = v.array(v.array(range));
const route = object({
  dst: text,
  gw: v.optional(text),
  mtu: v.optional(v.number()),
  advmss: v.optional(v.number()),
  priority: v.optional(v.number()),
  table: v.optional(v.number()),
  scope: v.optional(v.number()),
});

/** Calico has these beside `ipam`; inside it they count first. */
const placed = {
  datastore_type: v.optional(text),
  etcd_endpoints: v.optional(text),
  etcd_authority: v.optional(text),
  etcd_scheme: v.optional(text),
  etcd_discovery_srv: v.optional(text),
  etcd_key_file: v.optional(text),
  etcd_cert_file: v.optional(text),
  etcd_ca_cert_file: v.optional(text),
  nodename: v.optional(text),
  nodename_file: v.optional(text),
  hostname: v.optional(text),
  log_level: v.optional(text),
  log_file_path: v.optional(text),
};

const ipam = object({
  ...placed,
  type: v.optional(text),
  store: v.optional(text),
  assign_ipv4: v.optional(onOff),
  assign_ipv6: v.optional(onOff),
  ipv4_pools: v.optional(v.nullable(texts)),
  ipv6_pools: v.optional(v.nullable(texts)),
  gateway: v.optional(v.union([text, texts], 'expected is auto, none, block, pool, or addresses')),
  registerNode: v.optional(v.boolean()),
  timeoutSeconds: v.optional(seconds),
  statusTimeoutSeconds: v.optional(seconds),
  gcMaxPercent: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
  log: v.optional(object({ level: v.optional(text), file: v.optional(text) })),
  ranges: v.optional(v.nullable(rangeSets)),
  subnet: v.optional(text),
  rangeStart: v.optional(text),
  rangeEnd: v.optional(text),
  exclude: v.optional(texts),
  routes: v.optional(v.nullable(v.array(route))),
  resolvConf: v.optional(text),
  dataDir: v.optional(text),
});

const attachments = v.optional(v.array(object({ containerID: text, ifname: text })));
const netConf = object({
  ...placed,
  cniVersion: v.optional(text),
  name: text,
  type: v.optional(text),
  ipam,
  args: v.optional(v.nullable(object({ cni: v.optional(v.nullable(object({ ips: v.optional(v.nullable(texts)) }))) }))),
  runtimeConfig: v.optional(v.nullable(object({ ips: v.optional(v.nullable(texts)), ipRanges: v.optional(v.nullable(rangeSets)) }))),
  prevResult: v.optional(v.unknown()),
  'cni.dev/valid-attachments': attachments,
  // The spelling of an early draft; libcni sends both.
  'cni.dev/attachments': attachments,
});

export type NetConf = v.InferOutput<typeof netConf>;
export type RouteConf = v.InferOutput<typeof route>;
export interface RangeConf {
  readonly subnet: string;
  readonly rangeStart?: string | undefined;
  readonly rangeEnd?: string | undefined;
  readonly gateway?: string | undefined;
  readonly exclude?: readonly string[] | undefined;
}

const NETWORK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const NETWORK_NAME_LENGTH_MAX = 128;

/** Only what the version says, so that an error can be answered in it. Code 6 when the text is no JSON object. */
export function decodeConf(stdin: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(stdin);
  } catch (error) {
    const reason = stdin.trim() === '' ? 'it is empty' : error instanceof Error ? error.message : String(error);
    throw new CniError(CODES.undecodable, `the network configuration on stdin is not JSON: ${withoutInput(reason)}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new CniError(CODES.undecodable, 'the network configuration on stdin is not a JSON object');
}

/** Engines quote the text around the fault; it may have a password. */
function withoutInput(reason: string): string {
  return reason.replace(/[,:]? ?(["'`]).*$/s, '').slice(0, 100);
}

/** Checks types field by field; code 7, naming the fields. */
export function netConfOf(value: Readonly<Record<string, unknown>>): NetConf {
  const { name } = value;
  if (name === undefined || name === '') throw invalid('the network has no name', 'Give it one: "name": "pods".');
  if (typeof name === 'string' && (!NETWORK_NAME.test(name) || name.length > NETWORK_NAME_LENGTH_MAX))
    throw invalid(
      'the name of the network has characters it cannot have, or too many',
      `Expected are letters, digits, "_", "." and "-", beginning with a letter or digit, at most ${NETWORK_NAME_LENGTH_MAX}.`,
    );
  const parsed = v.safeParse(netConf, value);
  if (parsed.success) return parsed.output;
  const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the configuration'}: ${expectation(issue)}`);
  throw invalid('the network configuration has fields of a wrong type', `${problems.slice(0, 5).join('; ')}.`);
}

/** Says the type, not the value, which may be a secret. */
function expectation(issue: v.BaseIssue<unknown>): string {
  if (issue.message.startsWith('expected')) return issue.message;
  if (issue.input === undefined) return 'it is missing';
  return `expected is ${issue.expected ?? 'another value'}, not ${typeNameOf(issue.input)}`;
}

function typeNameOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function invalid(message: string, details: string): CniError {
  return new CniError(CODES.invalidConfig, message, details);
}
