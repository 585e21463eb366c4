/** I3: a handle's record is written as the blocks hold it. */
import { type Cidr, parseCidrMasked } from '../addr.ts';
import type { Finding } from '../audit/finding.ts';
import { countsByHandle, type HandleCount, rightCounts } from '../audit/handle-census.ts';
import { sanitisedHandle } from '../block.ts';
import { blockRef, handleRef } from '../plan/refs.ts';
import { type Block, NO_EXTRA } from '../records.ts';
import { changed, leftAlone, type RepairContext, type RepairOutcome, repaired } from './context.ts';

export function repairHandle(context: RepairContext, { kind, subject, seen }: Finding): RepairOutcome {
  const { draft } = context;
  const id = subject.handle ?? '';
  const found = draft.find(handleRef(id));
  if (found.kind === 'corrupt') return leftAlone(`handle ${id} cannot be read (${found.reason}).`);
  // That no block at all holds anything for it was seen with this record, and every assignment writes it first (HD-02).
  const isUnchanged = draft.revisionOf(handleRef(id)) === seen[0]?.revision;
  if (kind === 'handle-leaked' && !isUnchanged) return changed('the handle was written since');
  const record = found.kind === 'present' ? found.record : undefined;
  const stored = record?.blocks ?? new Map<string, number>();
  const read = readBlocks(context, new Set([...stored.keys(), ...(subject.blocks ?? [])]));
  if ('kind' in read) return read;
  const held = new Map<string, HandleCount>();
  for (const [text, block] of read) {
    const count = block && countsByHandle(block).get(sanitisedHandle(id));
    if (count) held.set(text, count);
  }
  const right = rightCounts(stored, held);
  if (record ? isSame(stored, right) && right.size > 0 : right.size === 0) return changed('its count is right by now');
  for (const [text, block] of read) guardBlock(context, { text, block, isTooHigh: (stored.get(text) ?? 0) > (right.get(text) ?? 0) });
  if (right.size === 0) {
    draft.delete(handleRef(id));
    return repaired(`deleted handle ${id}`);
  }
  draft.put(handleRef(id), { deleted: record?.deleted ?? false, extra: record?.extra ?? NO_EXTRA, blocks: right });
  return repaired(`stored what handle ${id} holds`);
}

/** Blocks by the text a handle names them with; undefined: there is none, or the text is no network. */
function readBlocks({ draft }: RepairContext, texts: ReadonlySet<string>): Map<string, Block | undefined> | RepairOutcome {
  const blocks = new Map<string, Block | undefined>();
  for (const text of texts) {
    const cidr = canonicalNetwork(text);
    const found = cidr && draft.find(blockRef(cidr));
    if (found?.kind === 'corrupt')
      return leftAlone(`block ${text} cannot be read (${found.reason}), so what the handle holds there is not known.`);
    blocks.set(text, found?.kind === 'present' ? found.record : undefined);
  }
  return blocks;
}

export function canonicalNetwork(text: string): Cidr | undefined {
  const cidr = parseCidrMasked(text);
  return cidr?.text === text ? cidr : undefined;
}

interface GuardedBlock {
  readonly text: string;
  readonly block: Block | undefined;
  readonly isTooHigh: boolean;
}

/**
 * Other writers raise a handle's count before they write the block (HD-02). A count that is too high may be such a write on
 * its way: the block is rewritten, so that the writer meets a conflict and counts anew.
 */
function guardBlock(context: RepairContext, { text, block, isTooHigh }: GuardedBlock): void {
  const cidr = canonicalNetwork(text);
  if (!cidr) return;
  if (block && isTooHigh) context.write(block);
  else context.draft.guard(blockRef(cidr));
}

function isSame(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([block, count]) => b.get(block) === count);
}
