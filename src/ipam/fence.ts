/**
 * A key of this process that each of its commits guards. Writing it makes sure that no earlier commit can land any more,
 * so that after an unknown outcome a look at the store is final. Raising it twice does no harm, so it may be repeated.
 */
import type { RefOf } from '../core/records.ts';
import { timeText } from '../core/time.ts';
import type { Clock } from '../platform/clock.ts';
import { encode } from '../store/codec.ts';
import { keyOf } from '../store/keys.ts';
import { type CallOptions, type CommitRequest, type Entry, type Revision, type Store, StoreError } from '../store/port.ts';
import { IpamError } from './errors.ts';
import { Pauses, UNAVAILABLE_PAUSE } from './retry.ts';

export class Fence {
  readonly #clock: Clock;
  readonly #ref: RefOf<'mark'>;
  #revision: Revision | 'absent' = 'absent';

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ref = { kind: 'mark', mark: 'fence', id: clock.uuid() };
  }

  /** The commit with the fence's guard. The own fence is not swept with others, however old: it would be guarded twice. */
  guarding({ guards, writes, deletes }: CommitRequest): CommitRequest {
    const key = keyOf(this.#ref);
    const others = guards.filter((guard) => guard.key !== key);
    return { guards: [...others, { key, revision: this.#revision }], writes, deletes: deletes.filter((deleted) => deleted !== key) };
  }

  /** Another commit of this process raised it, or it was swept for its age. */
  learn(current: ReadonlyMap<string, Entry>): void {
    this.#revision = current.get(keyOf(this.#ref))?.revision ?? 'absent';
  }

  /** Returns once the fence is surely up; `giveUp` says when nobody waits any more. */
  async raise(store: Store, options: CallOptions, giveUp: (error: IpamError) => IpamError | undefined): Promise<void> {
    const pauses = new Pauses(this.#clock, UNAVAILABLE_PAUSE);
    for (;;) {
      const write = { key: keyOf(this.#ref), value: encode(this.#ref, { at: timeText(this.#clock.nowNs()) }) };
      const cause = await this.#tryRaise(store, write, options);
      if (cause === undefined) return;
      const message =
        'the store stopped answering while it was unclear whether a write had happened. Look before trying again: by handle, the same call repeated finds what is held.';
      const error = giveUp(new IpamError('outcome-unknown', message, { cause }));
      if (error) throw error;
      await pauses.pause();
    }
  }

  async #tryRaise(store: Store, write: { key: string; value: Uint8Array }, options: CallOptions): Promise<Error | undefined> {
    try {
      const outcome = await store.commit({ guards: [], writes: [write], deletes: [] }, options);
      if (outcome.kind === 'committed') this.#revision = outcome.revision;
      return outcome.kind === 'unknown' ? outcome.cause : undefined;
    } catch (error) {
      if (error instanceof StoreError && (error.code === 'store-unavailable' || error.code === 'aborted')) return error;
      throw error;
    }
  }
}
