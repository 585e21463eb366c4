/** The clock of a replay: it moves only when it is told to, and a little with every look at it. */
import type { Clock } from '../../src/platform/clock.ts';

const NS_PER_SECOND = 1_000_000_000n;
/** Between two looks, so that a block created anew never repeats numbers of the one before it. */
const TICK_NS = 1_000n;

export class ReplayClock implements Clock {
  #ns: bigint;
  #uuids = 0;
  #random = 1;

  /** Seconds since the Unix epoch. */
  constructor(startSeconds: bigint) {
    this.#ns = startSeconds * NS_PER_SECOND;
  }

  nowNs(): bigint {
    this.#ns += TICK_NS;
    return this.#ns;
  }

  monotonicMs(): number {
    return Number(this.#ns / 1_000_000n);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.advance(ms / 1_000);
  }

  random(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }

  uuid(): string {
    this.#uuids++;
    return `00000000-0000-4000-8000-${this.#uuids.toString(16).padStart(12, '0')}`;
  }

  advance(seconds: number): void {
    this.#ns += BigInt(Math.round(seconds * 1e9));
  }

  /** Goes to the begin of that second of the wall clock unless it is past it already. */
  reach(seconds: bigint): void {
    const ns = seconds * NS_PER_SECOND;
    if (ns > this.#ns) this.#ns = ns;
  }
}
