import { type FSWatcher, watch as watchFile } from 'node:fs';
import { join, resolve } from 'node:path';
import { assert } from '../core/assert.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { checkCommit, checkPrefix, checkRead } from './limits.ts';
import { type HistoryLimits, LmdbData, type LmdbDatabase } from './lmdb-data.ts';
import { explain } from './lmdb-errors.ts';
import { DATA_FILE } from './lmdb-layout.ts';
import { openDatabase } from './lmdb-open.ts';
import { STALE_STARTS_MAX, StaleStart, writeTransaction } from './lmdb-write.ts';
import {
  type CallOptions,
  type CommitOutcome,
  type CommitRequest,
  type Entry,
  type ListOptions,
  prefixRange,
  type ReadRequest,
  type ReadResult,
  type Revision,
  type Store,
  StoreError,
  type WatchEvent,
} from './port.ts';
import { Wakeup } from './wakeup.ts';

export interface LmdbOptions {
  /** Commits whose history is kept for `watch` and for `list` at a revision. Default 10,000. */
  readonly historyRevisions?: number;
  /** Bytes that this history may take. Default 16 MiB. */
  readonly historyBytes?: number;
  readonly clock?: Clock;
}

/** A store of one host, in a folder on a local disk; many processes may use it at once. */
export interface LmdbStore extends Store {
  /** Forgets history: the past can be read at `revision` and later, and watched from the next revision on. */
  compact(revision: Revision): Promise<void>;
}

const PAGE_SIZE = 1_000;
/** Commits of one process that share a transaction, and so one wait for the disk. */
const BATCH_COMMITS_MAX = 128;
const WATCH_REVISIONS_MAX = 100;
/** File notifications only make a watch quicker: it looks by itself this often. */
const WATCH_POLL_MS = 1_000;

/**
 * Opens the store in the folder `path`, creating it when missing. Rejects with `store-foreign`, `store-permission`,
 * `store-full` or `store-unavailable`, and a text that says what to do.
 *
 * Calls take effect at once, so `timeoutMs` has no use. A process that is stopped in the middle of a commit makes all
 * other writers wait, since LMDB's lock has no deadline.
 */
export async function openLmdbStore(path: string, options: LmdbOptions = {}): Promise<LmdbStore> {
  const folder = resolve(path);
  return new LmdbFolder(folder, options);
}

interface Waiting {
  readonly request: CommitRequest;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

class LmdbFolder implements LmdbStore {
  readonly name: string;
  readonly #folder: string;
  readonly #history: HistoryLimits;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  /** Own watches hear of own commits without waiting for the file system. */
  readonly #wakeups = new Set<Wakeup>();
  #db: LmdbDatabase;
  #data: LmdbData;
  /** Why the store cannot be used any more. */
  #failure: unknown;
  #waiting: Waiting[] = [];

  constructor(folder: string, { historyRevisions = 10_000, historyBytes = 16 * 2 ** 20, clock = systemClock }: LmdbOptions) {
    this.name = `lmdb:${folder}`;
    this.#folder = folder;
    this.#history = { revisions: historyRevisions, bytes: historyBytes };
    this.#clock = clock;
    this.#db = this.#explained(() => openDatabase(folder));
    this.#data = new LmdbData(this.#db, this.#history);
  }

  async read(request: ReadRequest, options?: CallOptions): Promise<ReadResult> {
    checkRead(request);
    this.#refuseEnded(options?.signal);
    const { keys = [], probes = [], ranges = [] } = request;
    return this.#explained(() => {
      this.#data.refresh();
      const entries = new Map<string, Entry>();
      const put = (key: string, keysOnly: boolean) => {
        const entry = this.#data.get(key, keysOnly);
        if (entry) entries.set(key, entry);
      };
      for (const key of probes) put(key, true);
      for (const key of keys) put(key, false);
      return { revision: this.#data.state().revision, entries, ranges: ranges.map((range) => this.#data.page(range)) };
    });
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<{ revision: Revision; entries: readonly Entry[] }> {
    checkPrefix(prefix);
    const { keysOnly = false, pageSize = PAGE_SIZE, signal } = options;
    const { end } = prefixRange(prefix);
    let { revision } = options;
    let start = prefix;
    let more = true;
    while (more) {
      this.#refuseEnded(signal);
      const page = this.#explained(() => {
        this.#data.refresh();
        const at = revision ?? this.#data.state().revision;
        this.#refuseCompacted(at);
        revision = at;
        return this.#data.page({ start, end, limit: pageSize, keysOnly }, at);
      });
      yield { revision: revision as Revision, entries: page.entries };
      more = page.more;
      start = `${page.entries.at(-1)?.key}\0`;
    }
  }

  async commit(request: CommitRequest, options?: CallOptions): Promise<CommitOutcome> {
    checkCommit(request);
    this.#refuseEnded(options?.signal);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, signal: options?.signal, resolve, reject });
      // Commits made in the same turn of the event loop share a transaction.
      if (this.#waiting.length === 1) setImmediate(() => this.#commitWaiting());
    });
  }

  async *watch(prefix: string, fromRevision: Revision, options: { signal?: AbortSignal } = {}): AsyncGenerator<WatchEvent> {
    checkPrefix(prefix);
    assert(fromRevision > 0n, 'a watch starts at a revision');
    this.#refuseEnded(undefined);
    const end = AbortSignal.any([this.#closing.signal, ...(options.signal ? [options.signal] : [])]);
    const wakeup = new Wakeup();
    const notify = () => wakeup.notify();
    end.addEventListener('abort', notify);
    this.#wakeups.add(wakeup);
    const file = this.#watchFile(notify);
    try {
      let next = fromRevision;
      while (!end.aborted) {
        this.#refuseEnded(undefined);
        const from = next;
        const batch = this.#explained(() => {
          this.#data.refresh();
          return this.#data.events(prefix, from, WATCH_REVISIONS_MAX);
        });
        for (const event of batch.events) {
          if (end.aborted) return;
          yield event;
          if (event.kind === 'compacted') return;
        }
        next = batch.next;
        if (next === from) await this.#nextChange(wakeup);
      }
    } finally {
      file?.close();
      this.#wakeups.delete(wakeup);
      end.removeEventListener('abort', notify);
    }
  }

  async compact(revision: Revision): Promise<void> {
    this.#refuseEnded(undefined);
    this.#explained(() => this.#write(() => this.#data.compact(revision)));
    this.#notifyAll();
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    while (this.#waiting.length > 0) this.#commitWaiting();
    this.#closing.abort();
    await this.#db.close();
  }

  #commitWaiting(): void {
    const batch = this.#waiting.splice(0, BATCH_COMMITS_MAX);
    if (this.#waiting.length > 0) setImmediate(() => this.#commitWaiting());
    const wanted = batch.filter(({ signal, reject }) => {
      if (!signal?.aborted) return true;
      reject(aborted(signal));
      return false;
    });
    if (wanted.length === 0) return;
    const outcomes: CommitOutcome[] = [];
    let isDecided = false;
    try {
      this.#refuseEnded(undefined);
      this.#write(() => {
        outcomes.length = 0;
        for (const { request } of wanted) outcomes.push(this.#data.commit(request));
        isDecided = true;
      });
    } catch (error) {
      this.#fail(wanted, error, isDecided);
      return;
    }
    for (const [index, { resolve }] of wanted.entries()) resolve(outcomes[index] as CommitOutcome);
    this.#notifyAll();
  }

  #write(change: () => void): void {
    for (let attempt = 1; ; attempt++) {
      try {
        writeTransaction(this.#db, change);
        return;
      } catch (error) {
        if (!(error instanceof StaleStart) || attempt === STALE_STARTS_MAX) throw error;
        this.#reopen();
        if (this.#failure) throw this.#failure;
      }
    }
  }

  /** Nothing happened; but once all `isDecided` LMDB had begun to write, and only a full disk tells for sure that it did not finish. */
  #fail(batch: readonly Waiting[], error: unknown, isDecided: boolean): void {
    const cause = explain(error, this.name, this.#folder);
    const isFull = cause instanceof StoreError && cause.code === 'store-full';
    if (isDecided) this.#reopen();
    for (const { resolve, reject } of batch) {
      if (isDecided && !isFull && cause instanceof Error) resolve({ kind: 'unknown', cause });
      else reject(cause);
    }
  }

  /** After a failed write of its root LMDB refuses to go on, and lmdb crashes on the refusal. */
  #reopen(): void {
    try {
      void this.#db.close();
      this.#db = openDatabase(this.#folder);
      this.#data = new LmdbData(this.#db, this.#history);
    } catch (error) {
      this.#failure = explain(error, this.name, this.#folder);
    }
  }

  async #nextChange(wakeup: Wakeup): Promise<void> {
    const awake = new AbortController();
    const asleep = this.#clock.sleep(WATCH_POLL_MS, awake.signal).then(
      () => wakeup.notify(),
      () => undefined,
    );
    await wakeup.wait();
    awake.abort();
    await asleep;
  }

  /** Undefined when the system has no watch left to give. */
  #watchFile(notify: () => void): FSWatcher | undefined {
    try {
      return watchFile(join(this.#folder, DATA_FILE), { persistent: false }, notify).on('error', () => undefined);
    } catch {
      return undefined;
    }
  }

  #notifyAll(): void {
    for (const wakeup of this.#wakeups) wakeup.notify();
  }

  #refuseEnded(signal: AbortSignal | undefined): void {
    if (this.#closing.signal.aborted) throw new StoreError('store-unavailable', `The store ${this.name} was closed.`);
    if (this.#failure) throw this.#failure;
    if (signal?.aborted) throw aborted(signal);
  }

  #refuseCompacted(revision: Revision): void {
    const state = this.#data.state();
    assert(revision <= state.revision, 'nothing is listed at a future revision');
    if (revision >= state.compacted) return;
    throw new StoreError('revision-compacted', `The history of ${this.name} begins at revision ${state.compacted}; ${revision} is gone.`);
  }

  /** Turns what LMDB throws into the port's errors. */
  #explained<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explain(error, this.name, this.#folder);
    }
  }
}

function aborted(signal: AbortSignal): StoreError {
  return new StoreError('aborted', 'The call was aborted.', { cause: signal.reason });
}
