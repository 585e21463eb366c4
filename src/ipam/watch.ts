/** Utilisation that follows the store: read once, then kept up to date by what changes. */
import type { Pool, Ref, Reservation } from '../core/records.ts';
import { type CountedBlock, utilization } from '../core/utilization.ts';
import { decode } from '../store/codec.ts';
import { compareDumped, PREFIXES, parseKey } from '../store/keys.ts';
import type { Revision, WatchEvent } from '../store/port.ts';
import type { PoolUtilization, UtilizationOptions } from './api.ts';
import type { Context } from './context.ts';
import { countedOf } from './reports.ts';

const WATCHED = [PREFIXES.pools, PREFIXES.reservations, PREFIXES.blocks] as const;
/** Changes within this time are shown together. */
const GATHER_MS = 250;

/** The utilisation now, and again after every change, until the signal aborts. */
export async function* watchUtilization(context: Context, options: UtilizationOptions = {}): AsyncGenerator<readonly PoolUtilization[]> {
  const { signal } = options;
  while (!signal?.aborted) {
    const stop = new AbortController();
    const until = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    try {
      yield* untilCompacted(context, options, until);
    } finally {
      stop.abort();
    }
  }
}

/** Ends when history was compacted away before it could be read: everything must be read anew. */
async function* untilCompacted(
  context: Context,
  options: UtilizationOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly PoolUtilization[]> {
  const { store, clock } = context;
  const records = new WatchedRecords(options.onCorrupt);
  const revision = await readAll(context, records, options);
  const changes = new Changes(records);
  const watches = WATCHED.map((prefix) => changes.follow(store.watch(prefix, revision + 1n, { signal })));
  // Each rejects through `next`; here nobody may find it unhandled.
  for (const watch of watches) watch.catch(() => undefined);
  yield records.utilization(options.pools);
  for (;;) {
    const next = await changes.next();
    if (next !== 'changed') return;
    await clock.sleep(GATHER_MS, signal);
    changes.settle();
    yield records.utilization(options.pools);
  }
}

async function readAll({ store }: Context, records: WatchedRecords, { signal, timeoutMs }: UtilizationOptions): Promise<Revision> {
  const call = { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
  const { revision } = await store.read({}, call);
  for (const prefix of WATCHED) {
    for await (const { entries } of store.list(prefix, { ...call, revision })) {
      for (const { key, value } of entries) records.put(key, value);
    }
  }
  return revision;
}

class WatchedRecords {
  readonly #records = new Map<string, Pool | Reservation | CountedBlock>();
  readonly #onCorrupt: UtilizationOptions['onCorrupt'];

  constructor(onCorrupt: UtilizationOptions['onCorrupt']) {
    this.#onCorrupt = onCorrupt;
  }

  put(key: string, value: Uint8Array): void {
    const ref = parseKey(key);
    if (!isWatched(ref)) return;
    const decoded = decode(ref, value);
    if (decoded.kind === 'ok') this.#records.set(key, 'allocations' in decoded.record ? countedOf(decoded.record) : decoded.record);
    else {
      this.#records.delete(key);
      if (ref.kind === 'block') this.#onCorrupt?.(key, decoded.reason);
    }
  }

  delete(key: string): void {
    this.#records.delete(key);
  }

  utilization(only: readonly string[] | undefined): readonly PoolUtilization[] {
    const pools: Pool[] = [];
    const reservations: Reservation[] = [];
    const blocks: CountedBlock[] = [];
    for (const [, record] of [...this.#records].sort(([a], [b]) => compareDumped(a, b))) {
      if ('unallocated' in record) blocks.push(record);
      else if ('cidrs' in record) reservations.push(record);
      else pools.push(record);
    }
    return utilization({ pools, reservations, blocks, only });
  }
}

function isWatched(ref: Ref | undefined): ref is Extract<Ref, { kind: 'pool' | 'reservation' | 'block' }> {
  return ref?.kind === 'pool' || ref?.kind === 'reservation' || ref?.kind === 'block';
}

/** Applies the events of several watches, and tells one reader that there were some. */
class Changes {
  readonly #records: WatchedRecords;
  #wake: () => void = () => {};
  #state: 'same' | 'changed' | 'over' = 'same';
  #error: { readonly error: unknown } | undefined;

  constructor(records: WatchedRecords) {
    this.#records = records;
  }

  async follow(events: AsyncIterable<WatchEvent>): Promise<void> {
    try {
      for await (const event of events) {
        if (event.kind === 'compacted') break;
        if (event.kind === 'put') this.#records.put(event.key, event.value);
        else this.#records.delete(event.key);
        if (this.#state === 'same') this.#become('changed');
      }
      this.#become('over');
    } catch (error) {
      this.#error = { error };
      this.#become('over');
    }
  }

  #become(state: 'changed' | 'over'): void {
    this.#state = state;
    this.#wake();
  }

  /** `over`: a watch ended. Rejects with what a watch failed with. */
  async next(): Promise<'changed' | 'over'> {
    if (this.#state === 'same') {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    if (this.#error) throw this.#error.error;
    return this.#state === 'over' ? 'over' : 'changed';
  }

  /** What came so far is shown. */
  settle(): void {
    if (this.#state === 'changed') this.#state = 'same';
  }
}
