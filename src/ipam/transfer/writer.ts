/** Changes collected into commits, each guarded by what was seen; after an unknown outcome the store is asked what came of it. */

import type { SeenRevision } from '../../core/view.ts';
import { type CallOptions, COMMIT_BYTES_MAX, COMMIT_OPERATIONS_MAX, type Entry, StoreError } from '../../store/port.ts';
import type { Context } from '../context.ts';
import { IpamError } from '../errors.ts';
import { ATTEMPTS_MAX, Pauses, UNAVAILABLE_PAUSE, UNAVAILABLE_RETRIES_MAX } from '../retry.ts';

/** One guard is the fence's. */
const CHANGES_PER_COMMIT = COMMIT_OPERATIONS_MAX - 1;
/** Commits that wait for the disk together. */
const COMMITS_UNDER_WAY = 4;
/** Requests to a store that stopped answering before the load is given up. */
const FENCE_TRIES_MAX = 10;
/** Room for the fence, whose key travels twice. */
const BYTES_PER_COMMIT = COMMIT_BYTES_MAX - 1_000;

export interface Change {
  readonly key: string;
  /** Undefined: delete it. */
  readonly value: Uint8Array | undefined;
  /** What the entry must still be. */
  readonly revision: SeenRevision;
}

export class Writer {
  readonly #context: Context;
  readonly #call: CallOptions;
  readonly #onWritten: (done: number) => void;
  readonly #underWay = new Set<Promise<void>>();
  #waiting: Change[] = [];
  #bytes = 0;
  #done = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: Context, call: CallOptions, onWritten: (done: number) => void) {
    this.#context = context;
    this.#call = call;
    this.#onWritten = onWritten;
  }

  /** Rejects, sooner or later, with `conflict` when an entry is neither as it was seen nor as it shall be. */
  async add(change: Change): Promise<void> {
    const bytes = 3 * Buffer.byteLength(change.key) + (change.value?.byteLength ?? 0);
    if (this.#waiting.length >= CHANGES_PER_COMMIT || this.#bytes + bytes > BYTES_PER_COMMIT) await this.#send();
    this.#waiting.push(change);
    this.#bytes += bytes;
  }

  /** Resolves when everything added so far is in the store. */
  async flush(): Promise<void> {
    await this.#send();
    await this.settled();
    if (this.#failure) throw this.#failure.error;
  }

  /** Resolves when nothing is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #send(): Promise<void> {
    if (this.#underWay.size >= COMMITS_UNDER_WAY) await Promise.race(this.#underWay);
    if (this.#failure) throw this.#failure.error;
    if (this.#waiting.length === 0) return;
    const changes = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const written = this.#write(changes)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(written));
    this.#underWay.add(written);
  }

  async #write(changes: readonly Change[]): Promise<void> {
    let open = changes;
    for (let attempt = 1; open.length > 0; attempt++) {
      if (attempt > ATTEMPTS_MAX)
        throw new IpamError('too-much-contention', `gave up after ${ATTEMPTS_MAX} attempts. Load again: it goes on where it ended.`);
      open = await this.#commit(open);
    }
    this.#done += changes.length;
    if (changes.length > 0) this.#onWritten(this.#done);
  }

  /** What is still to be done of the changes. */
  async #commit(changes: readonly Change[]): Promise<readonly Change[]> {
    const { store, fence } = this.#context;
    const request = fence.guarding({
      guards: changes.map(({ key, revision }) => ({ key, revision })),
      writes: changes.flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value }])),
      deletes: changes.flatMap(({ key, value }) => (value === undefined ? [key] : [])),
    });
    const outcome = await this.#whenAvailable(() => store.commit(request, this.#call));
    switch (outcome.kind) {
      case 'committed':
        return [];
      case 'conflict':
        fence.learn(outcome.current);
        return stillOpen(changes, outcome.current);
      case 'unknown': {
        let tries = 0;
        await fence.raise(store, this.#call, (error) => (this.#call.signal?.aborted || ++tries >= FENCE_TRIES_MAX ? error : undefined));
        const { entries } = await this.#whenAvailable(() => store.read({ keys: changes.map(({ key }) => key) }, this.#call));
        return stillOpen(changes, entries);
      }
    }
  }

  async #whenAvailable<T>(run: () => Promise<T>): Promise<T> {
    const pauses = new Pauses(this.#context.clock, UNAVAILABLE_PAUSE);
    for (let retries = 0; ; retries++) {
      try {
        return await run();
      } catch (error) {
        const isUnavailable = error instanceof StoreError && error.code === 'store-unavailable';
        if (!isUnavailable || retries >= UNAVAILABLE_RETRIES_MAX || this.#call.signal?.aborted) throw error;
        await pauses.pause(this.#call.signal);
      }
    }
  }
}

/** Those that are not done yet and still may be. */
function stillOpen(changes: readonly Change[], current: ReadonlyMap<string, Entry>): readonly Change[] {
  return changes.filter(({ key, value, revision }) => {
    const entry = current.get(key);
    if (value === undefined ? entry === undefined : entry !== undefined && Buffer.compare(entry.value, value) === 0) return false;
    if ((entry?.revision ?? 'absent') === revision) return true;
    throw changedMeanwhile(key);
  });
}

export function changedMeanwhile(key: string): IpamError {
  const message = `${key} was changed by somebody else while the dump was loaded. It was left as it is, and the rest was not loaded. Stop who writes to the store, then repeat plat load: it goes on where it ended.`;
  return new IpamError('conflict', message, { details: { key } });
}
