/** Plans a list of requests as one commit: pure, the same View gives the same plan. */

import type { Cidr } from '../addr.ts';
import { CorruptSignal, Draft, type DraftCommit, mergeNeeds, NeedSignal } from '../draft.ts';
import { corruptValue, type Outcome } from '../outcome.ts';
import type { Need, View } from '../view.ts';

/**
 * Index of the block where the walk of `host` through `pool` starts, 0 to `blockCount` − 1 (RG-02). `start` 0 is where the
 * walk begins; higher numbers are other places of the pool, for later claims of single-address blocks, and to be tried when
 * the beginning of the walk is taken.
 */
export type WalkStart = (host: string, pool: Cidr, blockCount: bigint, start: number) => bigint;

/** What a plan takes from outside, so that it depends on nothing else. */
export interface PlanEnv {
  /** Wall clock, nanoseconds since the Unix epoch. */
  readonly nowNs: bigint;
  readonly walkStart: WalkStart;
  /** Guards, and writes with deletes, that one commit may have. */
  readonly operationsMax: number;
}

/**
 * One operation on a draft. It may raise NeedSignal at any point: it runs again, from the start, once the entries are
 * there. It must depend on nothing but its arguments.
 */
export type Planner<T> = (draft: Draft, env: PlanEnv) => Outcome<T>;

export type PlannedOutcome<T> =
  | Outcome<T>
  /** Did not fit beside the requests before it: plan it again with the next commit. */
  | { readonly kind: 'deferred' }
  /** Alone, and still more than one commit may hold. */
  | { readonly kind: 'oversized'; readonly operations: number };

export type Plan<T> =
  | { readonly kind: 'need'; readonly need: Need }
  | { readonly kind: 'plan'; readonly outcomes: readonly PlannedOutcome<T>[]; readonly commit: DraftCommit };

/** One commit and one outcome per request, in order; a request that is refused leaves nothing in the commit. */
export function plan<T>(view: View, planners: readonly Planner<T>[], env: PlanEnv): Plan<T> {
  const draft = new Draft(view);
  const needs: Need[] = [];
  const outcomes: PlannedOutcome<T>[] = [];
  for (const planner of planners) {
    const before = draft.savepoint();
    try {
      const outcome = planner(draft, env);
      const fits = draft.operationCount() <= env.operationsMax;
      if (outcome.kind === 'done' && fits) {
        outcomes.push(outcome);
        continue;
      }
      const operations = draft.operationCount();
      draft.rollback(before);
      if (outcome.kind === 'refused') outcomes.push(outcome);
      else outcomes.push(before.changes.size > 0 ? { kind: 'deferred' } : { kind: 'oversized', operations });
    } catch (signal) {
      draft.rollback(before);
      if (signal instanceof NeedSignal) needs.push(signal.need);
      else if (signal instanceof CorruptSignal) outcomes.push(corruptValue(signal.ref, signal.reason));
      else throw signal;
    }
  }
  return needs.length > 0 ? { kind: 'need', need: mergeNeeds(needs) } : { kind: 'plan', outcomes, commit: draft.toCommit() };
}
