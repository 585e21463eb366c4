/**
 * Reads of one turn of the event loop as one request. Nodes of one process ask at the same time, since they wait for the same
 * answers, and for much the same: pools, configuration and reservations are read once for all of them.
 */
import type { Clock } from '../platform/clock.ts';
import { type CallOptions, COMMIT_OPERATIONS_MAX, type Entry, type KeyRange, type ReadRequest, type ReadResult } from './port.ts';

type Read = (request: ReadRequest, options: CallOptions) => Promise<ReadResult>;

interface Waiting {
  readonly request: ReadRequest;
  readonly options: CallOptions;
  readonly resolve: (result: Promise<ReadResult>) => void;
}

const NO_VALUE = new Uint8Array();

export class SharedReads {
  readonly #read: Read;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #waiting: Waiting[] = [];

  /** `read` sends one request; `timeoutMs`: what a caller gets who does not say. */
  constructor(read: Read, { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number }) {
    this.#read = read;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** As `read`, which sees everything that was written before this call. */
  read(request: ReadRequest, options: CallOptions = {}): Promise<ReadResult> {
    return new Promise((resolve) => {
      this.#waiting.push({ request, options, resolve });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    for (const group of groupsOf(this.#waiting.splice(0))) {
      const [first] = group;
      if (first !== undefined && group.length === 1) first.resolve(this.#read(first.request, first.options));
      else this.#send(group);
    }
  }

  #send(group: readonly Waiting[]): void {
    const startMs = this.#clock.monotonicMs();
    const merged = new Merged(group.map(({ request }) => request));
    const timeoutMs = Math.min(...group.map(({ options }) => options.timeoutMs ?? this.#timeoutMs));
    const shared = this.#read(merged.request, { timeoutMs });
    for (const { request, options, resolve } of group) {
      const part = unlessAborted(shared, options.signal).then((result) => merged.part(request, result));
      resolve(part.catch((error: unknown) => this.#alone(request, options, { error, startMs })));
    }
  }

  /** What failed may have been another's part (a key that this user may not read), or its shorter time. */
  async #alone(request: ReadRequest, options: CallOptions, { error, startMs }: { error: unknown; startMs: number }): Promise<ReadResult> {
    const { signal, timeoutMs = this.#timeoutMs } = options;
    const leftMs = timeoutMs - (this.#clock.monotonicMs() - startMs);
    if (leftMs < 1 && signal?.aborted !== true) throw error;
    return await this.#read(request, { ...options, timeoutMs: Math.max(1, leftMs) });
  }
}

/** In order of arrival, each small enough for one transaction. */
function groupsOf(waiting: readonly Waiting[]): Waiting[][] {
  const groups: Waiting[][] = [];
  let operations = 0;
  for (const each of waiting) {
    const { keys = [], probes = [], ranges = [] } = each.request;
    const more = keys.length + probes.length + ranges.length;
    const group = groups.at(-1);
    if (group === undefined || operations + more > COMMIT_OPERATIONS_MAX) {
      groups.push([each]);
      operations = more;
    } else {
      group.push(each);
      operations += more;
    }
  }
  return groups;
}

/** Several requests as one, what they have in common once. */
class Merged {
  readonly request: ReadRequest;
  readonly #rangeIndex = new Map<string, number>();

  constructor(requests: readonly ReadRequest[]) {
    const keys = new Set(requests.flatMap((request) => request.keys ?? []));
    const probes = new Set(requests.flatMap((request) => request.probes ?? []).filter((key) => !keys.has(key)));
    const ranges: KeyRange[] = [];
    for (const range of requests.flatMap((request) => request.ranges ?? [])) {
      const id = rangeId(range);
      if (this.#rangeIndex.has(id)) continue;
      this.#rangeIndex.set(id, ranges.length);
      ranges.push(range);
    }
    this.request = { keys: [...keys], probes: [...probes], ranges };
  }

  /** The result of one of the requests. */
  part({ keys = [], probes = [], ranges = [] }: ReadRequest, result: ReadResult): ReadResult {
    const entries = new Map<string, Entry>();
    for (const key of probes) {
      const entry = result.entries.get(key);
      if (entry !== undefined) entries.set(key, { ...entry, value: NO_VALUE });
    }
    for (const key of keys) {
      const entry = result.entries.get(key);
      if (entry !== undefined) entries.set(key, entry);
    }
    const answers = ranges.map((range) => result.ranges[this.#rangeIndex.get(rangeId(range)) ?? -1]);
    return { revision: result.revision, entries, ranges: answers.map((answer) => answer ?? { entries: [], more: false }) };
  }
}

function rangeId({ start, end, keysOnly = false, limit = 0 }: KeyRange): string {
  return JSON.stringify([start, end, keysOnly, limit]);
}

/** Rejects at once when `signal` aborts. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
