/** What every operation of one opened library shares. */

import type { Refusal } from '../core/outcome.ts';
import { leaveOperationMark, sweepMarks, sweptMarks } from '../core/plan/marks.ts';
import { type Planner, plan } from '../core/plan/plan.ts';
import { CONFIG, markRef, POOLS } from '../core/plan/refs.ts';
import { type Need, View } from '../core/view.ts';
import { COMMIT_OPERATIONS_MAX } from '../store/port.ts';
import { load } from '../store/records.ts';
import type { CallOptions } from './api.ts';
import { Call } from './call.ts';
import { IpamError } from './errors.ts';
import type { Hints } from './hints.ts';
import { type Lanes, Oversized } from './lanes.ts';
import type { Job, LoopContext } from './loop.ts';
import { READS_PER_PLAN_MAX } from './retry.ts';

export interface Context extends LoopContext {
  readonly lanes: Lanes;
  readonly hints: Hints;
}

const NO_NEED: Need = { refs: [], probes: [], collections: [] };

/** Runs one planner that shares its commit with nobody. */
export async function runAlone<T>(context: Context, options: CallOptions, planner: Planner<T>, lane = 'operator'): Promise<T> {
  return runJob(context, lane, { ...withEvidence(context, planner), call: new Call(context.clock, options), rereads: true });
}

/** Runs a planner that writes nothing. */
export async function look<T>(context: Context, options: CallOptions, planner: Planner<T>): Promise<T> {
  const call = new Call(context.clock, options);
  return runJob(context, ` look ${context.clock.uuid()}`, { call, firstNeed: NO_NEED, planner: () => planner });
}

/**
 * Why the planner would refuse, found without writing: from what `first` reads, or (`isWhole`) from all it asks for. Undefined
 * when it would do it, or would have to read more to know.
 */
export async function foresee<T>(
  context: Context,
  options: CallOptions,
  { first, planner, isWhole }: { first: Need; planner: Planner<T>; isWhole: boolean },
): Promise<Refusal | undefined> {
  const call = new Call(context.clock, options);
  const env = { nowNs: context.clock.nowNs(), walkStart: context.walkStart(context.clock.random()), operationsMax: COMMIT_OPERATIONS_MAX };
  const view = new View();
  let need = first;
  for (let reads = 0; reads < READS_PER_PLAN_MAX; reads++) {
    call.throwIfEnded();
    await load(context, view, need, { timeoutMs: call.remainingMs(), ...(call.signal && { signal: call.signal }) });
    const planned = plan(view, [planner], env);
    if (planned.kind === 'plan') {
      const [outcome] = planned.outcomes;
      return outcome?.kind === 'refused' ? outcome : undefined;
    }
    if (!isWhole) return undefined;
    need = planned.need;
  }
  return undefined;
}

/**
 * A planner whose commit leaves a mark of its own, since nothing else would tell afterwards whether it happened. It takes a
 * few old marks away with it.
 */
export function withEvidence<T>(context: Context, planner: Planner<T>): Pick<Job<T>, 'firstNeed' | 'planner' | 'happened'> {
  const operation = context.clock.uuid();
  return {
    firstNeed: { refs: [CONFIG], probes: [], collections: [POOLS, ...sweptMarks(operation)] },
    planner: (attempt) => (draft, env) => {
      const outcome = planner(draft, env);
      if (outcome.kind !== 'done' || !draft.hasChanges()) return outcome;
      leaveOperationMark(draft, operation, env);
      if (attempt.number === 1) sweepMarks(draft, operation, env);
      return outcome;
    },
    happened: (draft) => draft.exists(markRef('operation', operation)),
  };
}

/** Runs a job in a lane; a plan that no commit can hold is refused. */
export async function runJob<T>(context: Context, lane: string, job: Job<T>): Promise<T> {
  try {
    return await context.lanes.run(lane, job);
  } catch (error) {
    if (error instanceof Oversized) throw tooLarge(error);
    throw error;
  }
}

export function tooLarge(error: Oversized): IpamError {
  const message = `the request needs ${error.operations} operations in one commit, more than a store takes. Ask for less at once.`;
  return new IpamError('too-large', message, { details: { operations: error.operations } });
}
