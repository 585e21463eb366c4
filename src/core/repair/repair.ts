/** Mending what an audit found: every finding is judged again, on the records as they are, in the commit that mends it. */
import { FINDING_KINDS, type Finding, type FindingKind } from '../audit/finding.ts';
import type { Draft } from '../draft.ts';
import { done } from '../outcome.ts';
import { isExpired } from '../plan/marks.ts';
import type { Planner } from '../plan/plan.ts';
import { affinityRef, blockRef, CONFIG, handleRef, nodeRef, POOLS } from '../plan/refs.ts';
import type { Ref, RefOf } from '../records.ts';
import { isStep, repairAffinity } from './affinity-repairs.ts';
import { networkOf, repairBlockFault, repairMisplacedBlock, repairOverlap, repairOwner } from './block-repairs.ts';
import { changed, leftAlone, RepairContext, type RepairOutcome, repaired } from './context.ts';
import { canonicalNetwork, repairHandle } from './handle-repairs.ts';

export { isStep };

/** One outcome per finding, in order. `dryRun`: what would become of it; nothing is written. */
export function repairFindings(findings: readonly Finding[], dryRun: boolean): Planner<readonly RepairOutcome[]> {
  return (draft, env) => {
    draft.require({ refs: [CONFIG, ...findings.flatMap(refsOf)], collections: [POOLS] });
    const before = draft.savepoint();
    const context = new RepairContext(draft, env);
    const outcomes = findings.map((finding) => repairOne(context, finding));
    if (dryRun) draft.rollback(before);
    return done(outcomes);
  };
}

/** What a repair of the finding reads. */
function refsOf({ kind, subject }: Finding): Ref[] {
  if (FINDING_KINDS[kind].mendable === 'never') return [];
  const { block, other, owner, handle, blocks, name } = subject;
  const networks = [...(block === undefined ? [] : [networkOf(block)]), ...(other === undefined ? [] : [networkOf(other)])];
  return [
    ...networks.map(blockRef),
    ...(owner && block !== undefined ? [affinityRef(owner, networkOf(block))] : []),
    ...(owner?.type === 'host' ? [nodeRef(owner.name)] : []),
    ...(handle === undefined ? [] : [handleRef(handle)]),
    ...(blocks ?? []).flatMap((text) => canonicalNetwork(text) ?? []).map(blockRef),
    ...(kind === 'host-marker' && name !== undefined ? [nodeRef(name)] : []),
  ];
}

/** Records that a repair may change or guard: as many as this fit into one commit. */
export function operationsOf(finding: Finding): number {
  return Math.max(2, refsOf(finding).length);
}

function repairOne(context: RepairContext, finding: Finding): RepairOutcome {
  const { kind } = finding;
  switch (kind) {
    case 'ordinal-lost':
    case 'ordinal-repeated':
    case 'ordinal-held-and-free':
    case 'attribute-unused':
    case 'number-unused':
    case 'cooling-over':
      return repairBlockFault(context, finding, kind);
    case 'block-stranded':
    case 'block-outside-pools':
    case 'block-size-differs':
      return repairMisplacedBlock(context, finding);
    case 'blocks-overlap':
      return repairOverlap(context, finding);
    case 'owner-unreadable':
      return repairOwner(context, finding);
    case 'block-without-affinity':
    case 'affinity-without-block':
    case 'affinity-foreign':
    case 'affinity-pending':
    case 'affinity-leaving':
      return repairAffinity(context, finding);
    case 'handle-leaked':
    case 'handle-count-high':
    case 'handle-count-low':
    case 'handle-missing':
      return repairHandle(context, finding);
    case 'host-marker':
      return dropMarker(context.draft, finding);
    default:
      return leftAlone(whyNever(kind));
  }
}

/** The facts of the kind, without their first word. */
function whyNever(kind: FindingKind): string {
  return FINDING_KINDS[kind].repair.replace(/^refuses: /, '');
}

function dropMarker(draft: Draft, { subject }: Finding): RepairOutcome {
  const host = subject.name ?? '';
  const marker: RefOf<'hostMarker'> = { kind: 'hostMarker', host };
  if (draft.find(nodeRef(host)).kind !== 'absent') return changed('the node has a record by now');
  if (!draft.exists(marker)) return changed('the marker is gone');
  draft.guard(nodeRef(host));
  draft.delete(marker);
  return repaired(`deleted the marker of ${host}`);
}

/** Deletes those of `marks` that are still expired; gives how many. */
export function dropExpiredMarks(marks: readonly RefOf<'mark'>[]): Planner<number> {
  return (draft, env) => {
    draft.require({ refs: marks });
    let dropped = 0;
    for (const mark of marks) {
      const found = draft.find(mark);
      if (found.kind !== 'present' || !isExpired(found.record.at, env.nowNs)) continue;
      draft.delete(mark);
      dropped++;
    }
    return done(dropped);
  };
}
