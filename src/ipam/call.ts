/** One call of the API: its signal and its deadline. */
import type { Clock } from '../platform/clock.ts';
import type { CallOptions } from './api.ts';
import { IpamError, invalidArgument } from './errors.ts';
import { OPERATION_TIMEOUT_MS } from './retry.ts';

export class Call {
  readonly signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #startMs: number;

  constructor(clock: Clock, options: CallOptions = {}) {
    const timeoutMs = options.timeoutMs ?? OPERATION_TIMEOUT_MS;
    if (!(timeoutMs > 0)) throw invalidArgument(`timeoutMs must be a number of milliseconds above 0, not ${timeoutMs}.`);
    this.signal = options.signal;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#startMs = clock.monotonicMs();
  }

  remainingMs(): number {
    return this.#timeoutMs - (this.#clock.monotonicMs() - this.#startMs);
  }

  /** Why the call must not go on, or undefined. */
  ended(): IpamError | undefined {
    if (this.signal?.aborted)
      return new IpamError('aborted', 'the call was aborted; nothing was written by it.', { cause: this.signal.reason });
    if (this.remainingMs() > 0) return undefined;
    return new IpamError(
      'deadline-exceeded',
      `the call did not end within its ${Math.round(this.#timeoutMs)} ms; nothing was written by it. Try again, or give it more time.`,
    );
  }

  throwIfEnded(): void {
    const error = this.ended();
    if (error) throw error;
  }
}
