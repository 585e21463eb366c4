/**
 * Requests that wait while a commit of their lane is in flight share the next one, in arrival order. A lane is a node: its
 * requests change the same blocks and would only conflict.
 */
import { type Job, type JobResult, type LoopContext, runBatch } from './loop.ts';
import { BATCH_MAX } from './retry.ts';

type Settled = Exclude<JobResult<unknown>, { kind: 'deferred' }>;

interface Waiting {
  readonly job: Job<unknown>;
  readonly settle: (result: Settled) => void;
}

/** A job alone was more than one commit may hold: its caller has to split it. */
export class Oversized extends Error {
  readonly operations: number;
  constructor(operations: number) {
    super(`the plan has ${operations} operations`);
    this.operations = operations;
  }
}

export class Lanes {
  readonly #context: LoopContext;
  readonly #queues = new Map<string, Waiting[]>();
  readonly #leaving = new WeakMap<AbortSignal, Set<() => void>>();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** Runs the job in its lane; rejects with an `IpamError`, or {@link Oversized}. */
  async run<T>(lane: string, job: Job<T>): Promise<T> {
    job.call.throwIfEnded();
    const { signal } = job.call;
    let leave: (() => void) | undefined;
    const result = await new Promise<Settled>((settle) => {
      const waiting = { job: job as Job<unknown>, settle };
      this.#enqueue(lane, waiting);
      leave = () => this.#leave(lane, waiting);
      if (signal) this.#onAbort(signal, leave);
    });
    if (signal && leave) this.#leaving.get(signal)?.delete(leave);
    switch (result.kind) {
      case 'done':
        return result.value as T;
      case 'oversized':
        throw new Oversized(result.operations);
      case 'failed':
        throw result.error;
    }
  }

  #enqueue(lane: string, waiting: Waiting): void {
    const queue = this.#queues.get(lane);
    if (queue) {
      queue.push(waiting);
      return;
    }
    this.#queues.set(lane, [waiting]);
    void this.#drain(lane);
  }

  /** One listener per signal, however many calls share it. */
  #onAbort(signal: AbortSignal, leave: () => void): void {
    const known = this.#leaving.get(signal);
    if (known) {
      known.add(leave);
      return;
    }
    const all = new Set([leave]);
    this.#leaving.set(signal, all);
    const leaveAll = () => {
      for (const each of all) each();
    };
    signal.addEventListener('abort', leaveAll, { once: true });
  }

  /** Whose caller has gone need not wait for its turn. */
  #leave(lane: string, waiting: Waiting): void {
    const queue = this.#queues.get(lane) ?? [];
    const place = queue.findIndex(({ settle }) => settle === waiting.settle);
    if (place < 0) return;
    queue.splice(place, 1);
    waiting.settle({ kind: 'failed', error: waiting.job.call.ended() });
  }

  async #drain(lane: string): Promise<void> {
    const queue = this.#queues.get(lane) as Waiting[];
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH_MAX);
      const results = await runBatch(
        this.#context,
        batch.map(({ job }) => job),
      );
      const deferred: Waiting[] = [];
      batch.forEach((waiting, index) => {
        const result = results[index] as JobResult<unknown>;
        if (result.kind === 'deferred') deferred.push({ ...waiting, job: result.job });
        else waiting.settle(result);
      });
      queue.unshift(...deferred);
    }
    this.#queues.delete(lane);
  }
}
