/** Repairs of blocks: what is wrong inside one, and blocks that should not be where they are. */
import { type Cidr, parseCidrMasked } from '../addr.ts';
import { type BlockFaultKind, faultsOfBlock, withoutFaults } from '../audit/block-faults.ts';
import type { Finding } from '../audit/finding.ts';
import { homeOf } from '../audit/placement.ts';
import { collect, disowned, isEmpty, ordinalsInUse, ownerOf } from '../block.ts';
import { affinityRef, blockRef, POOLS } from '../plan/refs.ts';
import { poolsOf, unreadableOf } from '../plan/settings.ts';
import type { Block } from '../records.ts';
import { changed, leftAlone, type RepairContext, type RepairOutcome, repaired } from './context.ts';

export function repairBlockFault(context: RepairContext, { subject }: Finding, kind: BlockFaultKind): RepairOutcome {
  const block = presentBlock(context, subject.block);
  if ('kind' in block) return block;
  const cooldown = context.cooldown();
  if (!cooldown) return leftAlone('the configuration cannot be read, so the cooldown is not known. Mend that first.');
  const { nowNs } = context.env;
  if (!faultsOfBlock(block, nowNs, cooldown).some((fault) => fault.kind === kind)) return changed('the block has no such fault any more');
  context.write(withoutFaults(block, new Set([kind]), cooldown));
  return repaired(`rewrote block ${block.cidr.text}`);
}

/** Stranded, outside all pools, or of a wrong size: an empty block goes, with its affinity. */
export function repairMisplacedBlock(context: RepairContext, { kind, subject }: Finding): RepairOutcome {
  const block = presentBlock(context, subject.block);
  if ('kind' in block) return block;
  if (kind === 'block-stranded') {
    if (block.affinity !== null || !isEmptyNow(context, block)) return changed('the block is in use, or belongs to somebody, by now');
    return dropBlock(context, block);
  }
  if (unreadableOf(context.draft, POOLS)) return leftAlone('a pool cannot be read, and the block may be one of its own. Mend that first.');
  const home = homeOf(block.cidr, poolsOf(context.draft));
  const isMisplaced =
    kind === 'block-outside-pools' ? home === undefined : home !== undefined && home.blockSize !== block.cidr.prefixLength;
  if (!isMisplaced) return changed('the block fits a pool by now');
  return isEmptyNow(context, block) ? dropBlock(context, block) : stillInUse(block);
}

function stillInUse(block: Block): RepairOutcome {
  const inUse = ordinalsInUse(block).length;
  return leftAlone(`${inUse} address(es) of block ${block.cidr.text} are held or cooling. Release them by handle; then it can go.`);
}

export function repairOverlap(context: RepairContext, { subject }: Finding): RepairOutcome {
  const one = presentBlock(context, subject.block);
  const other = presentBlock(context, subject.other);
  if ('kind' in one) return one;
  if ('kind' in other) return other;
  const empty = [one, other].filter((block) => isEmptyNow(context, block));
  if (empty.length === 0) {
    return leftAlone(`both blocks hold addresses. Release by handle what one of them holds: plat ipam show --show-blocks`);
  }
  const pools = poolsOf(context.draft);
  const misfit = empty.find(({ cidr }) => homeOf(cidr, pools)?.blockSize !== cidr.prefixLength);
  return dropBlock(context, misfit ?? (empty[0] as Block));
}

export function repairOwner(context: RepairContext, { subject }: Finding): RepairOutcome {
  const block = presentBlock(context, subject.block);
  if ('kind' in block) return block;
  const owner = ownerOf(block);
  if (block.affinity === null || (owner && owner.name !== '')) return changed('the block has another owner by now');
  if (isEmptyNow(context, block)) return dropBlock(context, block);
  context.write(disowned(block));
  return repaired(`left block ${block.cidr.text} to nobody`);
}

/** The block as it is now, or why nothing can be done. */
function presentBlock({ draft }: RepairContext, text: string | undefined): Block | RepairOutcome {
  const cidr = networkOf(text);
  const found = draft.find(blockRef(cidr));
  if (found.kind === 'absent') return changed(`block ${cidr.text} is gone`);
  if (found.kind === 'corrupt') return leftAlone(`block ${cidr.text} cannot be read (${found.reason}).`);
  return found.record;
}

/** Findings name networks in canonical text. */
export function networkOf(text: string | undefined): Cidr {
  const cidr = parseCidrMasked(text ?? '');
  if (!cidr) throw new Error(`bug: a finding names ${text} where a network belongs`);
  return cidr;
}

/** Without a readable configuration nothing that cools counts as free. */
export function isEmptyNow(context: RepairContext, block: Block): boolean {
  const cooldown = context.cooldown();
  return isEmpty(cooldown ? collect(block, cooldown).block : block);
}

function dropBlock({ draft }: RepairContext, block: Block): RepairOutcome {
  const owner = ownerOf(block);
  draft.delete(blockRef(block.cidr));
  if (owner && owner.name !== '') draft.deleteUnguarded(affinityRef(owner, block.cidr));
  return repaired(`deleted the empty block ${block.cidr.text}`);
}
