import type { Database } from 'lmdb';
import { assert } from '../core/assert.ts';
import { type Page, pageAsOf } from './as-of.ts';
import { compareKeys } from './key-order.ts';
import { damaged } from './lmdb-errors.ts';
import {
  decodeEntry,
  decodeLog,
  decodeState,
  encodeEntry,
  encodeLog,
  encodeState,
  entryKey,
  type LogItem,
  type LogRecord,
  logKey,
  oldValueKey,
  portKey,
  STATE_KEY,
  type State,
} from './lmdb-layout.ts';
import type { CommitOutcome, CommitRequest, Entry, Guard, KeyRange, Revision, WatchEvent } from './port.ts';

export type LmdbDatabase = Database<Buffer, Buffer>;

/** How much of the past is kept: at most so many commits and so many bytes. */
export interface HistoryLimits {
  readonly revisions: number;
  readonly bytes: number;
}

/**
 * The port's data over an open LMDB database. Everything is synchronous: within a transaction, or between two calls of
 * {@link refresh}, all reads see one snapshot.
 */
export class LmdbData {
  readonly #db: LmdbDatabase;
  readonly #history: HistoryLimits;

  constructor(db: LmdbDatabase, history: HistoryLimits) {
    this.#db = db;
    this.#history = history;
  }

  /** Lets the next reads see what other processes have committed. */
  refresh(): void {
    this.#db.resetReadTxn();
  }

  state(): State {
    const state = this.#db.get(STATE_KEY);
    if (!state) throw damaged('its revision');
    return decodeState(state);
  }

  get(key: string, keysOnly = false): Entry | undefined {
    const bytes = this.#db.get(entryKey(key));
    return bytes && decodeEntry(key, bytes, keysOnly);
  }

  /** The range as it was at `revision`, which must not be compacted; by default as it is. */
  page({ start, end, limit = Infinity, keysOnly = false }: KeyRange, revision?: Revision): Page {
    const before = new Map<string, Entry | undefined>();
    const since = revision === undefined ? [] : this.#records(revision + 1n, this.state().revision);
    for (const { key, previous } of since.flatMap(({ items }) => items)) {
      const inside = compareKeys(key, start) >= 0 && compareKeys(key, end) < 0;
      if (inside && !before.has(key)) before.set(key, this.#version(key, previous, keysOnly));
    }
    return pageAsOf(this.#range(start, end, keysOnly), before, limit);
  }

  /** Compares and writes; the caller has begun a transaction, and makes it durable. */
  commit({ guards, writes, deletes }: CommitRequest): CommitOutcome {
    const state = this.state();
    const current = this.#guarded(guards);
    if (!guards.every(({ key, revision }) => (current.get(key)?.revision ?? 'absent') === revision)) {
      return { kind: 'conflict', revision: state.revision, current };
    }
    const revision = state.revision + 1n;
    const items: LogItem[] = [];
    let oldValueBytes = 0;
    const replace = (key: string, value: Uint8Array | undefined) => {
      const old = current.get(key) ?? this.get(key);
      if (!old && !value) return;
      items.push({ key, kind: value ? 'put' : 'delete', previous: old?.revision ?? 0n });
      if (old) oldValueBytes += this.#keep(old);
      if (value) this.#put(entryKey(key), encodeEntry(revision, value));
      else this.#remove(entryKey(key));
    };
    for (const { key, value } of writes) replace(key, value);
    for (const key of deletes) replace(key, undefined);
    if (items.length === 0) return { kind: 'committed', revision: state.revision };

    const record = encodeLog(items, oldValueBytes);
    this.#put(logKey(revision), record);
    const historyBytes = state.historyBytes + record.length + oldValueBytes;
    this.#setState(this.#trimmed({ ...state, revision, historyBytes }));
    return { kind: 'committed', revision };
  }

  /**
   * Events of one prefix in at most `revisionsMax` revisions from `fromRevision` on, and the revision to go on from;
   * `compacted` alone when history does not reach back that far.
   */
  events(prefix: string, fromRevision: Revision, revisionsMax: number): { events: WatchEvent[]; next: Revision } {
    const { revision, compacted } = this.state();
    if (fromRevision <= compacted) return { events: [{ kind: 'compacted' }], next: fromRevision };
    const last = revision < fromRevision + BigInt(revisionsMax) ? revision : fromRevision + BigInt(revisionsMax) - 1n;
    const events = this.#records(fromRevision, last).flatMap(({ items }, index) => {
      const at = fromRevision + BigInt(index);
      return items.filter(({ key }) => key.startsWith(prefix)).map((item) => this.#event(item, at));
    });
    return { events, next: last >= fromRevision ? last + 1n : fromRevision };
  }

  /** Forgets the past before `revision`; the caller has begun a transaction. */
  compact(revision: Revision): void {
    let state = this.state();
    assert(revision <= state.revision, 'only the past can be compacted');
    while (state.compacted < revision) state = this.#withoutOldest(state);
    this.#setState(state);
  }

  #guarded(guards: readonly Guard[]): Map<string, Entry> {
    const current = new Map<string, Entry>();
    for (const { key } of guards) {
      const entry = this.get(key);
      if (entry) current.set(key, entry);
    }
    return current;
  }

  *#range(start: string, end: string, keysOnly: boolean): Generator<Entry> {
    for (const { key, value } of this.#db.getRange({ start: entryKey(start), end: entryKey(end) })) {
      yield decodeEntry(portKey(key), value, keysOnly);
    }
  }

  /** The log records of these revisions. */
  #records(first: Revision, last: Revision): LogRecord[] {
    if (first > last) return [];
    const range = this.#db.getRange({ start: logKey(first), end: logKey(last + 1n) });
    const records = Array.from(range, ({ value }) => decodeLog(value));
    if (BigInt(records.length) !== last - first + 1n) throw damaged(`some of revisions ${first} to ${last}`);
    return records;
  }

  #event({ key, kind }: LogItem, revision: Revision): WatchEvent {
    if (kind === 'delete') return { kind, key, revision };
    const entry = this.#version(key, revision, false);
    if (!entry) throw damaged(`the value that ${key} had at revision ${revision}`);
    return { kind, key, value: entry.value, revision };
  }

  /** The entry that `revision` wrote, be it the current one or kept in the history. */
  #version(key: string, revision: Revision, keysOnly: boolean): Entry | undefined {
    if (revision === 0n) return undefined;
    const current = this.get(key, keysOnly);
    if (current?.revision === revision) return current;
    const value = this.#db.get(oldValueKey(revision, key));
    if (!value) throw damaged(`the value that ${key} had at revision ${revision}`);
    return { key, value: keysOnly ? new Uint8Array() : value, revision };
  }

  /** Moves an entry to the history; gives the bytes that it takes there. */
  #keep({ key, value, revision }: Entry): number {
    const historyKey = oldValueKey(revision, key);
    this.#put(historyKey, value);
    return historyKey.length + value.byteLength;
  }

  #trimmed(state: State): State {
    let trimmed = state;
    while (
      trimmed.compacted < trimmed.revision &&
      (trimmed.revision - trimmed.compacted > BigInt(this.#history.revisions) || trimmed.historyBytes > this.#history.bytes)
    ) {
      trimmed = this.#withoutOldest(trimmed);
    }
    return trimmed;
  }

  /** Drops the oldest log record, and the old values that only this one could still name. */
  #withoutOldest({ revision, compacted, historyBytes }: State): State {
    const oldest = compacted + 1n;
    const record = this.#db.get(logKey(oldest));
    if (!record) throw damaged(`what happened at revision ${oldest}`);
    const { bytes, items } = decodeLog(record);
    for (const { key, previous } of items) if (previous > 0n) this.#remove(oldValueKey(previous, key));
    this.#remove(logKey(oldest));
    return { revision, compacted: oldest, historyBytes: historyBytes - bytes };
  }

  #setState(state: State): void {
    this.#put(STATE_KEY, encodeState(state));
  }

  /** Within a transaction LMDB writes at once: its promise is resolved already, and an error is thrown. */
  #put(key: Buffer, value: Uint8Array): void {
    void this.#db.put(key, value as Buffer);
  }

  #remove(key: Buffer): void {
    void this.#db.remove(key);
  }
}
