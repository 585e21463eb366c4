/** Calico's error texts and the codes that stand for the same refusal here (kind 3). A text that no rule names is a difference. */
import { parseCidr, parseCidrMasked, parseIp } from '../../src/core/addr.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { IpamErrorCode } from '../../src/index.ts';
import { keyOf, parseKey } from '../../src/store/keys.ts';
import { blockEntries, cutId, isInUse, objectAt } from './blocks.ts';
import type { Step } from './history.ts';
import type { Snapshot } from './keyspace.ts';
import { mismatchedAddresses } from './mismatches.ts';

interface Rule {
  /** Named groups must be what the step asked for or what is stored: see {@link factsOf}. */
  readonly pattern: RegExp;
  readonly codes: readonly IpamErrorCode[];
}

const RULES: readonly Rule[] = [
  rule(/resource already exists: (?<ip>\S+) with error: Address already assigned in block/, 'address-in-use', 'address-cooling'),
  rule(/Block host affinity does not match/, 'strict-affinity'),
  rule(/Attempt to assign from block (?<block>\S+) with no affinity/, 'strict-affinity'),
  rule(/The provided IP address is not in a configured pool\n/, 'not-in-pool'),
  rule(/the provided IP address (?<ip>\S+) is not in a configured pool/, 'not-in-pool'),
  rule(
    /IP address (?<ip>\S+) is in IP pool "(?<storedPool>[^"]+)", which is not allowed for use "(?<use>\w+)" \(allowedUses: \[(?<uses>[\w ]+)\]\)/,
    'use-not-allowed',
  ),
  rule(
    /handle (?<handle>.*) already has IP\(s\) allocated, cannot assign additional IP (?<ip>\S+) \(maxAllocPerIPVersion=(?<number>\d+)\)/,
    'handle-limit',
  ),
  rule(/cannot allocate new block due to per host block limit/, 'block-limit'),
  rule(/failed to find or claim a block/, 'no-block'),
  rule(/No Free Blocks/, 'no-block', 'no-free-address'),
  rule(/cannot find a qualified ippool(, no pools match the required use \((?<use>\w+)\))?/, 'no-qualified-pool'),
  rule(/no configured Calico pools for node (?<host>\S+)/, 'no-qualified-pool'),
  rule(/the given pool \((?<pool>\S+)\) does not exist, or is not enabled/, 'pool-not-found'),
  rule(/provided IPv([46]) IPPools list contains one or more IPv(?!\1)[46] IPPools/, 'invalid-argument'),
  rule(/must specify the intended use when assigning an IP/, 'invalid-argument'),
  rule(/resource does not exist: Node\((?<host>\S+)\) with error: <nil>/, 'node-not-found'),
  rule(/HostReservedAttr has wrong parameters/, 'invalid-argument'),
  rule(/failed to increment handle: insufficient identifiers, missing ''/, 'invalid-argument'),
  rule(/No IP address specified in options: \{Address: Handle:(?<handle>.*) SequenceNumber:(<nil>|0x[0-9a-f]+)\}/, 'invalid-argument'),
  rule(/failed to parse IP: (?<ip>.*)/, 'invalid-argument'),
  rule(/update conflict: (?<mismatched>\S+)/, 'bad-sequence-number', 'wrong-handle', 'owner-mismatch'),
  rule(/resource does not exist: IPAMHandleKey\(id=(?<missingHandle>.*)\) with error: <nil>/, 'not-found'),
  rule(/resource does not exist: (?<ip>\S+) with error: (IP is unassigned|No valid IPPool)/, 'not-found', 'not-in-pool'),
  rule(/resource does not exist: BlockKey\(cidr=(?<missingBlock>\S+)\) with error: <nil>/, 'not-found'),
  rule(/address (?<ip>\S+) is in cooldown/, 'address-cooling'),
  rule(/IP (?<ip>\S+) is not assigned to handle (?<handle>.*)/, 'wrong-handle'),
  rule(/updates cannot be nil/, 'invalid-argument'),
  rule(
    /cannot set both (Clear(Active|Alternate)Owner=true and \2OwnerAttrs|Expected(Active|Alternate)Owner and Verify\3OwnerEmpty): these are mutually exclusive/,
    'invalid-argument',
  ),
  rule(/The requested CIDR \((?<cidr>\S+)\) is smaller than the minimum\./, 'invalid-argument'),
  rule(/The requested CIDR \((?<cidr>\S+)\) is not within any configured pools\./, 'not-in-pool'),
  rule(/block '(?<usedBlock>\S+)' is not empty/, 'block-not-empty'),
  rule(/Hostname must be specified to release block affinity|could not parse affinity config/, 'corrupt-value', 'invalid-argument'),
  rule(
    /(Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time|MaxBlocksPerHost requires StrictAffinity to be enabled)/,
    'invalid-argument',
    'invalid-resource',
  ),
  rule(/missing etcd KV/, 'corrupt-value'),
  rule(/expected (operator after label "[\w./-]+"|string|==)/, 'invalid-resource', 'no-qualified-pool'),
  rule(/resource already exists: (IPPool|IPReservation|Node)\((?<name>\S+)\) with error: <nil>/, 'already-exists'),
  rule(
    /resource does not exist: (IPPool|IPReservation|Node)\((?<name>\S+)\) with error: <nil>/,
    'not-found',
    'pool-not-found',
    'node-not-found',
  ),
];

/** Why a resource is refused (data model §7.1); `pool-overlap` has a code of its own. */
const REASONS: readonly Rule[] = [
  rule(/IPPool\((?<name>\S+)\) CIDR overlaps with IPPool\((?<otherPool>\S+\) CIDR \S+)/, 'pool-overlap'),
  ...[
    /IPPool CIDR must be specified/,
    /IPPool CIDR must be a valid subnet/,
    /IPPool CIDR is not strictly masked/,
    /IPPool CIDR cannot be modified/,
    /IPPool BlockSize cannot be modified/,
    /IPPool CIDR overlaps with IPv4 link local range 169\.254\.0\.0\/16/,
    /IPPool CIDR overlaps with IPv6 link local range fe80::\/10/,
    /IPPool blocksSize conflicts with existing allocations that use a different blockSize/,
    /IPPool allowed use cannot be changed from LoadBalacer to Workload or Tunnel/,
    /blockSize must be between 20 and 32 for IPv4 pools, and between 116 and 128 for IPv6 pools/,
    /IP pool size is too small for use with Calico IPAM\. It must be equal to or greater than the block size\./,
    /ipipMode and vxlanMode cannot both be enabled/,
    /IPIP is not supported on IPv6 pools/,
    /LoadBalancer IP pool cannot have IPIP or VXLAN enabled/,
    /LoadBalancer cannot be combined with Workload or Tunnel allowed uses/,
    /LoadBalancer IP pools cannot disable BGP export/,
    /IP Pool with AllowedUse LoadBalancer must have nodeSelector set to all\(\)/,
    /IP Pool with AllowedUse Tunnel cannot have namespaceSelector/,
    /global\(\) selector is not valid for IPPool (node|namespace)Selector/,
    /supported values: "Automatic", "Manual"/,
    /spec\.blockSize in body should be (less than or equal to 128|greater than or equal to 0)/,
    /spec\.reservedCIDRs\[\d+\] in body must be of type cidr: "(?<value>[^"]*)"/,
    /name must consist of lower case alphanumeric characters, '-' or '\.' \(regex: \[a-z0-9\]\(\[-a-z0-9\]\*\[a-z0-9\]\)\?\(\\\.\[a-z0-9\]\(\[-a-z0-9\]\*\[a-z0-9\]\)\?\)\*\)/,
    /field must (not )?be set for (an Update|a Create) request/,
  ].map((pattern) => rule(pattern, 'invalid-resource')),
];

const FIELD =
  /^(IPPool\.Spec\.(CIDR|BlockSize|AllowedUses)|spec|spec\.(assignmentMode|blockSize|reservedCIDRs\[\d+\])|Metadata\.Name)( = '(?<value>[^']*)')?$/;

function rule(pattern: RegExp, ...codes: IpamErrorCode[]): Rule {
  // Names may hold a carriage return, which "." alone does not match.
  return { pattern: new RegExp(`^(?:${pattern.source})$`, `${pattern.flags}s`), codes };
}

/** The codes of the refusal that `text` stands for at this step; undefined when it is no text that Calico gives here. */
export function codesOf(text: string, step: Step, stored: Snapshot): readonly IpamErrorCode[] | undefined {
  if (isUnreadable(text, stored)) return ['corrupt-value'];
  const facts = factsOf(step, stored);
  const violations = violationsOf(text);
  if (violations === undefined) return codesBy(RULES, text, facts);
  const codes = violations.map(({ field, reason }) => (groupsHold(FIELD.exec(field), facts) ? codesBy(REASONS, reason, facts) : undefined));
  // One code for all of them: overlap only when that is the one thing wrong.
  if (codes.includes(undefined)) return undefined;
  return codes.length === 1 ? codes[0] : ['invalid-resource'];
}

function codesBy(rules: readonly Rule[], text: string, facts: Facts): readonly IpamErrorCode[] | undefined {
  return rules.find(({ pattern }) => groupsHold(pattern.exec(text), facts))?.codes;
}

/** What Go's JSON reader says. */
const JSON_CAUSE =
  /^(invalid character '.{1,6}' (in literal (null|true|false) \(expecting '.'\)|in (string|numeric) literal|in string escape code|looking for beginning of (value|object key string)|after (object key|object key:value pair|array element|top-level value))|unexpected end of JSON input|json: cannot unmarshal \w+ into Go (value|struct field \S+) of type \S+|missing etcd KV)$/;

function isUnreadable(text: string, stored: Snapshot): boolean {
  return [...stored].some(([key, value]) => {
    const opening = `failed to parse datastore entry key=${key}; value=${value}: `;
    return text.startsWith(opening) && JSON_CAUSE.test(text.slice(opening.length));
  });
}

/** `error with field F (R)`, or several of them, one per line. */
function violationsOf(text: string): { field: string; reason: string }[] | undefined {
  const single = /^error with field (.*)$/s.exec(text)?.[1];
  const several = /^error with the following fields:\n((- {2}.*\n)+)$/.exec(text)?.[1];
  const lines =
    single !== undefined
      ? [single]
      : several
          ?.split('\n')
          .filter(Boolean)
          .map((line) => line.slice(3));
  return lines?.map((line) => {
    const [, field = '', reason = ''] = /^(.*?) \((.*)\)$/s.exec(line) ?? [];
    return { field, reason };
  });
}

type Facts = Readonly<Record<string, readonly string[]>>;

function groupsHold(match: RegExpExecArray | null, facts: Facts): boolean {
  if (match === null) return false;
  return Object.entries(match.groups ?? {}).every(([name, text]) => text === undefined || (facts[name] ?? []).includes(canonical(text)));
}

/** What each named group may be: arguments of the step, or what Calico's store had before it. */
function factsOf(step: Step, stored: Snapshot): Facts {
  const all = texts([...step.args.values()]);
  const at = (...names: string[]) => texts(names.flatMap((name) => step.args.get(name) ?? []));
  const pools = storedPools(stored);
  const blocks = blockEntries(stored);
  return {
    ip: [...at('ip'), ...inList(step.args.get('ips'), 'address')],
    mismatched: [...at('ip'), ...mismatchedAddresses(step.args.get('ips'), stored)],
    handle: [...at('handle'), ...inList(step.args.get('ips'), 'handle')],
    host: at('host'),
    name: at('name'),
    cidr: at('cidr'),
    use: step.args.has('use') ? at('use') : ['Workload'],
    pool: at('pools4', 'pools6'),
    number: at('maxAllocPerVersion'),
    // Calico drops host bits before it checks anything.
    value: [
      ...all.map(withoutHostBits),
      `[${at('spec')
        .filter((text) => /^[A-Z]/.test(text))
        .join(' ')}]`,
    ],
    block: blocks.map(({ cidr }) => cidr.text),
    missingHandle: at('handle')
      .map(cutId)
      .filter((id) => !stored.has(keyOf({ kind: 'handle', id }))),
    usedBlock: blocks.filter(({ value }) => isInUse(value)).map(({ cidr }) => cidr.text),
    missingBlock: [...at('cidr'), ...at('ip').flatMap((ip) => surrounding(ip))].filter(
      (cidr) => !blocks.some((block) => block.cidr.text === cidr),
    ),
    storedPool: pools.map(({ name }) => name),
    uses: pools.map(({ uses }) => uses),
    otherPool: pools.map(({ name, cidr }) => `${name}) CIDR ${cidr}`),
  };
}

function storedPools(stored: Snapshot): { name: string; cidr: string; uses: string }[] {
  return [...stored].flatMap(([key, value]) => {
    const ref = parseKey(key);
    const spec = ref?.kind === 'pool' ? objectAt(value)?.get('spec') : undefined;
    if (ref?.kind !== 'pool' || !(spec instanceof Map)) return [];
    const [cidr] = texts([(spec as JsonObject).get('cidr') ?? '']);
    return [{ name: ref.name, cidr: cidr ?? '', uses: texts([(spec as JsonObject).get('allowedUses') ?? []]).join(' ') }];
  });
}

/** Every text and number inside, canonical where it is an address or a network. */
function texts(values: readonly Json[]): string[] {
  return values.flatMap((value): string[] => {
    if (typeof value === 'string') return [canonical(value)];
    if (typeof value === 'number' || typeof value === 'bigint') return [String(value)];
    if (Array.isArray(value)) return texts(value as readonly Json[]);
    return value instanceof Map ? texts([...(value as JsonObject).values()]) : [];
  });
}

function inList(list: Json | undefined, name: string): string[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).flatMap((item) => (item instanceof Map ? texts([(item as JsonObject).get(name) ?? '']) : []));
}

function canonical(text: string): string {
  const cidr = parseCidr(text);
  return cidr.kind === 'cidr' ? cidr.cidr.text : (parseIp(text)?.text ?? text);
}

function withoutHostBits(text: string): string {
  return parseCidrMasked(text)?.text ?? text;
}

/** Blocks of any size that an address could lie in. */
function surrounding(ip: string): string[] {
  const lengths = ip.includes(':') ? [116, 128] : [20, 32];
  const [from = 0, to = 0] = lengths;
  return Array.from({ length: to - from + 1 }, (_, index) => withoutHostBits(`${ip}/${from + index}`));
}
