/** After a commit of unknown outcome, and once nothing of it can land any more: did it happen? (docs/decisions/0003) */
import { ordinalOf } from '../addr.ts';
import { type Holder, isHeldAs, sequenceNumberAt } from '../block.ts';
import type { Draft } from '../draft.ts';
import type { Assigned } from './assigned.ts';
import { blockRef, markRef } from './refs.ts';

export interface Doubted {
  readonly assigned: readonly Assigned[];
  readonly holder: Holder;
  /** Of a commit without handle. */
  readonly operation: string | undefined;
}

/**
 * True when the plan's addresses are recorded as it would have recorded them: handle, metadata and sequence number. One is
 * enough, since all were one commit, and another may have been released by now. Two callers that give the same handle and
 * the same metadata at the same moment are taken for one.
 */
export function hasAssigned(draft: Draft, { assigned, holder, operation }: Doubted): boolean {
  const added = assigned.filter(({ existing }) => !existing);
  if (added.length === 0) return false;
  if (operation !== undefined) return draft.exists(markRef('operation', operation));
  draft.require({ refs: added.map(({ block }) => blockRef(block)) });
  return added.some(({ ip, block: cidr, sequenceNumber }) => {
    const found = draft.find(blockRef(cidr));
    if (found.kind !== 'present') return false;
    const ordinal = ordinalOf(cidr, ip) as number;
    return isHeldAs(found.record, ordinal, holder) && sequenceNumberAt(found.record, ordinal) === sequenceNumber;
  });
}
