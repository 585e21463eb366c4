/** Virtual time: one monotonic clock for all, and a wall clock per node that may jump. */
import type { Clock } from '../../src/platform/clock.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

const EPOCH_MS = Date.UTC(2026, 0, 1);
const NS_PER_MS = 1_000_000;

/** Milliseconds since the start of the run; moves only when it is told to. */
export class VirtualTime {
  ms = 0;

  advance(ms: number): void {
    this.ms += ms;
  }

  /** Goes on to `ms` unless it is past it already. */
  reach(ms: number): void {
    this.ms = Math.max(this.ms, ms);
  }
}

/** A node's wall clock. It remembers its jumps, so that checks know what it can have shown when. */
export class WallClock {
  readonly #time: VirtualTime;
  readonly #offsets: { readonly sinceMs: number; readonly offsetMs: number }[];
  #ticks = 0;

  constructor(time: VirtualTime, offsetMs: number) {
    this.#time = time;
    this.#offsets = [{ sinceMs: 0, offsetMs }];
  }

  get offsetMs(): number {
    return (this.#offsets.at(-1) as { offsetMs: number }).offsetMs;
  }

  set offsetMs(offsetMs: number) {
    this.#offsets.push({ sinceMs: this.#time.ms, offsetMs });
  }

  /** Nanoseconds since the Unix epoch; two looks in one millisecond differ. */
  nowNs(): bigint {
    this.#ticks = (this.#ticks + 1) % NS_PER_MS;
    return this.#ns(this.#time.ms + this.offsetMs) + BigInt(this.#ticks);
  }

  /** Bounds of what {@link nowNs} gave between two points of virtual time. */
  rangeNs(fromMs: number, toMs: number): { readonly lowest: bigint; readonly highest: bigint } {
    const walls = this.#offsets.flatMap(({ sinceMs, offsetMs }, index) => {
      const untilMs = Math.min(toMs, this.#offsets[index + 1]?.sinceMs ?? toMs);
      const startMs = Math.max(fromMs, sinceMs);
      return startMs > untilMs ? [] : [startMs + offsetMs, untilMs + offsetMs];
    });
    return { lowest: this.#ns(Math.min(...walls)), highest: this.#ns(Math.max(...walls) + 1) };
  }

  #ns(wallMs: number): bigint {
    return BigInt(EPOCH_MS + wallMs) * BigInt(NS_PER_MS);
  }
}

export interface ProcessClockParts {
  readonly time: VirtualTime;
  readonly wall: WallClock;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly process: Process;
}

/** The clock one process sees: its sleeps wait for the schedule, and end with the process. */
export function processClock({ time, wall, schedule, random, process }: ProcessClockParts): Clock {
  return {
    nowNs: () => wall.nowNs(),
    monotonicMs: () => time.ms,
    random: () => random.next(),
    uuid: () => random.uuid(),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const aborted = () => Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), { name: 'AbortError' });
        if (signal?.aborted) return reject(aborted());
        const onAbort = () => {
          if (schedule.remove(sleep)) reject(aborted());
        };
        const go = () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const sleep = schedule.add({ kind: 'sleep', process, dueMs: time.ms + Math.ceil(ms), go });
        signal?.addEventListener('abort', onAbort);
      }),
  };
}
