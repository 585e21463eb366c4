/** Handle records, kept exact: they change in the same plan as the blocks they count (I3). */
import { ADDRESS_BITS, type Cidr, ipOfOrdinal, parseCidrMasked, type Version } from '../addr.ts';
import { affinityText, ordinalsOfHandle, sanitisedHandle, sequenceNumberAt } from '../block.ts';
import type { Draft } from '../draft.ts';
import { type Block, type Handle, NO_EXTRA, type Owner } from '../records.ts';
import type { Assigned } from './assigned.ts';
import { blockRef, handleRef } from './refs.ts';
import { poolHolding, poolsOf } from './settings.ts';

/** Adds `count` addresses of `block` to the handle, which is created when it is its first. */
export function countUp(draft: Draft, id: string, block: Cidr, count: number): void {
  const stored = draft.get(handleRef(id));
  const blocks = new Map(stored?.blocks);
  blocks.set(block.text, (blocks.get(block.text) ?? 0) + count);
  draft.put(handleRef(id), { blocks, deleted: stored?.deleted ?? false, extra: stored?.extra ?? NO_EXTRA });
}

/**
 * Takes `count` addresses of `block` off the handle, and drops the handle with its last one. A count that a Calico writer
 * left too low ends at none instead of failing (HD-05).
 */
export function countDown(draft: Draft, id: string, block: Cidr, count: number): void {
  const stored = draft.get(handleRef(id));
  const counted = stored?.blocks.get(block.text);
  if (stored === undefined || counted === undefined) return;
  const blocks = new Map(stored.blocks);
  if (counted > count) blocks.set(block.text, counted - count);
  else blocks.delete(block.text);
  putOrDrop(draft, id, stored, blocks);
}

/** The handle no longer counts anything in `block`. */
export function forgetBlock(draft: Draft, id: string, block: string): void {
  const stored = draft.get(handleRef(id));
  if (stored === undefined) return;
  const blocks = new Map(stored.blocks);
  blocks.delete(block);
  putOrDrop(draft, id, stored, blocks);
}

function putOrDrop(draft: Draft, id: string, stored: Handle, blocks: ReadonlyMap<string, number>): void {
  if (blocks.size === 0) draft.delete(handleRef(id));
  else draft.put(handleRef(id), { ...stored, blocks });
}

/** Blocks that the handle's record names, in its order. */
function blocksOfHandle(handle: Handle): Cidr[] {
  return [...handle.blocks.keys()].flatMap((text) => parseCidrMasked(text) ?? []);
}

export interface HeldQuery {
  readonly version: Version;
  /** Whose blocks are its own; addresses in others' are borrowed. */
  readonly owner?: Owner;
}

/**
 * Addresses of one family that blocks really hold for the handle: the record's counts are not trusted (data model §5). A
 * block that cannot be read is refused: whether the handle holds an address there decides what it may get.
 */
export function heldBy(draft: Draft, id: string, { version, owner }: HeldQuery): Assigned[] {
  return readableBlocks(draft, id, version, (cidr) => draft.get(blockRef(cidr))).flatMap((block) => heldIn(draft, block, id, owner));
}

/** The same for a report: unreadable and missing blocks are left out (IH-02). */
export function heldInReadable(draft: Draft, id: string, version: Version): Assigned[] {
  const readable = (cidr: Cidr) => {
    const found = draft.find(blockRef(cidr));
    return found.kind === 'present' ? found.record : undefined;
  };
  return readableBlocks(draft, id, version, readable).flatMap((block) => heldIn(draft, block, id, undefined));
}

function readableBlocks(draft: Draft, id: string, version: Version, read: (cidr: Cidr) => Block | undefined): Block[] {
  const handle = draft.get(handleRef(id));
  const cidrs = handle ? blocksOfHandle(handle).filter((cidr) => cidr.version === version) : [];
  draft.require({ refs: cidrs.map(blockRef) });
  return cidrs.flatMap((cidr) => read(cidr) ?? []);
}

function heldIn(draft: Draft, block: Block, id: string, owner: Owner | undefined): Assigned[] {
  const pool = poolHolding(poolsOf(draft), block.cidr);
  return ordinalsOfHandle(block, sanitisedHandle(id)).map((ordinal) => ({
    ip: ipOfOrdinal(block.cidr, ordinal),
    prefixLength: ADDRESS_BITS[block.cidr.version],
    block: block.cidr,
    pool: pool?.name ?? '',
    poolCidr: pool?.cidr,
    sequenceNumber: sequenceNumberAt(block, ordinal),
    borrowed: owner !== undefined && block.affinity !== affinityText(owner),
    existing: true,
  }));
}
