/** I5: an affinity and its block are brought together; the block decides. */
import type { Finding } from '../audit/finding.ts';
import { ownerText } from '../audit/ownership.ts';
import { disowned } from '../block.ts';
import { CONFIRMED, dropAffinity } from '../plan/own-blocks.ts';
import { affinityRef, blockRef, nodeRef } from '../plan/refs.ts';
import type { AffinityState, Block, Owner } from '../records.ts';
import { isEmptyNow, networkOf } from './block-repairs.ts';
import { changed, leftAlone, type RepairContext, type RepairOutcome, repaired } from './context.ts';

export function repairAffinity(context: RepairContext, { kind, subject, seen }: Finding): RepairOutcome {
  const { draft } = context;
  const owner = subject.owner as Owner;
  const cidr = networkOf(subject.block);
  const affinity = draft.find(affinityRef(owner, cidr));
  const found = draft.find(blockRef(cidr));
  if (affinity.kind === 'corrupt')
    return leftAlone(`the affinity of ${ownerText(owner)} for ${cidr.text} cannot be read (${affinity.reason}).`);
  if (found.kind === 'corrupt') return leftAlone(`block ${cidr.text} cannot be read (${found.reason}).`);
  if (isStep(kind) && draft.revisionOf(affinityRef(owner, cidr)) !== seen[0]?.revision) return changed('somebody goes on with it');
  const state = affinity.kind === 'present' ? affinity.record.state : undefined;
  // CR-04: its owner may be making it anew.
  if (kind === 'affinity-without-block' && state !== 'confirmed' && state !== '') return changed('the affinity is no longer confirmed');
  const block = found.kind === 'present' ? found.record : undefined;
  if (block?.affinity !== ownerText(owner)) {
    if (state === undefined) return changed('the affinity is gone');
    dropAffinity(draft, owner, cidr);
    return repaired(`deleted the affinity of ${ownerText(owner)} for ${cidr.text}`);
  }
  return settle(context, { owner, block, state });
}

/** States that other writers pass through: only one that stays as it is was left behind. */
export function isStep(kind: Finding['kind']): boolean {
  return kind === 'affinity-pending' || kind === 'affinity-leaving';
}

interface OwnBlock {
  readonly owner: Owner;
  readonly block: Block;
  readonly state: AffinityState | undefined;
}

function settle(context: RepairContext, { owner, block, state }: OwnBlock): RepairOutcome {
  const { draft } = context;
  const { cidr } = block;
  const affinity = affinityRef(owner, cidr);
  if (state === 'confirmed' || state === '') return changed('the affinity is confirmed by now');
  const isNodeGone = owner.type === 'host' && draft.find(nodeRef(owner.name)).kind === 'absent';
  const isLeaving = state === 'pendingDeletion' || (state === undefined && isNodeGone);
  if (isLeaving && isEmptyNow(context, block)) {
    draft.delete(blockRef(cidr));
    draft.delete(affinity);
    return repaired(`deleted the empty block ${cidr.text}`);
  }
  if (state === 'pendingDeletion' && isNodeGone) {
    context.write(disowned(block));
    draft.delete(affinity);
    return repaired(`left block ${cidr.text} to nobody`);
  }
  draft.put(affinity, CONFIRMED);
  // CR-02: whoever read the block before must not go on with it.
  if (state === undefined) draft.guard(blockRef(cidr));
  else context.write(block);
  return repaired(`confirmed the affinity of ${ownerText(owner)} for ${cidr.text}`);
}
