/**
 * A watch that survives any number of cut connections. etcd3's own watcher does not: on reconnecting it resumes after the
 * server's current revision, so a second cut before the backlog arrived loses that backlog without an error. Here the
 * point to resume from moves only with events that were handed on (and with etcd's progress notices, which come in order
 * after them).
 */
import type { EtcdCalls } from './etcd-calls.ts';
import { classify } from './etcd-errors.ts';
import type { EtcdMember, WatchAnswer } from './etcd-member.ts';
import { keyOf, rangeRequest, valueOf } from './etcd-messages.ts';
import { prefixRange, type Revision, StoreError, type WatchEvent } from './port.ts';

/** Without any connection for this long the watch gives up; the reader may begin a new one where this one ended. */
const OUTAGE_MS_MAX = 60_000;
const PAUSE_MS_FIRST = 50;
const PAUSE_MS_MAX = 2_000;

/** See `Store.watch`. Throws StoreError when watching is refused, or no member could be reached for {@link OUTAGE_MS_MAX}. */
export async function* watchPrefix(
  calls: EtcdCalls,
  prefix: string,
  fromRevision: Revision,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  const cursor = new Cursor(fromRevision);
  const { clock } = calls;
  let brokeMs: number | undefined;
  let failures = 0;
  if (calls.closed.aborted) throw new StoreError('store-unavailable', `${calls.name}: closed`);
  while (!signal.aborted) {
    try {
      const member = await findMember(calls, prefix, signal);
      for await (const response of responses(calls, member, prefix, cursor.next, signal)) {
        brokeMs = undefined;
        failures = 0;
        if (response.canceled) {
          if (isCompaction(response)) {
            yield { kind: 'compacted' };
            return;
          }
          throw cancelled(calls, response);
        }
        for (const event of cursor.take(response)) {
          yield event;
          if (signal.aborted) return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof StoreError) || error.code !== 'store-unavailable') throw error;
      brokeMs ??= clock.monotonicMs();
      if (clock.monotonicMs() - brokeMs > OUTAGE_MS_MAX) throw error;
    }
    const pauseMs = Math.min(PAUSE_MS_FIRST * 2 ** failures, PAUSE_MS_MAX) * (0.5 + clock.random() / 2);
    failures += 1;
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
}

/** Where the watch stands: everything before `next` was handed on, and of `next` itself the keys in `#seen`. */
class Cursor {
  next: Revision;
  readonly #seen = new Set<string>();

  constructor(fromRevision: Revision) {
    this.next = fromRevision;
  }

  *take({ events, fragment, created, header }: WatchAnswer): Generator<WatchEvent, void, undefined> {
    for (const { type, kv } of events) {
      const key = keyOf(kv);
      const revision = BigInt(kv.mod_revision);
      if (revision < this.next || (revision === this.next && this.#seen.has(key))) continue;
      if (revision > this.next) this.#seen.clear();
      this.next = revision;
      this.#seen.add(key);
      yield type === 'Delete' ? { kind: 'delete', key, revision } : { kind: 'put', key, value: valueOf(kv), revision };
    }
    // A fragment may end in the middle of a revision; any other answer holds whole ones.
    if (fragment || created) return;
    const progress = BigInt(events.at(-1)?.kv.mod_revision ?? header.revision);
    if (progress >= this.next) {
      this.next = progress + 1n;
      this.#seen.clear();
    }
  }
}

/**
 * A member that answers a read of the prefix now: a stream has no deadline, so a hung member is found out before. The
 * read also renews an expired login, which a stream does not, and fails with a clear error where the user may not read.
 */
async function findMember(calls: EtcdCalls, prefix: string, signal: AbortSignal): Promise<EtcdMember> {
  const range = rangeRequest({ ...prefixRange(prefix), keysOnly: true, limit: 1 });
  const { member } = await calls.runOnMember(
    { doing: () => `watching ${prefix}`, send: 'repeatedly', request: (transport, options) => transport.range(range, options) },
    { signal },
  );
  return member;
}

/** What one stream of `member` says, until it breaks (throws StoreError) or `signal` aborts. */
async function* responses(
  calls: EtcdCalls,
  member: EtcdMember,
  prefix: string,
  start: Revision,
  signal: AbortSignal,
): AsyncGenerator<WatchAnswer, void, undefined> {
  try {
    const { key, range_end } = rangeRequest(prefixRange(prefix));
    const request = {
      key: key as Buffer,
      range_end: range_end as Buffer,
      start_revision: start.toString(),
      progress_notify: true,
      fragment: true,
    };
    yield* member.transport.watch(request, signal);
    throw new Error('the watch stream ended');
  } catch (thrown) {
    if (signal.aborted) return;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    calls.streamBroke(member);
    const { code, seen, advice } = classify(error);
    throw new StoreError(code, `${calls.name}: the watch of ${prefix} at ${member.address} broke: ${seen}. ${advice}`, { cause: error });
  }
}

function isCompaction({ compact_revision }: WatchAnswer): boolean {
  return BigInt(compact_revision) > 0n;
}

function cancelled(calls: EtcdCalls, { cancel_reason }: WatchAnswer): StoreError {
  const { code, seen, advice } = classify(new Error(cancel_reason));
  return new StoreError(code, `${calls.name}: etcd ended the watch: ${seen}. ${advice}`);
}
