/** A dump beside what a store holds: both are read in the order of a dump, so that neither is ever held whole. */
import { compareDumped, DUMPED_PREFIXES, isDumped } from '../../store/keys.ts';
import { type CallOptions, type Entry, prefixRange, type Revision, type Store } from '../../store/port.ts';
import { badDump, type DumpEntry } from './format.ts';

/** Entries read from the store at once: of full /26 blocks about 5 MB. */
const PAGE_ENTRIES = 250;

/** All that a dump has of the store, at one revision. */
export async function* storedEntries(store: Store, revision: Revision, options: CallOptions): AsyncGenerator<Entry> {
  for (const prefix of DUMPED_PREFIXES) {
    for await (const { entries } of store.list(prefix, { ...options, revision, pageSize: PAGE_ENTRIES })) {
      for (const entry of entries) if (isDumped(entry.key)) yield entry;
    }
  }
}

/**
 * The same as it is now, each page at a revision of its own: for a reader that writes as it goes, and in an embedded store would
 * outlive the history that a fixed revision needs.
 */
export async function* currentEntries(store: Store, options: CallOptions): AsyncGenerator<Entry> {
  for (const prefix of DUMPED_PREFIXES) {
    const { end, start: first } = prefixRange(prefix);
    for (let start: string | undefined = first; start !== undefined; ) {
      const { ranges } = await store.read({ ranges: [{ start, end, limit: PAGE_ENTRIES }] }, options);
      const { entries = [], more = false } = ranges[0] ?? {};
      for (const entry of entries) if (isDumped(entry.key)) yield entry;
      start = more ? `${entries.at(-1)?.key}\0` : undefined;
    }
  }
}

export type Compared =
  | { readonly kind: 'absent'; readonly entry: DumpEntry }
  | { readonly kind: 'equal'; readonly entry: DumpEntry }
  | { readonly kind: 'different'; readonly entry: DumpEntry; readonly stored: Entry }
  /** The dump does not have it. */
  | { readonly kind: 'extra'; readonly stored: Entry };

/** Every key of either, in order. Rejects with `bad-dump` when the dump is out of order, and so may have a key twice. */
export async function* compare(dump: AsyncIterable<DumpEntry>, stored: AsyncIterator<Entry>): AsyncGenerator<Compared> {
  let other = await stored.next();
  let last: string | undefined;
  for await (const entry of dump) {
    if (last !== undefined && compareDumped(last, entry.key) >= 0) throw badDump(`the key ${JSON.stringify(entry.key)} is out of order`);
    last = entry.key;
    for (; !other.done && compareDumped(other.value.key, entry.key) < 0; other = await stored.next()) {
      yield { kind: 'extra', stored: other.value };
    }
    if (other.done || other.value.key !== entry.key) yield { kind: 'absent', entry };
    else {
      const isEqual = Buffer.compare(other.value.value, entry.value) === 0;
      yield isEqual ? { kind: 'equal', entry } : { kind: 'different', entry, stored: other.value };
      other = await stored.next();
    }
  }
  for (; !other.done; other = await stored.next()) yield { kind: 'extra', stored: other.value };
}
