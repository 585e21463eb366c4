/**
 * Record ⇄ key. The only file with key literals: Calico's (data model §2) and plat's own under `/plat/`, which Calico
 * ignores.
 *
 * Names go into keys as they are, without any escaping; {@link segmentProblem} is asked before a new one gets there.
 */
import { type Cidr, parseCidr, type Version } from '../core/addr.ts';
import { unreachable } from '../core/assert.ts';
import type { AffinityType, Collection, MarkKind, Ref } from '../core/records.ts';
import { blockRanges } from './block-ranges.ts';
import { compareKeys } from './key-order.ts';
import { KEY_BYTES_MAX, type KeyRange, prefixRange } from './port.ts';

const IPAM = '/calico/ipam/v2/';
const RESOURCES = '/calico/resources/v3/projectcalico.org/';

/** What is listed by operators' commands (data model §2.2); every one ends in `/`. */
export const PREFIXES = {
  /** Blocks, the configuration, handles, affinities and host markers, in this order. */
  ipam: IPAM,
  blocks: `${IPAM}assignment/`,
  /** Host markers too. */
  hostAffinities: `${IPAM}host/`,
  virtualAffinities: `${IPAM}virtual/`,
  handles: `${IPAM}handle/`,
  pools: `${RESOURCES}ippools/`,
  reservations: `${RESOURCES}ipreservations/`,
  nodes: `${RESOURCES}nodes/`,
  marks: '/plat/v1/marks/',
  networks: '/plat/v1/networks/',
  /** Everything that is plat's own. */
  plat: '/plat/',
} as const;

const CONFIG = `${IPAM}config`;

/** Calico's record of the cluster: read for reports, never written. */
export const CLUSTER_INFORMATION = `${RESOURCES}clusterinformations/default`;

const OWN = '/plat/v1/';

/** Everything plat reads or writes is under these; they do not overlap. */
export const PLAT_PREFIXES: readonly string[] = [IPAM, PREFIXES.pools, PREFIXES.reservations, PREFIXES.nodes, OWN];

/** The same in the order of a dump. Pools come last: nothing is assigned from a store that has none, so none that is half loaded is used. */
export const DUMPED_PREFIXES: readonly string[] = [IPAM, PREFIXES.reservations, PREFIXES.nodes, OWN, PREFIXES.pools];

/** Marks serve calls that are under way in this very store, and expire: they are not dumped. */
export function isDumped(key: string): boolean {
  return !key.startsWith(PREFIXES.marks) && dumpSection(key) >= 0;
}

/** Negative, zero or positive as `a` comes before, is, or comes after `b` in a dump. Both must be {@link isDumped}. */
export function compareDumped(a: string, b: string): number {
  return dumpSection(a) - dumpSection(b) || compareKeys(a, b);
}

function dumpSection(key: string): number {
  return DUMPED_PREFIXES.findIndex((prefix) => key.startsWith(prefix));
}

/** Under it: all blocks of one family. */
export function blocksPrefix(version: Version): string {
  return `${PREFIXES.blocks}ipv${version}/block/`;
}

function affinitiesPrefix(type: AffinityType, name: string): string {
  return `${type === 'host' ? PREFIXES.hostAffinities : PREFIXES.virtualAffinities}${name}/`;
}

function marksPrefix(mark: MarkKind): string {
  return `${PREFIXES.marks}${mark}/`;
}

/** The network as one key segment: the first `/` becomes `-` (data model §2.1). */
function cidrSegment(cidr: Cidr): string {
  return cidr.text.replace('/', '-');
}

/** The key of a record. Different records have different keys as long as no name in a `Ref` but a handle's or mark's id has a `/`. */
export function keyOf(ref: Ref): string {
  switch (ref.kind) {
    case 'config':
      return CONFIG;
    case 'pool':
      return PREFIXES.pools + ref.name;
    case 'reservation':
      return PREFIXES.reservations + ref.name;
    case 'node':
      return PREFIXES.nodes + ref.name;
    case 'hostMarker':
      return PREFIXES.hostAffinities + ref.host;
    case 'block':
      return blocksPrefix(ref.cidr.version) + cidrSegment(ref.cidr);
    case 'affinity':
      return `${affinitiesPrefix(ref.owner.type, ref.owner.name)}ipv${ref.cidr.version}/block/${cidrSegment(ref.cidr)}`;
    case 'handle':
      return PREFIXES.handles + ref.id;
    case 'mark':
      return marksPrefix(ref.mark) + ref.id;
    case 'network':
      return PREFIXES.networks + ref.name;
    default:
      return unreachable(ref);
  }
}

const PATTERNS: readonly (readonly [pattern: RegExp, refOf: (parts: string[]) => Ref | undefined])[] = [
  [
    new RegExp(`^${PREFIXES.blocks}ipv([46])/block/([^/]+)$`),
    ([family, segment]) => withCidr(family, segment, (cidr) => ({ kind: 'block', cidr })),
  ],
  [
    new RegExp(`^${IPAM}(@|host|virtual)/([^/]+)/ipv([46])/block/([^/]+)$`),
    ([type, name = '', family, segment]) =>
      withCidr(family, segment, (cidr) => ({ kind: 'affinity', owner: { type: type === 'virtual' ? 'virtual' : 'host', name }, cidr })),
  ],
  [new RegExp(`^${PREFIXES.handles}(.+)$`, 's'), ([id = '']) => ({ kind: 'handle', id })],
  [
    new RegExp(`^${PREFIXES.marks}(released|fence|operation|leader)/(.+)$`, 's'),
    ([mark, id = '']) => ({ kind: 'mark', mark: mark as MarkKind, id }),
  ],
  [new RegExp(`^${PREFIXES.networks}([^/]+)$`), ([name = '']) => ({ kind: 'network', name })],
  [new RegExp(`^${PREFIXES.pools}([^/]+)$`), ([name = '']) => ({ kind: 'pool', name })],
  [new RegExp(`^${PREFIXES.reservations}([^/]+)$`), ([name = '']) => ({ kind: 'reservation', name })],
  [new RegExp(`^${PREFIXES.nodes}([^/]+)$`), ([name = '']) => ({ kind: 'node', name })],
  [new RegExp(`^${PREFIXES.hostAffinities}([^/]+)$`), ([host = '']) => ({ kind: 'hostMarker', host })],
  [new RegExp(`^${CONFIG}$`), () => ({ kind: 'config' })],
];

/**
 * What `key` names; `undefined` when it is none of our records. Inverse of {@link keyOf}, except that affinities under the
 * old alias `@` are read as `host` (data model §1.4).
 *
 * A network in any but its canonical spelling gives `undefined`: a write would go to another key (data model §2.1).
 */
export function parseKey(key: string): Ref | undefined {
  for (const [pattern, refOf] of PATTERNS) {
    const match = pattern.exec(key);
    if (match) return refOf(match.slice(1));
  }
  return undefined;
}

function withCidr(family: string | undefined, segment: string | undefined, refOf: (cidr: Cidr) => Ref): Ref | undefined {
  if (segment === undefined) return undefined;
  const parsed = parseCidr(segment.replace('-', '/'));
  if (parsed.kind !== 'cidr' || String(parsed.cidr.version) !== family || cidrSegment(parsed.cidr) !== segment) return undefined;
  return refOf(parsed.cidr);
}

/**
 * The ranges that together hold a collection. Those of `blocksNear` and `blocksWithin` hold other keys too (see
 * {@link blockRanges}): the reader keeps what parses to a network it wants. Neighbouring networks have equal ranges, worth asking for once.
 */
export function rangesOf(collection: Collection): KeyRange[] {
  switch (collection.kind) {
    case 'pools':
      return [prefixRange(PREFIXES.pools)];
    case 'reservations':
      return [prefixRange(PREFIXES.reservations)];
    case 'affinitiesOf':
      return [prefixRange(affinitiesPrefix(collection.owner.type, collection.owner.name))];
    case 'blocksNear':
    case 'blocksWithin':
      return blockRanges(blocksPrefix(collection.cidr.version), collection.cidr).map((range) => ({ ...range, keysOnly: true }));
    case 'marksAfter': {
      const prefix = marksPrefix(collection.mark);
      // NUL is the smallest byte: the first key that may follow.
      return [{ ...prefixRange(prefix), start: `${prefix}${collection.after}\0`, limit: collection.limit }];
    }
    default:
      return unreachable(collection);
  }
}

/** Leaves room within {@link KEY_BYTES_MAX} for the longest key around a name: an IPv6 block of a virtual owner takes 79 bytes. */
export const SEGMENT_BYTES_MAX = KEY_BYTES_MAX - 124;

const CONTROL = /[\u0000-\u001f\u007f]/;
const CONTROL_BUT_RETURN = /[\u0000-\u000c\u000e-\u001f\u007f]/;
const UNPAIRED_SURROGATE = /[\ud800-\udfff]/u;
const UTF8 = new TextEncoder();

/** Why `text` cannot be a new name in a key (node, pool, handle, …), as the end of "the name …"; `undefined` when it can. */
export function segmentProblem(text: string): string | undefined {
  if (text.includes('/')) return 'must not contain "/"';
  if (CONTROL.test(text)) return 'must not contain control characters';
  return lengthProblem(text);
}

/**
 * Why no handle of this id can be in a store. Wider than {@link segmentProblem}: ids with `/` (which lists of Calico's do
 * not show) or with a carriage return (left by an old migration) exist and can be released (data model §5).
 */
export function storedHandleProblem(id: string): string | undefined {
  return CONTROL_BUT_RETURN.test(id) ? 'must not contain control characters' : lengthProblem(id);
}

function lengthProblem(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  if (UNPAIRED_SURROGATE.test(text)) return 'must be valid Unicode';
  const bytes = UTF8.encode(text).length;
  return bytes > SEGMENT_BYTES_MAX ? `must not be longer than ${SEGMENT_BYTES_MAX} bytes (it has ${bytes})` : undefined;
}
