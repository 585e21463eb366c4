import { assert } from '../core/assert.ts';
import { type Page, pageAsOf } from './as-of.ts';
import { compareKeys } from './key-order.ts';
import type { CommitOutcome, CommitRequest, Entry, Guard, KeyRange, Revision, WatchEvent } from './port.ts';
import type { Wakeup } from './wakeup.ts';

/** Commits whose history is kept, unless told otherwise. */
export const HISTORY_REVISIONS = 10_000;

interface Change {
  readonly key: string;
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
}

/**
 * Ordered keys with revisions, guards and history: what every store of the port does, without I/O, faults or calls.
 * The entry of a revision is never changed in place.
 */
export class MemoryData {
  /** Revision of the newest commit; 0 in an empty store. */
  revision: Revision = 0n;
  /** The past can be read at this revision and later; events are there from the next one on. */
  compacted: Revision = 0n;
  /** Those who wait for a commit. */
  readonly wakeups = new Set<Wakeup>();
  readonly #entries = new Map<string, Entry>();
  /** Sorted. */
  readonly #keys: string[] = [];
  /** The changes of revision `compacted + 1 + index`. */
  readonly #history: (readonly Change[])[] = [];
  readonly #historyRevisions: number;

  constructor(historyRevisions: number) {
    this.#historyRevisions = historyRevisions;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** The range as it was at `revision`, which must not be compacted. */
  page({ start, end, limit = Infinity }: KeyRange, revision: Revision = this.revision): Page {
    const before = new Map<string, Entry | undefined>();
    for (const { key, before: entry } of this.#since(revision + 1n).flat()) {
      if (compareKeys(key, start) >= 0 && compareKeys(key, end) < 0 && !before.has(key)) before.set(key, entry);
    }
    return pageAsOf(this.#range(start, end), before, limit);
  }

  commit({ guards, writes, deletes }: CommitRequest): CommitOutcome {
    if (!guards.every((guard) => this.#holds(guard))) return this.conflict(guards);
    const revision = this.revision + 1n;
    const changes: Change[] = [];
    for (const { key, value } of writes) {
      changes.push({ key, before: this.#entries.get(key), after: { key, value: value.slice(), revision } });
    }
    for (const key of deletes) {
      const before = this.#entries.get(key);
      if (before) changes.push({ key, before, after: undefined });
    }
    if (changes.length > 0) this.#apply(revision, changes);
    return { kind: 'committed', revision: this.revision };
  }

  /** What a commit with these guards answers when one does not hold. */
  conflict(guards: readonly Guard[]): CommitOutcome {
    const current = new Map<string, Entry>();
    for (const { key } of guards) {
      const entry = this.#entries.get(key);
      if (entry) current.set(key, entry);
    }
    return { kind: 'conflict', revision: this.revision, current };
  }

  /** Events of one prefix from a revision on, all there are; `compacted` alone when history does not reach back that far. */
  events(prefix: string, fromRevision: Revision): WatchEvent[] {
    if (fromRevision <= this.compacted) return [{ kind: 'compacted' }];
    return this.#since(fromRevision).flatMap((changes, index) =>
      changes.filter(({ key }) => key.startsWith(prefix)).map((change) => eventOf(change, fromRevision + BigInt(index))),
    );
  }

  compact(revision: Revision): void {
    assert(revision <= this.revision, 'only the past can be compacted');
    if (revision <= this.compacted) return;
    this.#history.splice(0, Number(revision - this.compacted));
    this.compacted = revision;
    this.#wake();
  }

  #apply(revision: Revision, changes: readonly Change[]): void {
    this.revision = revision;
    for (const { key, before, after } of changes) {
      if (!before) this.#keys.splice(this.#position(key), 0, key);
      if (after) {
        this.#entries.set(key, after);
      } else {
        this.#entries.delete(key);
        this.#keys.splice(this.#position(key), 1);
      }
    }
    this.#history.push(changes);
    if (this.#history.length > this.#historyRevisions) this.compact(this.compacted + 1n);
    this.#wake();
  }

  #holds({ key, revision }: Guard): boolean {
    const entry = this.#entries.get(key);
    return revision === 'absent' ? entry === undefined : entry?.revision === revision;
  }

  /** Changes per revision, from this one on. */
  #since(revision: Revision): (readonly Change[])[] {
    return this.#history.slice(Number(revision - this.compacted - 1n));
  }

  *#range(start: string, end: string): Generator<Entry> {
    for (let index = this.#position(start); index < this.#keys.length; index++) {
      const key = this.#keys[index] as string;
      if (compareKeys(key, end) >= 0) return;
      yield this.#entries.get(key) as Entry;
    }
  }

  /** Where the key is among the sorted ones, or would be. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #wake(): void {
    for (const wakeup of this.wakeups) wakeup.notify();
  }
}

function eventOf({ key, after }: Change, revision: Revision): WatchEvent {
  return after ? { kind: 'put', key, value: after.value, revision } : { kind: 'delete', key, revision };
}
