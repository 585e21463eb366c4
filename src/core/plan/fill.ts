/** Filling one family of a request: own blocks, then new, reclaimed or adopted ones, then borrowing (AA-06 to AA-22). */
import type { Cidr } from '../addr.ts';
import { type Holder, newBlock } from '../block.ts';
import type { UsablePool } from '../pools.ts';
import type { Block } from '../records.ts';
import type { Assigned } from './assigned.ts';
import { type Claimable, claimable, listedBlocks, type TakenCidr } from './claim.ts';
import { adopt, existingBlocks, reclaim } from './existing.ts';
import { type Family, freeIn, takeFrom } from './family.ts';
import { affineCidrs, confirm, createBlock, ownBlocks } from './own-blocks.ts';
import { poolRef } from './refs.ts';

export interface FillRequest {
  readonly count: number;
  readonly holder: Holder;
  /** CIDRs in usable pools that the owner has an affinity for, in key order. */
  readonly ownCidrs: readonly Cidr[];
  /** Blocks of this family the owner may have in all pools (MB-05); negative: no limit. */
  readonly blocksMax: number;
  /** New blocks this request may take; undefined: as many as it needs. */
  readonly claimsMax?: number;
}

/** Why the filling ended early. */
export type Stop = 'full' | 'strict-affinity' | 'block-limit' | 'no-block';

export interface Filled {
  readonly addresses: readonly Assigned[];
  readonly stop: Stop | undefined;
  /** Pools walked to their end in search of an address to borrow (AA-20). */
  readonly exhausted: readonly UsablePool[];
}

export function fill(family: Family, request: FillRequest): Filled {
  const { count, holder } = request;
  const addresses: Assigned[] = [];
  const take = (block: Block) => addresses.push(...takeFrom(family, block, count - addresses.length, holder));
  const isFilled = () => addresses.length >= count;

  for (const block of ownBlocks(family, request.ownCidrs)) {
    take(block);
    if (isFilled()) return { addresses, stop: undefined, exhausted: [] };
  }
  if (!family.config.autoAllocateBlocks) return { addresses, stop: 'no-block', exhausted: [] };

  const taken: TakenCidr[] = [];
  const stop = takeFromNewBlocks(family, request, { taken, take, isFilled });
  if (isFilled()) return { addresses, stop: undefined, exhausted: [] };
  if (family.config.strictAffinity) return { addresses, stop: stop ?? 'strict-affinity', exhausted: [] };

  const everyTaken = stop === 'block-limit' ? listedBlocks(family) : taken;
  const exhausted = borrow(family, everyTaken, { take, isFilled });
  return { addresses, stop: isFilled() ? undefined : (stop ?? 'full'), exhausted };
}

interface Progress {
  readonly take: (block: Block) => void;
  readonly isFilled: () => boolean;
}

/** Until filled, or no block can be had (undefined), or the owner has as many as it may. */
function takeFromNewBlocks(
  family: Family,
  { blocksMax, claimsMax = Number.POSITIVE_INFINITY }: FillRequest,
  { taken, take, isFilled }: Progress & { taken: TakenCidr[] },
): 'block-limit' | undefined {
  const candidates = claimable(family, taken);
  const before = blocksOwned(family);
  for (let claimed = 0; !isFilled(); claimed++) {
    if (claimed >= claimsMax || (blocksMax >= 0 && before + claimed >= blocksMax)) return 'block-limit';
    const block = nextBlock(family, candidates, taken);
    if (!block) return undefined;
    take(block);
  }
  return undefined;
}

/** In all pools of the family (MB-05); a block that is wholly reserved is of no use to its owner and does not count (MB-08). */
function blocksOwned(family: Family): number {
  const { draft, owner, version, reservations } = family;
  return affineCidrs(draft, owner).filter((cidr) => cidr.version === version && !reservations.matchesWhole(cidr)).length;
}

function nextBlock(family: Family, candidates: Iterator<Claimable>, taken: readonly TakenCidr[]): Block | undefined {
  for (let next = candidates.next(); !next.done; next = candidates.next()) {
    const candidate = next.value;
    if (candidate.kind === 'own') return confirm(family, candidate.block);
    if (freeIn(family, newBlock(candidate.cidr, family.owner, family.env.nowNs, family.reservedEnds)) === 0) continue;
    // The pool must still be there, and enabled, when the block comes into being.
    family.draft.guard(poolRef(candidate.pool.name));
    return createBlock(family, candidate.cidr);
  }
  return (reclaim(family, taken) ?? (family.config.strictAffinity ? adopt(family, taken) : undefined))?.block;
}

/** A block for the owner where it has none: new, reclaimed or adopted (EB-06). */
export function obtainBlock(family: Family): Block | undefined {
  const taken: TakenCidr[] = [];
  return nextBlock(family, claimable(family, taken), taken);
}

/** AA-19: existing blocks of each pool in turn, whoever owns them. Gives the pools that had no address left. */
function borrow(family: Family, taken: readonly TakenCidr[], { take, isFilled }: Progress): UsablePool[] {
  const exhausted: UsablePool[] = [];
  for (const pool of family.pools) {
    for (const { block } of existingBlocks(
      family,
      taken.filter((existing) => existing.pool === pool),
    )) {
      take(block);
      if (isFilled()) return exhausted;
    }
    exhausted.push(pool);
  }
  return exhausted;
}
