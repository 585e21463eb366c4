/** A list that follows the store: read anew when something of it changes. */
import type { Revision, Store } from '../store/port.ts';
import type { CallOptions } from './api.ts';
import type { Context } from './context.ts';

/** Changes within this time are told together. */
const GATHER_MS = 100;

/** What `read` gives now, and again after each change below `prefix`, until the signal aborts. */
export async function* relist<T>(
  { store, clock }: Context,
  { prefix, read, call }: { readonly prefix: string; readonly read: () => Promise<T>; readonly call: CallOptions },
): AsyncGenerator<T> {
  const { signal } = call;
  while (!signal?.aborted) {
    // Before the list: what changes meanwhile is read twice, and nothing is missed.
    const { revision } = await store.read({}, call);
    yield await read();
    await changeFrom(store, prefix, revision + 1n, signal);
    await clock.sleep(GATHER_MS, signal).catch(() => undefined);
  }
}

/** Resolves with the first change, also when history is gone by then, or when the signal aborts. */
async function changeFrom(store: Store, prefix: string, revision: Revision, signal: AbortSignal | undefined): Promise<void> {
  const events = store.watch(prefix, revision, signal ? { signal } : {})[Symbol.asyncIterator]();
  try {
    await events.next();
  } finally {
    await events.return?.();
  }
}
