/**
 * One of several processes leads: the one whose mark is in the store and keeps changing. Whoever sees the mark unchanged for the
 * whole lease, by its own clock, takes over; no two clocks are compared. It only saves work: what a leader does is guarded
 * record by record, so that two of them for a moment do no harm.
 */
import type { RefOf } from '../../core/records.ts';
import { timeText } from '../../core/time.ts';
import type { Clock } from '../../platform/clock.ts';
import { decode, encode } from '../../store/codec.ts';
import { keyOf } from '../../store/keys.ts';
import type { CallOptions, Revision, Store } from '../../store/port.ts';

export interface LeadershipOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** What is led. */
  readonly role: string;
  /** Unique to this process. */
  readonly holder: string;
  readonly leaseMs: number;
}

export class Leadership {
  readonly #options: LeadershipOptions;
  readonly #ref: RefOf<'mark'>;
  readonly #key: string;
  /** The mark of somebody else, and since when it is unchanged. */
  #seen: { readonly revision: Revision; readonly sinceMs: number } | undefined;
  #leadsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#ref = { kind: 'mark', mark: 'leader', id: options.role };
    this.#key = keyOf(this.#ref);
  }

  /** Between renewals each is made after this many milliseconds. */
  get renewMs(): number {
    return this.#options.leaseMs / 3;
  }

  get isLeader(): boolean {
    return this.#options.clock.monotonicMs() < this.#leadsUntilMs;
  }

  /** Takes, renews or waits for the lead; true when it is ours. To be called more often than the lease is long. */
  async campaign(options: CallOptions = {}): Promise<boolean> {
    const { store, clock, holder, leaseMs } = this.#options;
    const startMs = clock.monotonicMs();
    const entry = (await store.read({ keys: [this.#key] }, options)).entries.get(this.#key);
    if (entry && holderIn(this.#ref, entry.value) !== holder && !this.#isAbandoned(entry.revision, startMs)) {
      this.#leadsUntilMs = Number.NEGATIVE_INFINITY;
      return false;
    }
    const value = encode(this.#ref, { at: timeText(clock.nowNs()), holder });
    const guards = [{ key: this.#key, revision: entry?.revision ?? ('absent' as const) }];
    const outcome = await store.commit({ guards, writes: [{ key: this.#key, value }], deletes: [] }, options);
    // After an unknown outcome the next turn reads who leads.
    if (outcome.kind === 'committed') this.#leadsUntilMs = startMs + leaseMs;
    else if (outcome.kind === 'conflict') this.#leadsUntilMs = Number.NEGATIVE_INFINITY;
    return this.isLeader;
  }

  #isAbandoned(revision: Revision, nowMs: number): boolean {
    if (this.#seen?.revision !== revision) this.#seen = { revision, sinceMs: nowMs };
    return nowMs - this.#seen.sinceMs > this.#options.leaseMs;
  }

  /** Lets others lead at once. */
  async resign(options: CallOptions = {}): Promise<void> {
    const { store, holder } = this.#options;
    this.#leadsUntilMs = Number.NEGATIVE_INFINITY;
    const entry = (await store.read({ keys: [this.#key] }, options)).entries.get(this.#key);
    if (!entry || holderIn(this.#ref, entry.value) !== holder) return;
    await store.commit({ guards: [{ key: this.#key, revision: entry.revision }], writes: [], deletes: [this.#key] }, options);
  }
}

/** Undefined also when the value cannot be read: then nobody renews it. */
function holderIn(ref: RefOf<'mark'>, value: Uint8Array): string | undefined {
  const decoded = decode(ref, value);
  return decoded.kind === 'ok' ? decoded.record.holder : undefined;
}
