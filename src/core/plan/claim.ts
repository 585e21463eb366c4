/**
 * Finding a CIDR for a new block (AA-13, RG): the beginning of the walk and a few other places of the pool are probed with
 * one read, so that the cost does not depend on how many blocks the cluster has (I9). Only when all of that is taken, and the
 * pool therefore is nearly full, the keys of its blocks are listed.
 */
import { ADDRESS_BITS, addressCount, type Cidr, cidrOf, compareCidrs, overlaps } from '../addr.ts';
import { affinityText } from '../block.ts';
import type { Draft } from '../draft.ts';
import { BLOCK_SIZES } from '../pool-spec.ts';
import type { UsablePool } from '../pools.ts';
import type { Block } from '../records.ts';
import { blockCidrs } from '../view.ts';
import { blockCount, blockWalk } from '../walk.ts';
import { type Family, freeIn } from './family.ts';
import { affinityRef, blockRef } from './refs.ts';

/** Blocks at the beginning of the walk that are probed together: 28 ranges of keys for /26. */
const WALK_BLOCKS = 112;
/**
 * Existing blocks before the first free one are read when they have at most this many addresses, to meet own ones without
 * an affinity (CR-05): about 40 KB.
 */
const VALUE_ADDRESSES = 128;
/** Other places of a large pool, tried when the beginning of the walk is taken: each is the 256 addresses around a block. */
const PLACES = 10;
const PLACE_ADDRESSES = 256n;
/** Keys that probing the other places may return; small blocks make fewer places. */
const PLACE_KEYS_MAX = 200n;

export type Claimable =
  | { readonly kind: 'free'; readonly cidr: Cidr; readonly pool: UsablePool }
  /** A block of this owner whose affinity key is missing (CR-05). */
  | { readonly kind: 'own'; readonly block: Block; readonly pool: UsablePool };

export interface TakenCidr {
  readonly cidr: Cidr;
  readonly pool: UsablePool;
}

/** What can be claimed, in the order in which it should be; once it ends, `taken` has every existing block in walk order. */
export function* claimable(family: Family, taken: TakenCidr[]): Generator<Claimable> {
  for (const pool of family.pools) {
    if (pool.blockSize === ADDRESS_BITS[pool.cidr.version]) yield* singleAddresses(family, pool, taken);
    else yield* blocksOf(family, pool, { taken, start: 0 });
  }
}

/** RG-02: with single-address blocks every claim starts a walk of its own. */
function* singleAddresses(family: Family, pool: UsablePool, taken: TakenCidr[]): Generator<Claimable> {
  for (let claimed = 0; ; claimed++) {
    const seen: TakenCidr[] = [];
    const next = blocksOf(family, pool, { taken: seen, start: claimed }).next();
    if (next.done) {
      taken.push(...seen);
      return;
    }
    yield next.value;
  }
}

interface Walked {
  readonly taken: TakenCidr[];
  /** Which of the starts that `WalkStart` offers. */
  readonly start: number;
}

function* blocksOf(family: Family, pool: UsablePool, { taken, start }: Walked): Generator<Claimable> {
  const walk = unreservedWalk(family, pool, start);
  const beginning = takeNext(walk, WALK_BLOCKS);
  const isLarge = beginning.length === WALK_BLOCKS;
  const elsewhere = isLarge ? otherPlaces(family, pool) : [];
  probe(family, { walk: beginning, elsewhere });
  yield* claimableAmong(family, pool, beginning, taken);
  if (!isLarge) return;
  yield* claimableAmong(family, pool, elsewhere, []);
  yield* claimableAmong(family, pool, restOfWalk(family, pool, walk), taken);
}

function* claimableAmong(family: Family, pool: UsablePool, cidrs: Iterable<Cidr>, taken: TakenCidr[]): Generator<Claimable> {
  for (const cidr of cidrs) {
    if (family.draft.exists(blockRef(cidr))) {
      const own = ownWithoutKey(family, cidr);
      if (own) yield { kind: 'own', block: own, pool };
      taken.push({ cidr, pool });
    } else if (isFreeOfOverlap(family.draft, cidr) && hasReadableAffinity(family, cidr)) yield { kind: 'free', cidr, pool };
  }
}

/** I10: a key that cannot be read is not overwritten; another block is taken. */
function hasReadableAffinity({ draft, owner }: Family, cidr: Cidr): boolean {
  return draft.find(affinityRef(owner, cidr)).kind !== 'corrupt';
}

function ownWithoutKey(family: Family, cidr: Cidr): Block | undefined {
  const found = family.draft.peek(blockRef(cidr));
  if (found?.kind !== 'present' || found.record.affinity !== affinityText(family.owner)) return undefined;
  if (family.draft.exists(affinityRef(family.owner, cidr))) return undefined;
  return freeIn(family, found.record) > 0 ? found.record : undefined;
}

/** RS-05: wholly reserved CIDRs are neither claimed nor read. */
function* unreservedWalk(family: Family, pool: UsablePool, start: number): Generator<Cidr> {
  for (const cidr of blockWalk(pool.cidr, pool.blockSize, walkStartOf(family, pool, start))) {
    if (!family.reservations.matchesWhole(cidr)) yield cidr;
  }
}

function walkStartOf(family: Family, pool: UsablePool, start: number): bigint {
  const blocks = blockCount(pool.cidr, pool.blockSize);
  return blocks === 0n ? 0n : family.env.walkStart(family.owner.name, pool.cidr, blocks, start);
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

/** A long run of taken blocks, as other nodes leave them, is jumped out of instead of being walked to its end. */
function otherPlaces(family: Family, pool: UsablePool): Cidr[] {
  const size = 1n << BigInt(ADDRESS_BITS[pool.cidr.version] - pool.blockSize);
  const perPlace = size > PLACE_ADDRESSES ? 1n : PLACE_ADDRESSES / size;
  const places = Math.min(PLACES, Math.max(1, Number(PLACE_KEYS_MAX / perPlace)));
  const cidrs = new Map<string, Cidr>();
  for (let place = 1; place <= places; place++) {
    const first = (walkStartOf(family, pool, place) / perPlace) * perPlace;
    for (const cidr of takeNext(blockWalk(pool.cidr, pool.blockSize, first), Number(perPlace))) {
      if (!family.reservations.matchesWhole(cidr)) cidrs.set(cidr.text, cidr);
    }
  }
  return [...cidrs.values()];
}

/** What the walk still has, after one listing of the pool's block keys: from then on nothing in the pool is unknown. */
function* restOfWalk(family: Family, pool: UsablePool, walk: Iterable<Cidr>): Generator<Cidr> {
  family.draft.require({ probes: largerThan(pool.cidr).map(blockRef), collections: [{ kind: 'blocksWithin', cidr: pool.cidr }] });
  yield* walk;
}

/** Existence of all of these, and the values of a few existing blocks that the walk meets first. */
function probe({ draft }: Family, { walk, elsewhere }: { walk: readonly Cidr[]; elsewhere: readonly Cidr[] }): void {
  requireSurroundings(draft, [...walk, ...elsewhere]);
  const firstFree = walk.findIndex((cidr) => !draft.exists(blockRef(cidr)));
  const passed = walk.slice(0, firstFree < 0 ? walk.length : firstFree).filter((cidr) => draft.peek(blockRef(cidr))?.kind === 'exists');
  const addresses = passed.reduce((sum, cidr) => sum + addressCount(cidr), 0n);
  if (addresses <= VALUE_ADDRESSES) draft.require({ refs: passed.map(blockRef) });
}

/**
 * Existing blocks of the usable pools in walk order, from one listing of their keys: for a host at its block limit, which
 * may not walk on to find them.
 */
export function listedBlocks(family: Family): TakenCidr[] {
  family.draft.require({ collections: family.pools.map((pool) => ({ kind: 'blocksWithin' as const, cidr: pool.cidr })) });
  return family.pools.flatMap((pool) => {
    const size = 1n << BigInt(ADDRESS_BITS[pool.cidr.version] - pool.blockSize);
    const start = pool.cidr.base + walkStartOf(family, pool, 0) * size;
    const cidrs = blockCidrs(family.draft.members({ kind: 'blocksWithin', cidr: pool.cidr })).toSorted(compareCidrs);
    const beforeStart = cidrs.filter((cidr) => cidr.base < start);
    return [...cidrs.slice(beforeStart.length), ...beforeStart].map((cidr) => ({ cidr, pool }));
  });
}

/** What {@link isFreeOfOverlap} needs to know of these CIDRs, in one read. */
export function requireSurroundings(draft: Draft, cidrs: readonly Cidr[]): void {
  draft.require(surroundingsOf(cidrs.filter((cidr) => draft.listedAround(cidr) === undefined)));
}

function surroundingsOf(cidrs: readonly Cidr[]) {
  return {
    probes: cidrs.flatMap(largerElsewhere).map(blockRef),
    collections: cidrs.map((cidr) => ({ kind: 'blocksNear' as const, cidr })),
  };
}

/** AA-30: no block of any size lies in, around or at `cidr`. */
export function isFreeOfOverlap(draft: Draft, cidr: Cidr): boolean {
  requireSurroundings(draft, [cidr]);
  if (draft.exists(blockRef(cidr))) return false;
  const listed = draft.listedAround(cidr);
  const larger = listed ? largerThan(cidr) : largerElsewhere(cidr);
  if (larger.some((around) => draft.exists(blockRef(around)))) return false;
  const others = listed ? draft.listedOfOtherSize(listed, cidr.prefixLength) : blockCidrs(draft.members({ kind: 'blocksNear', cidr }));
  return !others.some((other) => overlaps(other, cidr));
}

/** Blocks around `cidr`, but for those that start in its own 256 addresses: `blocksNear` shows these. */
function largerElsewhere(cidr: Cidr): Cidr[] {
  return largerThan(cidr).filter((around) => around.base / PLACE_ADDRESSES !== cidr.base / PLACE_ADDRESSES);
}

function largerThan(cidr: Cidr): Cidr[] {
  const shortest = BLOCK_SIZES[cidr.version].min;
  const lengths = Array.from({ length: Math.max(0, cidr.prefixLength - shortest) }, (_, index) => shortest + index);
  return lengths.map((length) => cidrOf({ version: cidr.version, value: cidr.base }, length));
}
