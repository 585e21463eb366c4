/** One process's client of the one memory store: each call and each reply waits for its turn, and dies with the process. */
import type { Fault, MemoryStore } from '../../src/store/memory.ts';
import {
  type CallOptions,
  type CommitOutcome,
  type CommitRequest,
  type ListOptions,
  type ReadRequest,
  type ReadResult,
  type Store,
  StoreError,
  type WatchEvent,
} from '../../src/store/port.ts';
import type { Process } from './process.ts';
import type { CallFault, Schedule, StoreCall } from './schedule.ts';
import type { VirtualTime } from './time.ts';

/** What an adapter allows a call that names no deadline. */
const CALL_TIMEOUT_MS = 5_000;

export interface SimClientParts {
  readonly store: MemoryStore;
  readonly process: Process;
  readonly schedule: Schedule;
  readonly time: VirtualTime;
  /** Whether a reply arrives in the step in which it was sent. */
  readonly isPrompt: () => boolean;
}

type CallParts = Pick<StoreCall, 'verb' | 'read' | 'commit'>;

export class SimClient implements Store {
  readonly name = 'sim';
  readonly #parts: SimClientParts;
  readonly #inner: Store;
  #fault: Fault = 'none';

  constructor(parts: SimClientParts) {
    this.#parts = parts;
    this.#inner = parts.store.client({ fault: () => this.#fault });
  }

  async read(request: ReadRequest, options?: CallOptions): Promise<ReadResult> {
    this.#fault = await this.#admitted({ verb: 'read', read: request }, options);
    return this.#replied(this.#inner.read(request));
  }

  async *list(
    prefix: string,
    options: ListOptions = {},
  ): AsyncGenerator<{ revision: bigint; entries: ReadResult['ranges'][0]['entries'] }> {
    const { signal: _, timeoutMs: __, ...rest } = options;
    const pages = this.#inner.list(prefix, rest)[Symbol.asyncIterator]();
    for (;;) {
      this.#fault = await this.#admitted({ verb: 'list' }, options);
      const page = await this.#replied(pages.next());
      if (page.done) return;
      yield page.value;
    }
  }

  async commit(request: CommitRequest, options?: CallOptions): Promise<CommitOutcome> {
    this.#fault = await this.#admitted({ verb: 'commit', commit: request }, options);
    return this.#replied(this.#inner.commit(request));
  }

  watch(prefix: string, fromRevision: bigint, options?: { readonly signal?: AbortSignal }): AsyncIterable<WatchEvent> {
    return this.#inner.watch(prefix, fromRevision, options);
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  /** Gives the fault that the call will meet, once it may take effect. */
  async #admitted(call: CallParts, { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions = {}): Promise<Fault> {
    const { process, schedule, time } = this.#parts;
    if (!process.isAlive) return forever();
    const fault = await new Promise<CallFault>((go) => {
      const deadlineMs = time.ms + timeoutMs;
      const operations = [...process.running];
      schedule.add({ kind: 'call', process, go, call: { ...call, process, operations, madeMs: time.ms, deadlineMs, signal } });
    });
    if (fault === 'aborted') throw new StoreError('aborted', 'The call was aborted.', { cause: signal?.reason });
    return fault;
  }

  /** The result, when its reply arrives. */
  async #replied<T>(call: Promise<T>): Promise<T> {
    const { process, schedule, isPrompt } = this.#parts;
    const [result] = await Promise.allSettled([call]);
    if (!process.isAlive) return forever();
    if (!isPrompt()) await new Promise<void>((go) => schedule.add({ kind: 'reply', process, go }));
    if (result.status === 'fulfilled') return result.value;
    throw result.reason;
  }
}

/** What a process that died waits for. */
function forever(): Promise<never> {
  return new Promise(() => {});
}
