/** Splitting a pool, or telling what it would be split into. */
import { dryRun } from '../core/plan/dry-run.ts';
import { PARTS_MAX, type PoolPart, splitPool } from '../core/plan/split-pool.ts';
import type { SplitPoolOptions, SplitPoolResult } from './api.ts';
import { integerArgument, nameArgument } from './arguments.ts';
import { type Context, look, runAlone } from './context.ts';
import { errorOfRefusal } from './translate.ts';
import { revisionArgument } from './write.ts';

export async function splitPoolOf(context: Context, options: SplitPoolOptions): Promise<SplitPoolResult> {
  const { name, parts, resourceVersion, dryRun: isDry = false, ...call } = options;
  nameArgument('ippool name', name);
  integerArgument('parts', parts, { otherwise: 0, min: Number.MIN_SAFE_INTEGER });
  const uids = Array.from({ length: PARTS_MAX }, () => context.clock.uuid());
  const planner = splitPool({ name, parts, revision: revisionArgument(resourceVersion), uids });
  if (!isDry) return resultOf(await runAlone(context, call, planner), true);
  const planned = await look(context, call, dryRun(planner));
  if (planned.kind === 'refused') throw errorOfRefusal(planned);
  return resultOf(planned.value, false);
}

function resultOf(parts: readonly PoolPart[], written: boolean): SplitPoolResult {
  return { parts: parts.map(({ name, cidr }) => ({ name, cidr: cidr.text })), written };
}
