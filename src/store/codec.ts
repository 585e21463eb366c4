/**
 * Bytes ⇄ records: byte for byte what Calico writes, and everything it ever wrote is understood (data model §3 to §8).
 *
 * Blocks: `codec-block.ts`. Pools, reservations, nodes: `codec-resource.ts`.
 */
import { isJsonObject, type JsonObject, parseJson, printJson, printString } from '../core/json.ts';
import {
  type Affinity,
  type AffinityState,
  type Handle,
  type IpamConfig,
  type Mark,
  type Network,
  NO_EXTRA,
  type RecordOf,
  type Ref,
  type RefOf,
} from '../core/records.ts';
import { blockJson, blockOf } from './codec-block.ts';
import { nodeOf, poolOf, reservationOf } from './codec-resource.ts';
import { isInteger, Members, memberNames, objectOf, Problems, sortedObject } from './members.ts';

export type RecordKind = Ref['kind'];

/**
 * `corrupt`: the value is not what its key promises; it must not be overwritten. `reason` names the member. `isNewer`: it has a
 * word that a newer version may know.
 */
export type Decoded<T> =
  | { readonly kind: 'ok'; readonly record: T }
  | { readonly kind: 'corrupt'; readonly reason: string; readonly isNewer?: true };

interface Codec<K extends RecordKind> {
  /** Notes a problem and goes on with zero values when `value` is no such record. */
  read(value: JsonObject, ref: RefOf<K>, problems: Problems): RecordOf[K];
  write(record: RecordOf[K]): JsonObject;
}

const CODECS: { readonly [K in RecordKind]: Codec<K> } = {
  block: { read: (value, ref, problems) => blockOf(value, ref.cidr, problems), write: blockJson },
  affinity: { read: (value, _ref, problems) => affinityOf(value, problems), write: affinityJson },
  handle: { read: (value, _ref, problems) => handleOf(value, problems), write: handleJson },
  config: { read: (value, _ref, problems) => configOf(value, problems), write: configJson },
  pool: { read: (value, ref, problems) => poolOf(value, ref.name, problems), write: (pool) => pool.object },
  reservation: { read: (value, ref, problems) => reservationOf(value, ref.name, problems), write: (reservation) => reservation.object },
  node: { read: (value, ref, problems) => nodeOf(value, ref.name, problems), write: (node) => node.object },
  hostMarker: { read: () => true, write: () => new Map() },
  mark: { read: (value, _ref, problems) => markOf(value, problems), write: markJson },
  network: { read: (value, _ref, problems) => networkOf(value, problems), write: networkJson },
};

const AFFINITY = memberNames('state', 'deleted');
const HANDLE = memberNames('block', 'deleted');
const CONFIG = memberNames(
  'strict_affinity',
  'auto_allocate_blocks',
  'maxBlocksPerHost',
  'kubeVirtVMAddressPersistence',
  'ipCooldownSeconds',
);
const MARK = memberNames('at', 'holder');
const NETWORK = memberNames('cursors');

const EMPTY_OBJECT = '{}';
const FROM_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const TO_UTF8 = new TextEncoder();

/** The record in `bytes`, which were found under the key of `ref`. Never throws. */
export function decode<K extends RecordKind>(ref: Ref & { readonly kind: K }, bytes: Uint8Array): Decoded<RecordOf[K]> {
  const kind: K = ref.kind;
  const text = textOf(kind, bytes);
  if (text === undefined) return { kind: 'corrupt', reason: 'the value is not UTF-8' };
  if (text === '') return { kind: 'corrupt', reason: 'the value is empty' };
  const parsed = parseJson(text);
  if (parsed.kind === 'bad-json') return { kind: 'corrupt', reason: `the value is not JSON: ${parsed.reason} at ${parsed.position}` };
  if (!isJsonObject(parsed.value)) return { kind: 'corrupt', reason: 'the value is not a JSON object' };
  const problems = new Problems();
  const codec: Codec<K> = CODECS[kind];
  const record = codec.read(parsed.value, ref as RefOf<K>, problems);
  if (problems.first === undefined) return { kind: 'ok', record };
  return { kind: 'corrupt', reason: problems.first, ...(problems.isNewer && { isNewer: true }) };
}

/** The value as text; undefined when it is not UTF-8. */
function textOf(kind: RecordKind, bytes: Uint8Array): string | undefined {
  // A marker's content has no meaning; Calico ≤ 3.0 wrote affinities without content.
  if (kind === 'hostMarker' || (kind === 'affinity' && bytes.length === 0)) return EMPTY_OBJECT;
  try {
    return FROM_UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The bytes to store under the key of `ref`. */
export function encode<K extends RecordKind>(ref: Ref & { readonly kind: K }, record: RecordOf[K]): Uint8Array {
  const kind: K = ref.kind;
  const codec: Codec<K> = CODECS[kind];
  return TO_UTF8.encode(printJson(codec.write(record)));
}

const STATES: readonly string[] = ['pending', 'confirmed', 'pendingDeletion', ''] satisfies AffinityState[];

/** Data model §4; members may be missing (Calico ≤ 3.6), and exports hold `deleted` as text (§8). */
function affinityOf(value: JsonObject, problems: Problems): Affinity {
  const members = new Members(value, AFFINITY, problems);
  const state = members.text('state') ?? '';
  if (!STATES.includes(state)) problems.noteUnknownWord(`state ${printString(state)} is unknown`);
  const deleted = members.value('deleted');
  const isDeleted = deleted === 'true' || deleted === 'false' ? deleted === 'true' : members.flag('deleted');
  return { state: state as AffinityState, deleted: isDeleted, extra: members.extra };
}

function affinityJson(affinity: Affinity): JsonObject {
  return objectOf(
    [
      ['state', affinity.state],
      ['deleted', affinity.deleted],
    ],
    affinity.extra,
  );
}

/** Data model §5. Block names stay as stored, even those that are no network. */
function handleOf(value: JsonObject, problems: Problems): Handle {
  const members = new Members(value, HANDLE, problems);
  const blocks = new Map<string, number>();
  for (const [cidr, count] of members.map('block')) {
    const addresses = count ?? 0;
    if (isInteger(addresses)) blocks.set(cidr, addresses);
    else problems.note(`block.${cidr} is not an integer`);
  }
  return { blocks, deleted: members.flag('deleted'), extra: members.extra };
}

function handleJson(handle: Handle): JsonObject {
  return objectOf(
    [
      ['block', sortedObject(handle.blocks)],
      ['deleted', handle.deleted],
    ],
    handle.extra,
  );
}

/** CF-01: a member that is missing is false, 0 or absent; that differs from a missing key, which has no bytes to decode. */
function configOf(value: JsonObject, problems: Problems): IpamConfig {
  const members = new Members(value, CONFIG, problems);
  const persistence = members.text('kubeVirtVMAddressPersistence');
  if (persistence !== undefined && persistence !== 'Enabled' && persistence !== 'Disabled') {
    members.wrong('kubeVirtVMAddressPersistence', '"Enabled" or "Disabled"');
  }
  return {
    strictAffinity: members.flag('strict_affinity'),
    autoAllocateBlocks: members.flag('auto_allocate_blocks'),
    maxBlocksPerHost: members.integer('maxBlocksPerHost') ?? 0,
    kubeVirtVMAddressPersistence: persistence === 'Enabled' || persistence === 'Disabled' ? persistence : undefined,
    ipCooldownSeconds: members.integer('ipCooldownSeconds') ?? 0,
    extra: members.extra,
  };
}

/** False and 0 are not stored (data model §6.1). */
function configJson(config: IpamConfig): JsonObject {
  return objectOf(
    [
      ['strict_affinity', config.strictAffinity || undefined],
      ['auto_allocate_blocks', config.autoAllocateBlocks || undefined],
      ['maxBlocksPerHost', config.maxBlocksPerHost || undefined],
      ['kubeVirtVMAddressPersistence', config.kubeVirtVMAddressPersistence],
      ['ipCooldownSeconds', config.ipCooldownSeconds || undefined],
    ],
    config.extra,
  );
}

function markOf(value: JsonObject, problems: Problems): Mark {
  const members = new Members(value, MARK, problems);
  const holder = members.text('holder');
  return { at: members.time('at') ?? members.wrong('at', 'an RFC 3339 time') ?? '', ...(holder !== undefined && { holder }) };
}

function markJson({ at, holder }: Mark): JsonObject {
  return objectOf(
    [
      ['at', at],
      ['holder', holder],
    ],
    NO_EXTRA,
  );
}

function networkOf(value: JsonObject, problems: Problems): Network {
  const members = new Members(value, NETWORK, problems);
  return { cursors: new Map(Object.entries(members.textMap('cursors') ?? {})), extra: members.extra };
}

function networkJson(network: Network): JsonObject {
  return objectOf([['cursors', sortedObject(network.cursors)]], network.extra);
}
