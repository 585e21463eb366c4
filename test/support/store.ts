/** Short ways to say what a test of a store does. */
import { randomUUID } from 'node:crypto';
import type { CommitOutcome, CommitRequest, Entry, Guard, Revision, Store, WatchEvent } from '../../src/store/port.ts';

/** Keys of this test alone. */
export function freshPrefix(): string {
  return `/test/${randomUUID()}/`;
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}

export interface Changes {
  readonly guards?: readonly Guard[];
  /** Values as text. */
  readonly put?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

export function requestOf({ guards = [], put = {}, remove = [] }: Changes): CommitRequest {
  return { guards, writes: Object.entries(put).map(([key, value]) => ({ key, value: bytes(value) })), deletes: remove };
}

export function commit(store: Store, changes: Changes): Promise<CommitOutcome> {
  return store.commit(requestOf(changes));
}

/** Commits what must not fail; gives its revision. */
export async function change(store: Store, changes: Changes): Promise<Revision> {
  const outcome = await commit(store, changes);
  if (outcome.kind !== 'committed') throw new Error(`expected a commit, got ${outcome.kind}`);
  return outcome.revision;
}

/** `key@revision=value` of each, for comparing. */
export function shown(entries: Iterable<Entry>): string[] {
  return Array.from(entries, ({ key, value, revision }) => `${key}@${revision}=${text(value)}`);
}

export async function valueOf(store: Store, key: string): Promise<string | undefined> {
  const entry = await entryOf(store, key);
  return entry && text(entry.value);
}

export async function entryOf(store: Store, key: string): Promise<Entry | undefined> {
  return (await store.read({ keys: [key] })).entries.get(key);
}

export async function listed(store: Store, prefix: string, options?: Parameters<Store['list']>[1]): Promise<Entry[]> {
  return (await collect(store.list(prefix, options))).flatMap(({ entries }) => entries);
}

/** All that comes, until it ends. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The next `count` events, then the watch is left. */
export async function take(events: AsyncIterable<WatchEvent>, count: number): Promise<WatchEvent[]> {
  const taken: WatchEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

/** `revision key=value`, `revision key gone`, or `compacted`; the keys of one revision in alphabetical order. */
export function shownEvents(events: readonly WatchEvent[]): string[] {
  const rows = events.map((event) => {
    if (event.kind === 'compacted') return { revision: 0n, row: 'compacted' };
    const { key, revision } = event;
    return { revision, row: event.kind === 'put' ? `${revision} ${key}=${text(event.value)}` : `${revision} ${key} gone` };
  });
  // Array.sort keeps the order of what it finds equal, so disorder between revisions stays visible.
  return rows.sort((a, b) => (a.revision === b.revision ? (a.row < b.row ? -1 : 1) : 0)).map(({ row }) => row);
}
