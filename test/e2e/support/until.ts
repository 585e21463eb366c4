/** Waiting for a condition, also outside a test run. */
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 50;

/** Runs `attempt` until it does not throw, at most for so long; then rejects with what it threw last. */
export async function until<T>(attempt: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await sleep(PAUSE_MS);
  }
}
