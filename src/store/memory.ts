import { assert, unreachable } from '../core/assert.ts';
import { checkCommit, checkPrefix, checkRead } from './limits.ts';
import { HISTORY_REVISIONS, MemoryData } from './memory-data.ts';
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

/**
 * What goes wrong with one call:
 * - `conflict` (a commit's only): a conflict is answered although the guards hold; nothing is written.
 * - `lost-request`, `lost-reply`, `late`: a commit's outcome is `unknown`; it never happens, has happened, or happens when
 *   {@link MemoryStore.applyLate} is called, if its guards hold by then. A read or list fails as with `unavailable`.
 * - `unavailable`: the call fails with `store-unavailable`; nothing happened.
 * - `crash-before`, `crash-after`: the calling process dies, its call without effect or with: {@link Crash} is thrown.
 */
export type Fault = 'none' | 'conflict' | 'lost-request' | 'lost-reply' | 'late' | 'unavailable' | 'crash-before' | 'crash-after';

/** One call, before it takes effect. A listing calls once per page. `attempt`: calls of this client so far, this one included. */
export type StoreCall = { readonly attempt: number } & (
  | { readonly verb: 'read'; readonly request: ReadRequest }
  | { readonly verb: 'list'; readonly request: { readonly prefix: string } & ListOptions }
  | { readonly verb: 'commit'; readonly request: CommitRequest }
);

export interface MemoryClientOptions {
  /** Default `memory`. */
  readonly name?: string;
  /** Decides what happens to each call; the call waits for it, so a promise is a delay. Default: no faults. */
  readonly fault?: (call: StoreCall) => Fault | Promise<Fault>;
}

export interface MemoryStoreOptions extends MemoryClientOptions {
  /** Commits whose history is kept for `watch` and for `list` at a revision. Default 10,000. */
  readonly historyRevisions?: number;
}

/** A store in this process: the executable definition of the port, and a simulated one by its faults. */
export interface MemoryStore extends Store {
  /** Another client of the same data, with faults of its own. */
  client(options?: MemoryClientOptions): Store;
  /** Forgets history: the past can be read at `revision` and later, and watched from the next revision on. */
  compact(revision: Revision): void;
  /** Commits with a `late` fault that have not happened yet. */
  readonly lateCommits: number;
  /** Lets the oldest late commits happen, guards evaluated now; gives what became of each. */
  applyLate(limit?: number): readonly CommitOutcome[];
}

/** Thrown to the caller in place of an answer, when a fault says that the calling process dies. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

const PAGE_SIZE = 1_000;

/** A new, empty store. */
export function openMemoryStore({ historyRevisions = HISTORY_REVISIONS, ...options }: MemoryStoreOptions = {}): MemoryStore {
  return new FirstClient({ data: new MemoryData(historyRevisions), late: [] }, options);
}

interface Shared {
  readonly data: MemoryData;
  readonly late: CommitRequest[];
}

class MemoryClient implements Store {
  readonly name: string;
  protected readonly shared: Shared;
  readonly #data: MemoryData;
  readonly #fault: NonNullable<MemoryClientOptions['fault']>;
  readonly #closing = new AbortController();
  #attempts = 0;

  constructor(shared: Shared, { name = 'memory', fault = () => 'none' }: MemoryClientOptions) {
    this.name = name;
    this.shared = shared;
    this.#data = shared.data;
    this.#fault = fault;
  }

  async read(request: ReadRequest, options?: CallOptions): Promise<ReadResult> {
    checkRead(request);
    const attempt = this.#begin(options);
    await this.#mayFail({ verb: 'read', request, attempt }, options);
    const { keys = [], probes = [], ranges = [] } = request;
    const entries = new Map<string, Entry>();
    for (const key of probes) this.#put(entries, key, true);
    for (const key of keys) this.#put(entries, key, false);
    return {
      revision: this.#data.revision,
      entries,
      ranges: ranges.map((range) => {
        const page = this.#data.page(range);
        return { ...page, entries: page.entries.map((entry) => copyOf(entry, range.keysOnly)) };
      }),
    };
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<{ revision: Revision; entries: Entry[] }> {
    checkPrefix(prefix);
    const { end } = prefixRange(prefix);
    let { revision } = options;
    let start = prefix;
    let more = true;
    while (more) {
      const attempt = this.#begin(options);
      await this.#mayFail({ verb: 'list', request: { ...options, prefix }, attempt }, options);
      revision ??= this.#data.revision;
      if (revision < this.#data.compacted) throw new StoreError('revision-compacted', `Revision ${revision} is compacted.`);
      assert(revision <= this.#data.revision, 'nothing is listed at a future revision');
      const page = this.#data.page({ start, end, limit: options.pageSize ?? PAGE_SIZE }, revision);
      yield { revision, entries: page.entries.map((entry) => copyOf(entry, options.keysOnly)) };
      more = page.more;
      start = `${page.entries.at(-1)?.key}\0`;
    }
  }

  async commit(request: CommitRequest, options?: CallOptions): Promise<CommitOutcome> {
    checkCommit(request);
    const attempt = this.#begin(options);
    const fault = await this.#fault({ verb: 'commit', request, attempt });
    // After a crash nobody is there to notice an abort.
    if (!fault.startsWith('crash')) this.#refuseEnded(options);
    switch (fault) {
      case 'none':
        return withCopies(this.#data.commit(request));
      case 'conflict':
        return withCopies(this.#data.conflict(request.guards));
      case 'lost-request':
        return { kind: 'unknown', cause: new Error('the request was lost') };
      case 'lost-reply':
        this.#data.commit(request);
        return { kind: 'unknown', cause: new Error('the reply was lost') };
      case 'late':
        this.shared.late.push(copyOfRequest(request));
        return { kind: 'unknown', cause: new Error('the request is late') };
      case 'unavailable':
        throw unavailable();
      case 'crash-before':
        throw new Crash('the process died before its commit');
      case 'crash-after':
        this.#data.commit(request);
        throw new Crash('the process died after its commit');
      default:
        return unreachable(fault);
    }
  }

  async *watch(prefix: string, fromRevision: Revision, options: { signal?: AbortSignal } = {}): AsyncGenerator<WatchEvent> {
    checkPrefix(prefix);
    assert(fromRevision > 0n, 'a watch starts at a revision');
    this.#refuseClosed();
    const end = AbortSignal.any([this.#closing.signal, ...(options.signal ? [options.signal] : [])]);
    const wakeup = new Wakeup();
    const stop = () => wakeup.notify();
    end.addEventListener('abort', stop);
    this.#data.wakeups.add(wakeup);
    try {
      let next = fromRevision;
      while (!end.aborted) {
        const events = this.#data.events(prefix, next);
        const reached = this.#data.revision;
        for (const event of events) {
          if (end.aborted) return;
          yield event.kind === 'put' ? { ...event, value: event.value.slice() } : event;
          if (event.kind === 'compacted') return;
        }
        if (reached >= next) next = reached + 1n;
        await wakeup.wait();
      }
    } finally {
      this.#data.wakeups.delete(wakeup);
      end.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  #put(entries: Map<string, Entry>, key: string, keysOnly: boolean): void {
    const entry = this.#data.get(key);
    if (entry) entries.set(key, copyOf(entry, keysOnly));
  }

  #begin(options: CallOptions | undefined): number {
    this.#refuseEnded(options);
    return ++this.#attempts;
  }

  /** The fault of a call that changes nothing. */
  async #mayFail(call: StoreCall, options: CallOptions | undefined): Promise<void> {
    const fault = await this.#fault(call);
    if (fault === 'crash-before' || fault === 'crash-after') throw new Crash(`the process died in a ${call.verb}`);
    this.#refuseEnded(options);
    assert(fault !== 'conflict', 'only a commit has conflicts');
    if (fault !== 'none') throw unavailable();
  }

  #refuseEnded(options: CallOptions | undefined): void {
    this.#refuseClosed();
    if (options?.signal?.aborted) throw new StoreError('aborted', 'The call was aborted.', { cause: options.signal.reason });
  }

  #refuseClosed(): void {
    if (this.#closing.signal.aborted) throw new StoreError('store-unavailable', `The store ${this.name} was closed.`);
  }
}

class FirstClient extends MemoryClient implements MemoryStore {
  get lateCommits(): number {
    return this.shared.late.length;
  }

  client(options: MemoryClientOptions = {}): Store {
    return new MemoryClient(this.shared, options);
  }

  compact(revision: Revision): void {
    this.shared.data.compact(revision);
  }

  applyLate(limit = this.lateCommits): readonly CommitOutcome[] {
    return this.shared.late.splice(0, limit).map((request) => this.shared.data.commit(request));
  }
}

function unavailable(): StoreError {
  return new StoreError('store-unavailable', 'The store does not answer (a simulated fault).');
}

/** Callers own what they get: changing it does not change the store. */
function copyOf({ key, value, revision }: Entry, keysOnly = false): Entry {
  return { key, value: keysOnly ? new Uint8Array() : value.slice(), revision };
}

function copyOfRequest(request: CommitRequest): CommitRequest {
  return { ...request, writes: request.writes.map(({ key, value }) => ({ key, value: value.slice() })) };
}

function withCopies(outcome: CommitOutcome): CommitOutcome {
  if (outcome.kind !== 'conflict') return outcome;
  return { ...outcome, current: new Map([...outcome.current].map(([key, entry]) => [key, copyOf(entry)])) };
}
