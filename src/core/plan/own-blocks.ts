/** The blocks a host has affinity for: found in whatever state a writer left them, made usable in the same plan. */
import { ADDRESS_BITS, type Cidr, covers } from '../addr.ts';
import { affinityText, collect, isEmpty, newBlock, updated } from '../block.ts';
import type { Draft } from '../draft.ts';
import type { UsablePool } from '../pools.ts';
import { type Affinity, type Block, NO_EXTRA, type Owner } from '../records.ts';
import { isFreeOfOverlap } from './claim.ts';
import type { Family } from './family.ts';
import { affinitiesOf, affinityRef, blockRef } from './refs.ts';

export const CONFIRMED: Affinity = { state: 'confirmed', deleted: false, extra: NO_EXTRA };

/** Values of own blocks read in one request: 16 full /26 are about 320 KB. */
const ADDRESSES_PER_READ = 1_024;
const BLOCKS_PER_READ_MAX = 64;

/** CIDRs the owner has a readable affinity for, in key order (AA-07). */
export function affineCidrs(draft: Draft, owner: Owner): Cidr[] {
  return draft.members(affinitiesOf(owner)).flatMap((ref) => {
    if (ref.kind !== 'affinity') return [];
    return draft.find(ref).kind === 'present' ? [ref.cidr] : [];
  });
}

/**
 * Own blocks in key order, each made usable: a missing one is created (CR-01, CR-04, CR-10), an unconfirmed affinity is
 * confirmed (CR-02, CR-09), one whose block belongs to somebody else is dropped (CR-03, CR-11).
 */
export function* ownBlocks(family: Family, cidrs: readonly Cidr[]): Generator<Block> {
  for (let at = 0; at < cidrs.length; ) {
    const chunk = firstOwnBlocks(family, cidrs.slice(at));
    family.draft.require({ refs: chunk.map(blockRef) });
    for (const cidr of chunk) {
      const block = usable(family, cidr);
      if (block) yield block;
    }
    at += chunk.length;
  }
}

/** As many of `cidrs` as one read should fetch. */
export function firstOwnBlocks({ version }: Family, cidrs: readonly Cidr[]): readonly Cidr[] {
  const [first] = cidrs;
  if (!first) return [];
  const addresses = 2 ** (ADDRESS_BITS[version] - first.prefixLength);
  return cidrs.slice(0, Math.min(BLOCKS_PER_READ_MAX, Math.max(1, Math.floor(ADDRESSES_PER_READ / addresses))));
}

function usable(family: Family, cidr: Cidr): Block | undefined {
  const { draft, owner } = family;
  const found = draft.find(blockRef(cidr));
  if (found.kind === 'corrupt') return undefined;
  if (found.kind === 'absent')
    return isFreeOfOverlap(draft, cidr) && hasPoolSize(family.pools, cidr) ? createBlock(family, cidr) : undefined;
  if (found.record.affinity !== affinityText(owner)) {
    dropAffinity(draft, owner, cidr);
    return undefined;
  }
  const affinity = draft.get(affinityRef(owner, cidr));
  return affinity?.state === 'confirmed' || affinity?.state === '' ? found.record : confirm(family, found.record);
}

/** I5: on the word of the block as it was read, which therefore must not change meanwhile. */
export function dropAffinity(draft: Draft, owner: Owner, cidr: Cidr): void {
  draft.guard(blockRef(cidr));
  draft.delete(affinityRef(owner, cidr));
}

/** AA-30: a block of another size than its pool's would overlap the pool's own. */
function hasPoolSize(pools: readonly UsablePool[], cidr: Cidr): boolean {
  return pools.some((pool) => covers(pool.cidr, cidr) && pool.blockSize === cidr.prefixLength);
}

/** I5: block and confirmed affinity come into being together. */
export function createBlock(family: Family, cidr: Cidr): Block {
  const block = newBlock(cidr, family.owner, family.env.nowNs, family.reservedEnds);
  family.draft.put(blockRef(cidr), block);
  family.draft.put(affinityRef(family.owner, cidr), CONFIRMED);
  return block;
}

/** Confirming counts as an update of the block: whoever read it before must not write it (CR-02). */
export function confirm(family: Family, block: Block): Block {
  const confirmed = updated(block);
  family.draft.put(blockRef(block.cidr), confirmed);
  family.draft.put(affinityRef(family.owner, block.cidr), CONFIRMED);
  return confirmed;
}

/** Drops own empty blocks in enabled pools that no longer select the node (PL-15, PL-17, PL-18). */
export function dropDeselected(family: Family, cidrs: readonly Cidr[]): void {
  family.draft.require({ refs: cidrs.map(blockRef) });
  for (const cidr of cidrs) {
    const found = family.draft.find(blockRef(cidr));
    if (found.kind === 'corrupt') continue;
    const isOwn = found.kind === 'present' && found.record.affinity === affinityText(family.owner);
    if (isOwn && !isEmpty(collect(found.record, family.cooldown).block)) continue;
    dropAffinity(family.draft, family.owner, cidr);
    if (isOwn) family.draft.delete(blockRef(cidr));
  }
}
