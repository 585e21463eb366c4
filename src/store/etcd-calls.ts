/** Calls to several members of one etcd: which to ask, for how long, and what may be asked again. */
import type { Clock } from '../platform/clock.ts';
import { classify, type Failure } from './etcd-errors.ts';
import type { EtcdMember, EtcdTransport, RpcOptions } from './etcd-member.ts';
import { type CallOptions, StoreError, type StoreErrorCode } from './port.ts';

/** A member that failed is asked last for this long. */
const SUSPECT_MS = 5_000;
/** Before a request that may be sent only once, a member that has not answered yet must answer a read within this time. */
const PROBE_TIMEOUT_MS = 1_000;
/** Rounds over all members; far more than the deadline of any sensible call leaves room for. */
const ROUNDS_MAX = 64;
/** Of one member within one round: to another transport, to a login or without one, to a new one. */
const ADAPTATIONS_MAX = 3;
const PAUSE_MS_FIRST = 25;
const PAUSE_MS_MAX = 400;

export interface Call<T> {
  /** For messages: `reading /a/key and 3 more`. */
  doing(): string;
  /** `once`: after a failure that leaves open whether it was applied, the call ends with {@link OutcomeUnknown}. */
  readonly send: 'once' | 'repeatedly';
  /** A key to read as the probe before a `once` call. */
  readonly probeKey?: string;
  request(transport: EtcdTransport, options: RpcOptions): Promise<T>;
}

/** The request was sent and its reply did not come: it may have been applied, or may still be. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** What ended one try. */
interface Try {
  readonly address: string;
  readonly error: Error;
  readonly failure: Failure;
}

/** `adapted`: the failure changed how the member is spoken to. */
type Answer<T> =
  | { readonly kind: 'answered'; readonly value: T; readonly member: EtcdMember }
  | { readonly kind: 'failed' | 'adapted'; readonly ended: Try };

export class EtcdCalls {
  readonly clock: Clock;
  /** `etcd://host:port,host:port`; `etcds:` with TLS. */
  readonly name: string;
  readonly #members: readonly EtcdMember[];
  /** Milliseconds a call may take that does not say itself. */
  readonly timeoutMs: number;
  #preferred: number;
  readonly #closing = new AbortController();

  constructor(members: readonly EtcdMember[], { secure, timeoutMs, clock }: { secure: boolean; timeoutMs: number; clock: Clock }) {
    this.clock = clock;
    this.name = `${secure ? 'etcds' : 'etcd'}://${members.map(({ address }) => address).join(',')}`;
    this.#members = members;
    this.timeoutMs = timeoutMs;
    // Clients spread over the members; each stays with one that works.
    this.#preferred = Math.floor(clock.random() * members.length);
  }

  /**
   * Sends the request to one member after the other until one answers, the deadline is over, or nothing is to be hoped
   * for. Throws StoreError, or OutcomeUnknown (`once` only).
   */
  async run<T>(call: Call<T>, options: CallOptions = {}): Promise<T> {
    return (await this.runOnMember(call, options)).value;
  }

  /** The same, with the member that answered. */
  async runOnMember<T>(
    call: Call<T>,
    { signal, timeoutMs = this.timeoutMs }: CallOptions = {},
  ): Promise<{ readonly value: T; readonly member: EtcdMember }> {
    const endMs = this.clock.monotonicMs() + timeoutMs;
    const tries = new Map<string, Try>();
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const members = this.#inOrder();
      let mayPass = false;
      for (const [index, member] of members.entries()) {
        const leftMs = endMs - this.clock.monotonicMs();
        if (leftMs < 1 || signal?.aborted === true || this.closed.aborted) throw this.#ended(call, tries, signal);
        const tryMs = call.send === 'once' ? leftMs : leftMs / (members.length - index);
        const result = await this.#ask(call, member, tryMs, signal);
        if (result.kind === 'answered') return result;
        tries.set(member.address, result.ended);
        if (result.ended.failure.retry === 'later') mayPass = true;
      }
      if (!mayPass) break;
      await this.#pause(round, endMs, signal);
    }
    throw this.#ended(call, tries, signal);
  }

  /** Takes note that a member's stream broke. */
  streamBroke(member: EtcdMember): void {
    this.#setAside(member);
  }

  /** Aborts when the store is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort();
    for (const member of this.#members) member.close();
  }

  /** Tries one member, and at once again where its refusal showed how it wants to be spoken to. */
  async #ask<T>(call: Call<T>, member: EtcdMember, tryMs: number, signal: AbortSignal | undefined): Promise<Answer<T>> {
    const endMs = this.clock.monotonicMs() + tryMs;
    for (let adaptations = 0; ; adaptations++) {
      const answer = await this.#try(call, member, endMs, signal);
      if (answer.kind !== 'adapted' || adaptations === ADAPTATIONS_MAX || endMs - this.clock.monotonicMs() < 1) return answer;
    }
  }

  async #try<T>(call: Call<T>, member: EtcdMember, endMs: number, signal: AbortSignal | undefined): Promise<Answer<T>> {
    let sent = false;
    try {
      await this.#probe(call, member, endMs, signal);
      sent = true;
      const value = await call.request(member.transport, { timeoutMs: endMs - this.clock.monotonicMs(), signal });
      this.#settleOn(member);
      return { kind: 'answered', value, member };
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const failure = sent ? classify(error) : { ...classify(error), applied: 'no' as const };
      const ended = { address: member.address, error, failure };
      const aborted = signal?.aborted === true;
      if (failure.retry === 'never') this.#settleOn(member);
      else if (!aborted) this.#setAside(member);
      if (call.send === 'once' && failure.applied === 'maybe') {
        throw new OutcomeUnknown(`${this.name}: no answer while ${call.doing()}. ${describe([ended])}`, { cause: error });
      }
      if (!aborted && (await member.adapt(error))) return { kind: 'adapted', ended: { ...ended, failure: { ...failure, retry: 'later' } } };
      if (aborted || failure.retry === 'never') throw this.#ended(call, new Map([[member.address, ended]]), signal);
      return { kind: 'failed', ended };
    }
  }

  /**
   * A request that may be sent only once should not go to a hung member while another works, nor by a transport that may
   * be none. One small read tells; linearizable, so that it also tells whether the member reaches the others.
   */
  async #probe<T>(call: Call<T>, member: EtcdMember, endMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (call.send === 'repeatedly' || member.proven || call.probeKey === undefined) return;
    if (this.#members.length === 1 && !member.isOnTrial) return;
    const timeoutMs = Math.min(endMs - this.clock.monotonicMs(), PROBE_TIMEOUT_MS);
    await member.transport.range({ key: Buffer.from(call.probeKey), count_only: true }, { timeoutMs, signal });
  }

  /** The preferred member, the others after it, and those that failed lately last. */
  #inOrder(): EtcdMember[] {
    const nowMs = this.clock.monotonicMs();
    const turned = [...this.#members.slice(this.#preferred), ...this.#members.slice(0, this.#preferred)];
    return [...turned.filter((member) => member.suspectUntilMs <= nowMs), ...turned.filter((member) => member.suspectUntilMs > nowMs)];
  }

  #settleOn(member: EtcdMember): void {
    member.proven = true;
    member.suspectUntilMs = 0;
    this.#preferred = this.#members.indexOf(member);
  }

  #setAside(member: EtcdMember): void {
    member.proven = false;
    member.suspectUntilMs = this.clock.monotonicMs() + SUSPECT_MS;
  }

  async #pause(round: number, endMs: number, signal: AbortSignal | undefined): Promise<void> {
    const pauseMs = Math.min(PAUSE_MS_FIRST * 2 ** round, PAUSE_MS_MAX) * (0.5 + this.clock.random() / 2);
    const leftMs = endMs - this.clock.monotonicMs();
    // An abort during the pause is seen by the next round.
    await this.clock.sleep(Math.max(0, Math.min(pauseMs, leftMs)), signal).catch(() => {});
  }

  #ended<T>(call: Call<T>, tries: ReadonlyMap<string, Try>, signal: AbortSignal | undefined): StoreError {
    const ended = [...tries.values()];
    const cause = ended.at(-1)?.error;
    const options = cause === undefined ? {} : { cause };
    if (signal?.aborted === true) return new StoreError('aborted', `${this.name}: aborted by the caller while ${call.doing()}`, options);
    if (this.closed.aborted) return new StoreError('store-unavailable', `${this.name}: closed, while ${call.doing()}`, options);
    const why = ended.length === 0 ? 'No time was left to ask.' : describe(ended);
    return new StoreError(codeOf(ended), `${this.name}: failed while ${call.doing()}. ${why}`, options);
  }
}

/** What each member said, and what to do about it. */
function describe(tries: readonly Try[]): string {
  const seen = tries.map(({ address, failure }) => `${address}: ${failure.seen}`).join('; ');
  const advice = [...new Set(tries.map(({ failure }) => failure.advice))].join(' ');
  return `${seen}. ${advice}`;
}

/** The telling code: unavailable says least. */
function codeOf(tries: readonly Try[]): StoreErrorCode {
  return tries.map(({ failure }) => failure.code).find((code) => code !== 'store-unavailable') ?? 'store-unavailable';
}
