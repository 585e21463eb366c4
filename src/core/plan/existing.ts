/** When no CIDR is free: existing blocks, read many at a time in walk order, to reclaim, adopt or borrow from. */
import { addressCount } from '../addr.ts';
import { adopted, collect, isEmpty, newBlock, ownerOf, updated } from '../block.ts';
import type { Block, Owner } from '../records.ts';
import { secondsOf } from '../time.ts';
import type { TakenCidr } from './claim.ts';
import { type Family, freeIn } from './family.ts';
import { CONFIRMED } from './own-blocks.ts';
import { affinityRef, blockRef } from './refs.ts';

/** 64 full /26 are about 1.3 MB. */
const ADDRESSES_PER_READ = 4_096;
const BLOCKS_PER_READ_MAX = 120;
/** A block younger than this is not taken from its owner, who may be about to use it (RC-02). */
const RECLAIM_AGE_SECONDS = 60n;

export interface ExistingBlock extends TakenCidr {
  readonly block: Block;
}

/** The blocks at `taken`, as this plan would leave them; what cannot be read is passed over. */
export function* existingBlocks(family: Family, taken: readonly TakenCidr[]): Generator<ExistingBlock> {
  for (let at = 0; at < taken.length; ) {
    const addresses = Number(addressCount((taken[at] as TakenCidr).cidr));
    const chunk = taken.slice(at, at + Math.min(BLOCKS_PER_READ_MAX, Math.max(1, Math.floor(ADDRESSES_PER_READ / addresses))));
    family.draft.require({ refs: chunk.map(({ cidr }) => blockRef(cidr)) });
    for (const { cidr, pool } of chunk) {
      const found = family.draft.find(blockRef(cidr));
      if (found.kind === 'present') yield { cidr, pool, block: found.record };
    }
    at += chunk.length;
  }
}

/** Somebody else's block that is empty and old enough, or nobody's (RC-01 to RC-09): made ours, as new. */
export function reclaim(family: Family, taken: readonly TakenCidr[]): ExistingBlock | undefined {
  for (const existing of existingBlocks(family, taken)) {
    const owner = reclaimableFrom(family, existing.block);
    if (owner === undefined) continue;
    if (owner !== 'nobody') family.draft.deleteUnguarded(affinityRef(owner, existing.cidr));
    const block = newBlock(existing.cidr, family.owner, family.env.nowNs, family.reservedEnds);
    family.draft.put(blockRef(existing.cidr), block);
    family.draft.put(affinityRef(family.owner, existing.cidr), CONFIRMED);
    return { ...existing, block };
  }
  return undefined;
}

function reclaimableFrom(family: Family, block: Block): Owner | 'nobody' | undefined {
  const owner = ownerOf(block);
  if (block.affinity !== null && (owner === undefined || owner.name === '')) return undefined;
  if (owner?.type === family.owner.type && owner.name === family.owner.name) return undefined;
  if (!isEmpty(collect(block, family.cooldown).block) || freeIn(family, block) === 0) return undefined;
  return isOldEnough(family, block) ? (owner ?? 'nobody') : undefined;
}

function isOldEnough(family: Family, block: Block): boolean {
  const claimed = block.affinityClaimTime === undefined ? undefined : secondsOf(block.affinityClaimTime);
  return claimed === undefined || (claimed + RECLAIM_AGE_SECONDS) * 1_000_000_000n < family.env.nowNs;
}

/** SA-03: under strict affinity the free addresses of nobody's block are of use only to a host that takes the block over. */
export function adopt(family: Family, taken: readonly TakenCidr[]): ExistingBlock | undefined {
  for (const existing of existingBlocks(family, taken)) {
    if (existing.block.affinity !== null || freeIn(family, existing.block) === 0) continue;
    const block = updated(adopted(existing.block, family.owner, family.env.nowNs));
    family.draft.put(blockRef(existing.cidr), block);
    family.draft.put(affinityRef(family.owner, existing.cidr), CONFIRMED);
    return { ...existing, block };
  }
  return undefined;
}
