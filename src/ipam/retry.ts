/** Every number that says how often and how long something is tried again. */
import type { IBackoff } from 'cockatiel';
import type { Clock } from '../platform/clock.ts';

/** Conflicts, or other reasons to plan again, before an operation gives up. */
export const ATTEMPTS_MAX = 100;
/** Reads one plan may ask for: a full pool of 65,536 blocks is read in 1,024. */
export const READS_PER_PLAN_MAX = 2_048;
/** From this attempt on the view is read anew, since more than the guarded records may have changed. */
export const FRESH_VIEW_FROM_ATTEMPT = 3;
/** Requests planned into one commit. */
export const BATCH_MAX = 120;
/** Milliseconds one operation may take when the caller does not say. */
export const OPERATION_TIMEOUT_MS = 30_000;
/** Milliseconds one request to the store may take: a hung one must not hold up a lane for as long as its most patient caller. */
export const STORE_CALL_TIMEOUT_MS = 5_000;
/** Times a store that does not answer is asked again. */
export const UNAVAILABLE_RETRIES_MAX = 3;

interface PauseRange {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Pauses between attempts, growing, with full jitter from the injected random source. */
export class Pauses {
  readonly #clock: Clock;
  readonly #range: PauseRange;
  #backoff: IBackoff<unknown> | undefined;

  constructor(clock: Clock, range: PauseRange) {
    this.#clock = clock;
    this.#range = range;
  }

  /** Ends early when the signal aborts; what that means is the caller's to say. */
  async pause(signal?: AbortSignal): Promise<void> {
    this.#backoff = this.#backoff?.next(undefined) ?? (await firstBackoff(this.#range));
    const ms = this.#backoff.duration * this.#clock.random();
    await this.#clock.sleep(ms, signal).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
  }
}

/** Most operations never pause: the library is loaded for the first that does. */
async function firstBackoff({ firstMs, maxMs }: PauseRange): Promise<IBackoff<unknown>> {
  const { ExponentialBackoff, noJitterGenerator } = await import('cockatiel');
  return new ExponentialBackoff({ initialDelay: firstMs, maxDelay: maxMs, generator: noJitterGenerator }).next();
}

/** After a conflict: somebody else made progress, so a short wait is enough. */
export const CONFLICT_PAUSE = { firstMs: 2, maxMs: 100 };
/** After no answer: a new leader takes about a second. */
export const UNAVAILABLE_PAUSE = { firstMs: 100, maxMs: 1_000 };
