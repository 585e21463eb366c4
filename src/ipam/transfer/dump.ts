/** The whole store as a dump: one revision, page by page. */
import { timeText } from '../../core/time.ts';
import type { CallOptions } from '../call-options.ts';
import type { Context } from '../context.ts';
import { STORE_CALL_TIMEOUT_MS } from '../retry.ts';
import { storedEntries } from './compare.ts';
import { encodeDump } from './format.ts';

/** `timeoutMs` bounds each request to the store. Rejects with `too-much-contention` when the revision is compacted meanwhile. */
export async function* dump({ store, clock }: Context, options: CallOptions = {}): AsyncGenerator<string> {
  const call = { timeoutMs: STORE_CALL_TIMEOUT_MS, ...options };
  const { revision } = await store.read({}, call);
  const header = { revision: String(revision), time: timeText(clock.nowNs()), source: store.name };
  yield* encodeDump(header, storedEntries(store, revision, call));
}
