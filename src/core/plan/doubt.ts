/** After a commit of unknown outcome, and once nothing of it can land any more: did it happen? (docs/decisions/0003) */
import { ordinalOf } from '../addr.ts';
import { attributeAt, sequenceNumberAt, stateOf } from '../block.ts';
import type { Draft } from '../draft.ts';
import type { Assigned } from './assigned.ts';
import { blockRef, handleRef, markRef } from './refs.ts';

/**
 * True when the addresses of a plan are recorded as that plan would have: held under its handle, with its sequence numbers.
 * Only one write can take a block past a sequence number, so nobody else's assignment looks the same.
 */
export function hasAssigned(
  draft: Draft,
  assigned: readonly Assigned[],
  handle: string | undefined,
  operation: string | undefined,
): boolean {
  const added = assigned.filter(({ existing }) => !existing);
  if (added.length === 0) return false;
  if (operation !== undefined) return draft.exists(markRef('operation', operation));
  draft.require({ refs: added.map(({ block }) => blockRef(block)) });
  return added.every(({ ip, block: cidr, sequenceNumber }) => {
    const found = draft.find(blockRef(cidr));
    if (found.kind !== 'present') return false;
    const ordinal = ordinalOf(cidr, ip) as number;
    const isHeld = stateOf(found.record, ordinal) === 'held' && attributeAt(found.record, ordinal)?.handleId === handle;
    return isHeld && sequenceNumberAt(found.record, ordinal) === sequenceNumber;
  });
}

/** True when no such handle is left: whoever's release it was, ours has nothing more to do. */
export function isReleased(draft: Draft, handle: string): boolean {
  return draft.find(handleRef(handle)).kind === 'absent';
}
