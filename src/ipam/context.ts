/** What every operation of one opened library shares. */

import type { Planner } from '../core/plan/plan.ts';
import type { Need } from '../core/view.ts';
import type { CallOptions } from './api.ts';
import { Call } from './call.ts';
import { IpamError } from './errors.ts';
import type { Hints } from './hints.ts';
import { type Lanes, Oversized } from './lanes.ts';
import type { Job, LoopContext } from './loop.ts';

export interface Context extends LoopContext {
  readonly lanes: Lanes;
  readonly hints: Hints;
}

const NO_NEED: Need = { refs: [], probes: [], collections: [] };

/** Runs one planner that shares its commit with nobody. */
export async function runAlone<T>(context: Context, options: CallOptions, planner: Planner<T>, lane = 'operator'): Promise<T> {
  return runJob(context, lane, { call: new Call(context.clock, options), firstNeed: NO_NEED, planner: () => planner, rereads: true });
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
