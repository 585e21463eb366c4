/** Records over a store: what a plan needs goes in as keys and comes back decoded; what it writes goes out encoded. */
import { covers, overlaps } from '../core/addr.ts';
import type { DraftCommit } from '../core/draft.ts';
import type { Collection, RecordOf, Ref } from '../core/records.ts';
import { type Found, type Need, refId, type View } from '../core/view.ts';
import { type Decoded, decode, encode } from './codec.ts';
import { keyOf, parseKey, rangesOf } from './keys.ts';
import type { CallOptions, CommitRequest, Entry, Guard, KeyRange, Store } from './port.ts';

/**
 * Decoded records by key, used again as long as the stored bytes are the same: pools, configuration and full blocks are
 * read again and again.
 */
export class DecodedRecords {
  readonly #known = new Map<string, { readonly value: Uint8Array; readonly decoded: Decoded<RecordOf[Ref['kind']]> }>();

  decode(ref: Ref, { key, value }: Entry): Decoded<RecordOf[Ref['kind']]> {
    const known = this.#known.get(key);
    if (known && Buffer.compare(known.value, value) === 0) return known.decoded;
    const decoded = decode(ref, value);
    if (this.#known.size >= DECODED_RECORDS_MAX) this.#known.clear();
    this.#known.set(key, { value, decoded });
    return decoded;
  }
}

/** 1,024 full /26 blocks are about 20 MB. */
const DECODED_RECORDS_MAX = 1_024;

/** Reads everything `need` names, at one revision and in one round trip, into `view`. */
export async function load({ store, decoded }: Source, view: View, need: Need, options: CallOptions): Promise<void> {
  const ranges = new Map<string, KeyRange>();
  for (const range of need.collections.flatMap(rangesOf)) ranges.set(rangeId(range), range);
  const wanted = [...ranges.values()];
  const result = await store.read({ keys: need.refs.map(keyOf), probes: need.probes.map(keyOf), ranges: wanted }, options);
  const entriesOf = new Map(wanted.map((range, index) => [rangeId(range), namedEntries(result.ranges[index]?.entries ?? [])]));
  for (const collection of need.collections) {
    const entries = rangesOf(collection).flatMap((range) => entriesOf.get(rangeId(range)) ?? []);
    setCollection(view, collection, { entries, decoded });
  }
  for (const ref of need.refs) view.set(ref, foundOf(decoded, ref, result.entries.get(keyOf(ref))));
  for (const ref of need.probes) view.setExistence(ref, existenceOf(result.entries.get(keyOf(ref))));
}

/** Where records come from. */
export interface Source {
  readonly store: Store;
  readonly decoded: DecodedRecords;
}

function rangeId({ start, end, keysOnly, limit }: KeyRange): string {
  return JSON.stringify([start, end, keysOnly, limit]);
}

/** The entry as a record; `absent` without one. */
function foundOf(known: DecodedRecords, ref: Ref, entry: Entry | undefined): Found {
  if (!entry) return { kind: 'absent' };
  const decoded = known.decode(ref, entry);
  return decoded.kind === 'ok'
    ? { kind: 'present', revision: entry.revision, record: decoded.record }
    : { kind: 'corrupt', revision: entry.revision, reason: decoded.reason };
}

function existenceOf(entry: Entry | undefined): Found {
  return entry ? { kind: 'exists', revision: entry.revision } : { kind: 'absent' };
}

interface NamedEntry {
  readonly entry: Entry;
  readonly ref: Ref;
}

function namedEntries(entries: readonly Entry[]): NamedEntry[] {
  return entries.flatMap((entry) => {
    const ref = parseKey(entry.key);
    return ref ? [{ entry, ref }] : [];
  });
}

function setCollection(
  view: View,
  collection: Collection,
  { entries, decoded }: { entries: readonly NamedEntry[]; decoded: DecodedRecords },
): void {
  const isBlocks = collection.kind === 'blocksNear' || collection.kind === 'blocksWithin';
  const members = new Map<string, Ref>();
  for (const { entry, ref } of entries) {
    if (!belongs(collection, ref)) continue;
    members.set(refId(ref), ref);
    if (isBlocks) view.setExistence(ref, existenceOf(entry));
    else view.set(ref, foundOf(decoded, ref, entry));
  }
  if (collection.kind === 'blocksNear') {
    const itself: Ref = { kind: 'block', cidr: collection.cidr };
    if (!members.has(refId(itself))) view.setExistence(itself, { kind: 'absent' });
  }
  view.setMembers(collection, [...members.values()]);
}

/** Ranges may hold more than the collection. */
function belongs(collection: Collection, ref: Ref): boolean {
  if (collection.kind === 'blocksNear') return ref.kind === 'block' && overlaps(ref.cidr, collection.cidr);
  if (collection.kind === 'blocksWithin') return ref.kind === 'block' && covers(collection.cidr, ref.cidr);
  return true;
}

/** The commit as keys and bytes. */
export function toCommitRequest(commit: DraftCommit): CommitRequest {
  return {
    guards: commit.guards.map(({ ref, revision }): Guard => ({ key: keyOf(ref), revision })),
    writes: commit.writes.map(({ ref, record }) => ({ key: keyOf(ref), value: encode(ref, record) })),
    deletes: commit.deletes.map(keyOf),
  };
}

/**
 * Takes over what a conflict told about the guarded records, so that the next plan reads nothing. `stale`: a handle changed,
 * and may name blocks that this view knows from before; a handle must never be newer than the blocks it is judged with. Or
 * a mark of an operation did, which stands for records that were not guarded.
 */
export function absorb(decoded: DecodedRecords, view: View, commit: DraftCommit, current: ReadonlyMap<string, Entry>): 'current' | 'stale' {
  let state: 'current' | 'stale' = 'current';
  for (const { ref, revision } of commit.guards) {
    const entry = current.get(keyOf(ref));
    const standsForOthers = ref.kind === 'handle' || (ref.kind === 'mark' && ref.mark === 'operation');
    if (standsForOthers && (entry?.revision ?? 'absent') !== revision) state = 'stale';
    view.set(ref, foundOf(decoded, ref, entry));
  }
  return state;
}
