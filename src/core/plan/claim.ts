/**
 * Finding a CIDR for a new block (AA-13, RG): the walk through each pool, probed a window at a time with one read, so that
 * the cost does not depend on how many blocks the cluster has (I9). Only when windows keep failing, and the pool therefore is
 * nearly full, the keys of its blocks are listed.
 */
import { ADDRESS_BITS, addressCount, type Cidr, cidrOf, compareCidrs, overlaps } from '../addr.ts';
import { affinityText } from '../block.ts';
import type { Draft } from '../draft.ts';
import type { UsablePool } from '../pools.ts';
import type { Block } from '../records.ts';
import { blockCidrs } from '../view.ts';
import { blockCount, blockWalk } from '../walk.ts';
import { type Family, freeIn } from './family.ts';
import { affinityRef, blockRef } from './refs.ts';

/** Candidates probed per read; after the last window the pool counts as nearly full. */
const WINDOW_BLOCKS = [16, 32, 64];
/** The first candidates are read with their values, to meet own blocks without an affinity (CR-05): 160 addresses are about 48 KB. */
const VALUE_ADDRESSES = 160;
/** The largest blocks there are (data model §7.1). */
const SHORTEST_PREFIX: Readonly<Record<4 | 6, number>> = { 4: 20, 6: 116 };

export type Claimable =
  | { readonly kind: 'free'; readonly cidr: Cidr; readonly pool: UsablePool }
  /** A block of this owner whose affinity key is missing (CR-05). */
  | { readonly kind: 'own'; readonly block: Block; readonly pool: UsablePool };

export interface TakenCidr {
  readonly cidr: Cidr;
  readonly pool: UsablePool;
}

/** What can be claimed, in the order in which it should be; `taken` collects the existing blocks met on the way. */
export function* claimable(family: Family, taken: TakenCidr[]): Generator<Claimable> {
  for (const pool of family.pools) yield* claimableIn(family, pool, taken);
}

/** RG-02: with single-address blocks every claim starts a walk of its own, otherwise one walk serves the whole request. */
function* claimableIn(family: Family, pool: UsablePool, taken: TakenCidr[]): Generator<Claimable> {
  const isSingleAddress = pool.blockSize === ADDRESS_BITS[pool.cidr.version];
  const seen = new Set<string>();
  for (let claimed = 0; ; claimed++) {
    let isClaimed = false;
    for (const cidr of walkInWindows(family, pool, claimed)) {
      if (seen.has(cidr.text)) continue;
      seen.add(cidr.text);
      if (family.draft.exists(blockRef(cidr))) {
        const own = ownWithoutKey(family, cidr);
        if (own) yield { kind: 'own', block: own, pool };
        taken.push({ cidr, pool });
      } else if (isFreeOfOverlap(family.draft, cidr)) {
        yield { kind: 'free', cidr, pool };
        isClaimed = true;
        if (isSingleAddress) break;
      }
    }
    if (!isClaimed || !isSingleAddress) return;
  }
}

function ownWithoutKey(family: Family, cidr: Cidr): Block | undefined {
  const found = family.draft.peek(blockRef(cidr));
  if (found?.kind !== 'present' || found.record.affinity !== affinityText(family.owner)) return undefined;
  if (family.draft.exists(affinityRef(family.owner, cidr))) return undefined;
  return freeIn(family, found.record) > 0 ? found.record : undefined;
}

/** The walk, with existence of what it gives known: probed in windows, then from one listing. */
function* walkInWindows(family: Family, pool: UsablePool, claimed: number): Generator<Cidr> {
  const walk = unreservedWalk(family, pool, claimed);
  for (const windowBlocks of WINDOW_BLOCKS) {
    const window = takeNext(walk, windowBlocks);
    probe(family, window);
    yield* window;
    if (window.length < windowBlocks) return;
  }
  family.draft.require({ collections: [{ kind: 'blocksWithin', cidr: pool.cidr }] });
  const existing = new Set(blockCidrs(family.draft.members({ kind: 'blocksWithin', cidr: pool.cidr })).map((cidr) => cidr.text));
  for (const cidr of walk) {
    // What seems free is probed all the same: a block of another size may lie there.
    if (!existing.has(cidr.text)) probe(family, [cidr]);
    yield cidr;
  }
}

function takeNext(walk: Iterator<Cidr>, count: number): Cidr[] {
  const taken: Cidr[] = [];
  while (taken.length < count) {
    const next = walk.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}

/** RS-05: wholly reserved CIDRs are neither claimed nor read. */
function* unreservedWalk(family: Family, pool: UsablePool, claimed: number): Generator<Cidr> {
  for (const cidr of blockWalk(pool.cidr, pool.blockSize, walkStartOf(family, pool, claimed))) {
    if (!family.reservations.matchesWhole(cidr)) yield cidr;
  }
}

function probe(family: Family, window: readonly Cidr[]): void {
  const withValue = window.slice(0, window[0] ? Math.max(1, Math.floor(VALUE_ADDRESSES / Number(addressCount(window[0])))) : 0);
  family.draft.require({
    refs: withValue.map(blockRef),
    probes: window.flatMap(largerBlocks).map(blockRef),
    collections: window.map((cidr) => ({ kind: 'blocksNear' as const, cidr })),
  });
}

function largerBlocks(cidr: Cidr): Cidr[] {
  const larger: Cidr[] = [];
  for (let length = SHORTEST_PREFIX[cidr.version]; length < cidr.prefixLength; length++) {
    larger.push(cidrOf({ version: cidr.version, value: cidr.base }, length));
  }
  return larger;
}

/** What {@link isFreeOfOverlap} needs to know of these CIDRs, in one read. */
export function requireSurroundings(draft: Draft, cidrs: readonly Cidr[]): void {
  draft.require({
    probes: cidrs.flatMap(largerBlocks).map(blockRef),
    collections: cidrs.map((cidr) => ({ kind: 'blocksNear' as const, cidr })),
  });
}

/** AA-30: no block of any size lies in, around or at `cidr`. */
export function isFreeOfOverlap(draft: Draft, cidr: Cidr): boolean {
  requireSurroundings(draft, [cidr]);
  if (draft.exists(blockRef(cidr))) return false;
  if (largerBlocks(cidr).some((larger) => draft.exists(blockRef(larger)))) return false;
  return !blockCidrs(draft.members({ kind: 'blocksNear', cidr })).some((near) => overlaps(near, cidr));
}

/**
 * Existing blocks of the usable pools in walk order, from one listing of their keys: for a host at its block limit, which
 * may not walk on to find them.
 */
export function listedBlocks(family: Family): TakenCidr[] {
  family.draft.require({ collections: family.pools.map((pool) => ({ kind: 'blocksWithin' as const, cidr: pool.cidr })) });
  return family.pools.flatMap((pool) => {
    const start = pool.cidr.base + walkStartOf(family, pool, 0) * (1n << BigInt(ADDRESS_BITS[pool.cidr.version] - pool.blockSize));
    const cidrs = blockCidrs(family.draft.members({ kind: 'blocksWithin', cidr: pool.cidr })).toSorted(compareCidrs);
    const beforeStart = cidrs.filter((cidr) => cidr.base < start);
    return [...cidrs.slice(beforeStart.length), ...beforeStart].map((cidr) => ({ cidr, pool }));
  });
}

function walkStartOf(family: Family, pool: UsablePool, claimed: number): bigint {
  const blocks = blockCount(pool.cidr, pool.blockSize);
  return blocks === 0n ? 0n : family.env.walkStart(family.owner.name, pool.cidr, blocks, claimed);
}
