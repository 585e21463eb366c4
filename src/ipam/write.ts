/** How a resource is written: at once, or in a dry run only planned. */
import { dryRun as planOnly } from '../core/plan/dry-run.ts';
import type { Planner } from '../core/plan/plan.ts';
import type { CallOptions, WriteOptions } from './api.ts';
import { type Context, look, runAlone } from './context.ts';
import { invalidArgument } from './errors.ts';
import { errorOfRefusal } from './translate.ts';

/** Runs one planner; in a dry run it is only planned. */
export async function write<T>(context: Context, { dryRun, ...options }: WriteOptions, planner: Planner<T>): Promise<T> {
  return dryRun ? rehearse(context, options, planner) : runAlone(context, options, planner);
}

/** What `planner` would give; rejects as it would. Nothing is written. */
export async function rehearse<T>(context: Context, options: CallOptions, planner: Planner<T>): Promise<T> {
  const outcome = await look(context, options, planOnly(planner));
  if (outcome.kind === 'refused') throw errorOfRefusal(outcome);
  return outcome.value;
}

/** The revision that a `resourceVersion` names; undefined for none. */
export function revisionArgument(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return BigInt(text);
  throw invalidArgument(`resourceVersion "${text}" is none: give the one that get or list showed.`, {
    argument: 'resourceVersion',
    value: text,
  });
}
