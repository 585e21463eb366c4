/** Waiting for what other processes do. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/** The first result of `probe` that is not undefined; rejects when there is none within `limitMs`, naming what was `wanted`. */
export async function until<T>(
  wanted: string,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${limitMs / 1_000} s in vain for ${wanted}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}
