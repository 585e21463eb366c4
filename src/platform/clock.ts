import { setTimeout as sleepTimer } from 'node:timers/promises';

/** Time and randomness, injected everywhere: a simulation replaces both. */
export interface Clock {
  /** Wall clock, nanoseconds since the Unix epoch. */
  nowNs(): bigint;
  /** Never goes back; milliseconds from an arbitrary start. Deadlines are measured with it. */
  monotonicMs(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
  uuid(): string;
}

export const systemClock: Clock = {
  nowNs: () => BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleepTimer(ms, undefined, signal ? { signal } : {}),
  random: () => Math.random(),
  // The global one: to load node:crypto takes longer than to read a store.
  uuid: () => crypto.randomUUID(),
};
