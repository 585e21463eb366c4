/**
 * The one loop: read, plan, commit, decide again. All ordering of I/O is here.
 *
 * Jobs that run together are planned into one commit. A conflict is planned again from what it returned; an unknown outcome is
 * fenced, so that it can land no more, then looked for, and never sent again (docs/decisions/0003-unknown-outcome.md).
 */
import { type Draft, mergeNeeds } from '../core/draft.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Plan, type PlannedOutcome, type Planner, plan, type WalkStart } from '../core/plan/plan.ts';
import type { Ref } from '../core/records.ts';
import { type Need, type SeenRevision, View } from '../core/view.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import { COMMIT_OPERATIONS_MAX, type CommitOutcome, StoreError } from '../store/port.ts';
import { absorb, load, type Source, toCommitRequest } from '../store/records.ts';
import type { Call } from './call.ts';
import { IpamError } from './errors.ts';
import type { Fence } from './fence.ts';
import {
  ATTEMPTS_MAX,
  CONFLICT_PAUSE,
  FRESH_VIEW_FROM_ATTEMPT,
  Pauses,
  READS_PER_PLAN_MAX,
  STORE_CALL_TIMEOUT_MS,
  UNAVAILABLE_PAUSE,
  UNAVAILABLE_RETRIES_MAX,
} from './retry.ts';
import { errorOfRefusal, errorOfStore } from './translate.ts';

/** What a planner may depend on besides its draft. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  /** Revision of {@link Job.watched} when this job first read it. */
  readonly watched: SeenRevision | undefined;
}

/** One request on its way through the loop. */
export interface Job<T> {
  readonly call: Call;
  /** Everything known to be needed, for the first read. */
  readonly firstNeed: Need;
  readonly planner: (attempt: Attempt) => Planner<T>;
  /** A record whose revision at the first read matters later (I11). */
  readonly watched?: Ref;
  /** That revision, when the job was read for before and then deferred. */
  readonly firstSeen?: SeenRevision | undefined;
  /** After an unknown outcome that can land no more: true when the planned value did happen. */
  readonly happened?: (draft: Draft, planned: T) => boolean;
  /** Instead of looking, where doing it again does no harm: the result of both. */
  readonly repeated?: (doubted: T, again: T) => T;
  readonly beforeCommit?: (() => void | Promise<void>) | undefined;
  /** After a conflict everything is read anew: the plan depends on whole collections, which a conflict tells nothing of. */
  readonly rereads?: boolean;
}

/** How a job left the loop. */
export type JobResult<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** It did not fit beside the others: run `job` with the next commit. */
  | { readonly kind: 'deferred'; readonly job: Job<T> }
  | { readonly kind: 'oversized'; readonly operations: number };

export interface LoopContext extends Source {
  readonly clock: Clock;
  readonly log: Logger;
  /** `salt`, 0 to 1: the same for every plan of one batch, so that a walk that starts anywhere starts there again. */
  readonly walkStart: (salt: number) => WalkStart;
  readonly fence: Fence;
}

interface Running<T> {
  readonly job: Job<T>;
  watched: SeenRevision | undefined;
  /** Value of the commit whose outcome is unknown. */
  doubted: { readonly value: T } | undefined;
  result: JobResult<T> | undefined;
}

type Planned<T> = Extract<Plan<T>, { kind: 'plan' }> & { readonly reads: number };

/** Runs the jobs as one batch; gives one result per job, in order. */
export async function runBatch<T>(context: LoopContext, jobs: readonly Job<T>[]): Promise<JobResult<T>[]> {
  const running = jobs.map((job): Running<T> => ({ job, watched: job.firstSeen, doubted: undefined, result: undefined }));
  const batch = new Batch(context, running);
  try {
    await batch.run();
  } catch (error) {
    const reported = error instanceof StoreError ? errorOfStore(error) : error;
    for (const each of running) each.result ??= { kind: 'failed', error: each.doubted ? outcomeUnknown(reported) : reported };
  }
  return running.map(({ result }) => result as JobResult<T>);
}

class Batch<T> {
  readonly #context: LoopContext;
  readonly #all: readonly Running<T>[];
  readonly #conflictPauses: Pauses;
  readonly #walkStart: WalkStart;
  #view = new View();

  constructor(context: LoopContext, all: readonly Running<T>[]) {
    this.#context = context;
    this.#all = all;
    this.#conflictPauses = new Pauses(context.clock, CONFLICT_PAUSE);
    this.#walkStart = context.walkStart(context.clock.random());
  }

  async run(): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const active = this.#dropEnded();
      if (attempt >= FRESH_VIEW_FROM_ATTEMPT || (attempt > 1 && active.some(({ job }) => job.rereads))) this.#view = new View();
      if (active.length === 0) return;
      const planned = await this.#plan(active, attempt);
      // Who left while the plan was read for is in the plan all the same.
      if (active.some(({ result }) => result)) continue;
      if (attempt < FRESH_VIEW_FROM_ATTEMPT && this.#mayBeOfNoRevision(active, planned)) {
        this.#view = new View();
        continue;
      }
      this.#settleUnplanned(active, planned.outcomes);
      if (await this.#commit(active, planned)) continue;
      if (this.#all.every(({ result }) => result)) return;
      if (attempt > 1) await this.#conflictPauses.pause(this.#signal());
    }
    const message = `others kept changing the same records; gave up after ${ATTEMPTS_MAX} attempts with nothing written. Try again.`;
    const error = new IpamError('too-much-contention', message);
    for (const each of this.#all) each.result ??= { kind: 'failed', error: each.doubted ? outcomeUnknown(error) : error };
  }

  /** Jobs still to be done; those whose caller has gone are settled. */
  #dropEnded(): Running<T>[] {
    return this.#all.filter((each) => {
      if (each.result) return false;
      const error = each.job.call.ended();
      if (error) each.result = { kind: 'failed', error: each.doubted ? outcomeUnknown(error) : error };
      return !error;
    });
  }

  /** What was read for in several steps saw the store at several revisions: a commit guards against that, a refusal does not. */
  #mayBeOfNoRevision(active: readonly Running<T>[], { outcomes, reads }: Planned<T>): boolean {
    return reads > 1 && active.some(({ job }, index) => job.rereads && outcomes[index]?.kind === 'refused');
  }

  async #plan(active: readonly Running<T>[], attempt: number): Promise<Planned<T>> {
    const env = { nowNs: this.#context.clock.nowNs(), walkStart: this.#walkStart, operationsMax: COMMIT_OPERATIONS_MAX - 1 };
    let need = this.#view.members({ kind: 'pools' }) ? undefined : mergeNeeds(active.map(({ job }) => job.firstNeed));
    for (let reads = 0; reads < READS_PER_PLAN_MAX; reads++) {
      if (need && !isNothing(need)) await this.#load(need);
      this.#noteWatched(active);
      const planners = active.map((each) => plannerOf(each, attempt));
      const planned = plan(this.#view, planners, env);
      if (planned.kind === 'plan') return { ...planned, reads: reads + 1 };
      need = planned.need;
    }
    throw new IpamError(
      'too-large',
      `the plan needs more than ${READS_PER_PLAN_MAX} reads of the store. Ask for less at once, or name a pool.`,
    );
  }

  #noteWatched(active: readonly Running<T>[]): void {
    for (const each of active) {
      if (each.watched !== undefined || !each.job.watched) continue;
      const found = this.#view.find(each.job.watched);
      if (found) each.watched = found.kind === 'absent' ? 'absent' : found.revision;
    }
  }

  async #load(need: Need): Promise<void> {
    const pauses = new Pauses(this.#context.clock, UNAVAILABLE_PAUSE);
    for (let retries = 0; ; retries++) {
      try {
        return await load(this.#context, this.#view, need, this.#callOptions());
      } catch (error) {
        if (!isUnavailable(error) || retries >= UNAVAILABLE_RETRIES_MAX || this.#dropEnded().length === 0) throw error;
        await pauses.pause(this.#signal());
      }
    }
  }

  /** Results that no commit decides. */
  #settleUnplanned(active: readonly Running<T>[], outcomes: readonly PlannedOutcome<T>[]): void {
    active.forEach((each, index) => {
      const outcome = outcomes[index];
      if (outcome?.kind === 'refused') each.result = { kind: 'failed', error: errorOfRefusal(outcome) };
      else if (outcome?.kind === 'done' && outcome.alreadyDone) each.result = { kind: 'done', value: outcome.value };
      else if (outcome?.kind === 'deferred') each.result = { kind: 'deferred', job: { ...each.job, firstSeen: each.watched } };
      else if (outcome?.kind === 'oversized') each.result = outcome;
    });
  }

  /** True when everything must be planned again at once; what is decided is settled. */
  async #commit(active: readonly Running<T>[], { outcomes, commit }: Extract<Plan<T>, { kind: 'plan' }>): Promise<boolean> {
    const decided = active.flatMap((each, index) => {
      const outcome = outcomes[index];
      return outcome?.kind === 'done' && !each.result ? [{ each, value: outcome.value }] : [];
    });
    const settle = () => {
      for (const { each, value } of decided) each.result = { kind: 'done', value };
    };
    if (commit.writes.length + commit.deletes.length === 0) {
      settle();
      return false;
    }
    if (await this.#isHeldBack(decided.map(({ each }) => each))) return true;
    const { fence, store } = this.#context;
    const request = fence.guarding(toCommitRequest(commit));
    const outcome = await this.#send(
      () => store.commit(request, this.#callOptions()),
      decided.map(({ each }) => each),
    );
    if (!outcome) return true;
    switch (outcome.kind) {
      case 'committed':
        settle();
        return false;
      case 'conflict':
        this.#context.log.debug({ event: 'commit-conflict', keys: request.guards.length });
        if (absorb(this.#context.decoded, this.#view, commit, outcome.current) === 'stale') this.#view = new View();
        fence.learn(outcome.current);
        return false;
      case 'unknown':
        for (const { each, value } of decided) each.doubted = { value };
        this.#context.log.warn({ event: 'commit-outcome-unknown', cause: outcome.cause.message });
        await fence.raise(store, this.#callOptions(), (error) => this.#endedOr(error));
        this.#view = new View();
        return false;
    }
  }

  /**
   * A commit that surely was not applied because nobody answered may be sent again, as long as everybody in it still waits;
   * undefined: it must be planned without those who have gone.
   */
  async #send(commit: () => Promise<CommitOutcome>, planned: readonly Running<T>[]): Promise<CommitOutcome | undefined> {
    const pauses = new Pauses(this.#context.clock, UNAVAILABLE_PAUSE);
    for (let retries = 0; ; retries++) {
      try {
        return await commit();
      } catch (error) {
        if (!isUnavailable(error) || retries >= UNAVAILABLE_RETRIES_MAX) throw error;
        await pauses.pause(this.#signal());
        this.#dropEnded();
        if (planned.some(({ result }) => result)) return undefined;
      }
    }
  }

  /** Asks each caller a last time; true when one of them gave up or ran out of time, and the plan must be made without it. */
  async #isHeldBack(planned: readonly Running<T>[]): Promise<boolean> {
    for (const each of planned) {
      try {
        await each.job.beforeCommit?.();
      } catch (error) {
        each.result = { kind: 'failed', error };
      }
    }
    return this.#dropEnded().length < planned.length || planned.some(({ result }) => result);
  }

  #endedOr(error: IpamError): IpamError | undefined {
    return this.#dropEnded().length === 0 ? error : undefined;
  }

  #callOptions(): { signal?: AbortSignal; timeoutMs?: number } {
    const open = this.#all.filter(({ result }) => !result);
    const signal = this.#signal();
    const patienceMs = Math.max(1, ...open.map(({ job }) => job.call.remainingMs()));
    return { timeoutMs: Math.min(patienceMs, STORE_CALL_TIMEOUT_MS), ...(signal && { signal }) };
  }

  /** A caller's abort stops the I/O only when nobody else waits for it. */
  #signal(): AbortSignal | undefined {
    const open = this.#all.filter(({ result }) => !result);
    return open.length === 1 ? open[0]?.job.call.signal : undefined;
  }
}

function plannerOf<T>({ job, watched, doubted }: Running<T>, attempt: number): Planner<T> {
  const planner = job.planner({ number: attempt, watched });
  if (!doubted) return planner;
  return (draft, env): Outcome<T> => {
    if (job.happened?.(draft, doubted.value)) return { kind: 'done', value: doubted.value, alreadyDone: true };
    const again = planner(draft, env);
    return again.kind === 'done' && job.repeated ? { kind: 'done', value: job.repeated(doubted.value, again.value) } : again;
  };
}

function isNothing({ refs, probes, collections }: Need): boolean {
  return refs.length + probes.length + collections.length === 0;
}

function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'store-unavailable';
}

function outcomeUnknown(cause: unknown): IpamError {
  if (cause instanceof IpamError && cause.code === 'outcome-unknown') return cause;
  const message =
    'the store did not say in time whether the write happened. Look before trying again: by handle, the same call repeated finds what is held.';
  return new IpamError('outcome-unknown', message, { cause });
}
