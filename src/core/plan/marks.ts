/** I11: an answered release is final for every assignment of the same handle that read before it. */
import type { Draft } from '../draft.ts';
import { type Refusal, refused } from '../outcome.ts';
import { type Collection, MARK_LIFETIME_SECONDS } from '../records.ts';
import { secondsOf, timeText } from '../time.ts';
import type { SeenRevision } from '../view.ts';
import type { PlanEnv } from './plan.ts';
import { markRef } from './refs.ts';

/** Old marks one release takes away with it. */
const SWEPT_PER_RELEASE = 4;

/** Guards that the mark is as it was when the call first read; refuses when it has changed since. */
export function guardAgainstRelease(draft: Draft, handle: string | undefined, first: SeenRevision | undefined): Refusal | undefined {
  if (handle === undefined || first === undefined) return undefined;
  const mark = markRef('released', handle);
  if (draft.revisionOf(mark) === first) {
    draft.guard(mark);
    return undefined;
  }
  const message = `handle ${handle} was released while this assignment was on its way; nothing was assigned. An answered release is final: ask again if the attachment still exists.`;
  return refused('released-meanwhile', message, { handle });
}

/** Leaves the mark, and sweeps a few old ones that follow it in key order: random ids spread the sweeping evenly. */
export function leaveReleaseMark(draft: Draft, handle: string, env: PlanEnv): void {
  draft.putUnguarded(markRef('released', handle), { at: timeText(env.nowNs) });
}

/** The few marks that one release of `handle` looks at. */
export function sweptMarks(handle: string): Collection[] {
  return (['released', 'fence', 'operation'] as const).map((mark) => ({
    kind: 'marksAfter',
    mark,
    after: handle,
    limit: SWEPT_PER_RELEASE,
  }));
}

export function sweepMarks(draft: Draft, handle: string, env: PlanEnv): void {
  for (const ref of sweptMarks(handle).flatMap((collection) => draft.members(collection))) {
    const found = ref.kind === 'mark' ? draft.find(ref) : undefined;
    if (found?.kind === 'present' && isExpired(found.record.at, env)) draft.delete(ref);
  }
}

function isExpired(at: string, env: PlanEnv): boolean {
  const seconds = secondsOf(at);
  return seconds !== undefined && (seconds + BigInt(MARK_LIFETIME_SECONDS)) * 1_000_000_000n < env.nowNs;
}
