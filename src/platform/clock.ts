/** Time and randomness, injected everywhere: a simulation replaces both. */
export interface Clock {
  /** Wall clock, nanoseconds since the Unix epoch. */
  nowNs(): bigint;
  /** Never goes back; milliseconds from an arbitrary start. Deadlines are measured with it. */
  monotonicMs(): number;
  /** Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
  uuid(): string;
}

export const systemClock: Clock = {
  nowNs: () => BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n),
  monotonicMs: () => performance.now(),
  sleep,
  random: () => Math.random(),
  // The global one: to load node:crypto takes longer than to read a store.
  uuid: () => crypto.randomUUID(),
};

/** Not `node:timers/promises`, which a process of one call would have to load. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
