/** I11: an answered release is final for every assignment of the same handle that read before it. */
import type { Draft } from '../draft.ts';
import { hash64 } from '../hash.ts';
import { type Refusal, refused } from '../outcome.ts';
import { type Collection, MARK_LIFETIME_SECONDS } from '../records.ts';
import { secondsOf, timeText } from '../time.ts';
import type { SeenRevision } from '../view.ts';
import type { PlanEnv } from './plan.ts';
import { markRef } from './refs.ts';

/** Old marks of each kind that one commit looks at. */
const SWEPT_PER_COMMIT = 4;
/** Sweeping is a courtesy: it leaves this many operations to the rest of the plan. */
const ROOM_FOR_OTHERS = 110;

/** Guards that the mark is as it was when the call first read; refuses when it has changed since. */
export function guardAgainstRelease(draft: Draft, handle: string | undefined, first: SeenRevision | undefined): Refusal | undefined {
  if (handle === undefined || first === undefined) return undefined;
  const mark = markRef('released', handle);
  // A release that goes with the same commit is as final as one that came before.
  if (draft.revisionOf(mark) === first && !draft.isChanged(mark)) {
    draft.guard(mark);
    return undefined;
  }
  const message = `handle ${handle} was released while this assignment was on its way; nothing was assigned. An answered release is final: ask again if the attachment still exists.`;
  return refused('released-meanwhile', message, { handle });
}

export function leaveReleaseMark(draft: Draft, handle: string, env: PlanEnv): void {
  draft.putUnguarded(markRef('released', handle), { at: timeText(env.nowNs) });
}

/** Evidence that a commit happened which leaves no other behind (docs/decisions/0003). `operation`: unique to the commit. */
export function leaveOperationMark(draft: Draft, operation: string, env: PlanEnv): void {
  draft.putUnguarded(markRef('operation', operation), { at: timeText(env.nowNs) });
}

/** A few marks that follow `id` in key order, or, where ids are random, a place that depends on it: callers spread over all. */
export function sweptMarks(id: string): Collection[] {
  const place = hash64(id).toString(16).padStart(16, '0');
  return [
    { kind: 'marksAfter', mark: 'released', after: id, limit: SWEPT_PER_COMMIT },
    { kind: 'marksAfter', mark: 'fence', after: place, limit: SWEPT_PER_COMMIT },
    { kind: 'marksAfter', mark: 'operation', after: place, limit: SWEPT_PER_COMMIT },
  ];
}

/** Takes away what of them has outlived its purpose, as far as the commit has room. */
export function sweepMarks(draft: Draft, id: string, env: PlanEnv): void {
  const collections = sweptMarks(id);
  draft.require({ collections });
  for (const ref of collections.flatMap((collection) => draft.members(collection))) {
    const found = ref.kind === 'mark' ? draft.find(ref) : undefined;
    const isOld = found?.kind === 'present' && isExpired(found.record.at, env.nowNs);
    if (isOld && draft.operationCount() < env.operationsMax - ROOM_FOR_OTHERS) draft.delete(ref);
  }
}

/** Older than any call may take: of no use any more. */
export function isExpired(at: string, nowNs: bigint): boolean {
  const seconds = secondsOf(at);
  return seconds !== undefined && (seconds + BigInt(MARK_LIFETIME_SECONDS)) * 1_000_000_000n < nowNs;
}
