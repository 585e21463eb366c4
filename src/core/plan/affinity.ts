/** Claiming and giving up blocks (AF, CR-09 to CR-11). Each block and its affinity change in one commit (I5). */
import { type Cidr, compareCidrs, covers } from '../addr.ts';
import { affinityText, type Cooldown, collect, disowned, isEmpty, newBlock, ownerOf, updated } from '../block.ts';
import type { Draft } from '../draft.ts';
import { corruptValue, done, type Outcome, type Refusal, refused } from '../outcome.ts';
import type { UsablePool } from '../pools.ts';
import type { Block, Owner, Pool } from '../records.ts';
import { blockWalk } from '../walk.ts';
import { isFreeOfOverlap, requireSurroundings } from './claim.ts';
import { affineCidrs, CONFIRMED, dropAffinity } from './own-blocks.ts';
import type { PlanEnv, Planner } from './plan.ts';
import { affinitiesOf, affinityRef, blockRef, poolRef } from './refs.ts';
import { poolHolding, settingsOf } from './settings.ts';

/** Blocks one call may claim: a /16 of /30 blocks. */
const CLAIMED_BLOCKS_MAX = 16_384;

/** The block CIDRs of the enabled pool that holds `cidr` which lie in it, ascending; clipped to the pool (AF-09). */
export function blocksToClaim(cidr: Cidr): Planner<readonly Cidr[]> {
  return (draft, env) => {
    const pool = enabledPoolAt(settingsOf(draft, env).pools, cidr);
    if (pool.kind === 'refused') return pool;
    const within = covers(pool.value.cidr, cidr) ? cidr : pool.value.cidr;
    const count = 1n << BigInt(pool.value.blockSize - within.prefixLength);
    if (count > BigInt(CLAIMED_BLOCKS_MAX)) {
      return refused(
        'invalid-argument',
        `${cidr.text} has ${count} blocks; one call claims at most ${CLAIMED_BLOCKS_MAX}. Claim smaller parts.`,
        { cidr: cidr.text },
      );
    }
    return done([...blockWalk(within, pool.value.blockSize, 0n)]);
  };
}

function enabledPoolAt(
  pools: readonly { cidr: Cidr | undefined; disabled: boolean; blockSize: number; name: string }[],
  cidr: Cidr,
): Outcome<UsablePool> {
  const first = { ...cidr, prefixLength: cidr.version === 4 ? 32 : 128 };
  const pool = poolHolding(
    pools.filter(({ disabled }) => !disabled),
    first,
  ) as UsablePool | undefined;
  if (!pool)
    return refused('not-in-pool', `${cidr.text} is not within any enabled pool. Choose a network inside one.`, { cidr: cidr.text });
  if (cidr.prefixLength > pool.blockSize) {
    const message = `${cidr.text} is smaller than a block of pool "${pool.name}" (/${pool.blockSize}). Give a network of at least one block.`;
    return refused('invalid-argument', message, { cidr: cidr.text, pool: pool.name, blockSize: pool.blockSize });
  }
  return done(pool);
}

export interface ClaimedBlocks {
  readonly claimed: readonly Cidr[];
  readonly failed: readonly Cidr[];
}

/** Claims exactly these blocks: free ones are created, own ones confirmed, those of others or of nobody fail (AF-04 to AF-06, AF-21). */
export function claimBlocks(owner: Owner, cidrs: readonly Cidr[]): Planner<ClaimedBlocks> {
  return (draft, env) => {
    const { pools } = settingsOf(draft, env);
    draft.require({ refs: cidrs.flatMap((cidr) => [blockRef(cidr), affinityRef(owner, cidr)]) });
    const missing = cidrs.filter((cidr) => draft.find(blockRef(cidr)).kind === 'absent');
    requireSurroundings(draft, missing);
    const claimed: Cidr[] = [];
    const failed: Cidr[] = [];
    for (const cidr of cidrs) {
      (claimOne(draft, env, { owner, cidr, pool: poolFor(pools, cidr) }) ? claimed : failed).push(cidr);
    }
    return done({ claimed, failed });
  };
}

/** The pool may have gone, or been disabled, since the blocks to claim were worked out. */
function poolFor(pools: readonly Pool[], cidr: Cidr): string | undefined {
  const pool = poolHolding(pools, cidr);
  return pool && !pool.disabled && pool.blockSize === cidr.prefixLength ? pool.name : undefined;
}

function claimOne(draft: Draft, env: PlanEnv, { owner, cidr, pool }: { owner: Owner; cidr: Cidr; pool: string | undefined }): boolean {
  const block = draft.get(blockRef(cidr));
  const affinity = draft.get(affinityRef(owner, cidr));
  if (!block) {
    if (pool === undefined || !isFreeOfOverlap(draft, cidr)) return false;
    draft.guard(poolRef(pool));
    draft.put(blockRef(cidr), newBlock(cidr, owner, env.nowNs));
    draft.put(affinityRef(owner, cidr), CONFIRMED);
    return true;
  }
  const isOwn = block.affinity === affinityText(owner);
  // XR-04: what is reported as claimed must still be there when the other blocks are.
  if (isOwn) draft.guard(blockRef(cidr));
  if (isOwn && affinity?.state !== 'confirmed') draft.put(affinityRef(owner, cidr), CONFIRMED);
  if (!isOwn && affinity) dropAffinity(draft, owner, cidr);
  return isOwn;
}

/** Own blocks of `owner`, ascending; with `within` only those in it, which must lie in an enabled pool (AF-11). */
export function ownedCidrs(owner: Owner, within?: Cidr): Planner<readonly Cidr[]> {
  return (draft, env) => {
    if (within) {
      const pool = enabledPoolAt(settingsOf(draft, env).pools, within);
      if (pool.kind === 'refused') return pool;
    }
    draft.require({ collections: [affinitiesOf(owner)] });
    const cidrs = affineCidrs(draft, owner);
    return done((within ? cidrs.filter((cidr) => covers(within, cidr)) : cidrs).toSorted(compareCidrs));
  };
}

export interface ReleaseBlocks {
  readonly affinities: readonly { readonly owner: Owner; readonly cidr: Cidr }[];
  /** A block that is not empty is refused instead of being left to nobody. */
  readonly mustBeEmpty: boolean;
  /** After a refusal: leave the rest alone, or go on with it. */
  readonly onRefusal: 'stop' | 'continue';
}

export interface ReleasedBlocks {
  readonly released: readonly Cidr[];
  /** The last refusal, as Calico reports it (AF-14). */
  readonly refusal: Refusal | undefined;
}

/** Gives up affinities; blocks before a refusal stay given up (AF-11, AF-14). */
export function releaseBlocks({ affinities, mustBeEmpty, onRefusal }: ReleaseBlocks): Planner<ReleasedBlocks> {
  return (draft, env) => {
    const { cooldown } = settingsOf(draft, env);
    draft.require({ refs: affinities.flatMap(({ owner, cidr }) => [blockRef(cidr), affinityRef(owner, cidr)]) });
    const released: Cidr[] = [];
    let refusal: Refusal | undefined;
    for (const { owner, cidr } of affinities) {
      const outcome = releaseOne(draft, { owner, cidr, mustBeEmpty, cooldown });
      if (outcome === 'released') released.push(cidr);
      else if (outcome !== 'not-owned') refusal = outcome;
      if (refusal && onRefusal === 'stop') break;
    }
    return done({ released, refusal });
  };
}

interface ReleaseOne {
  readonly owner: Owner;
  readonly cidr: Cidr;
  readonly mustBeEmpty: boolean;
  readonly cooldown: Cooldown;
}

/** AF-10. What is half there counts as given up already: the other half goes too (CR-10, WT-07). */
function releaseOne(draft: Draft, { owner, cidr, mustBeEmpty, cooldown }: ReleaseOne): 'released' | 'not-owned' | Refusal {
  const found = draft.find(blockRef(cidr));
  if (found.kind === 'corrupt') return corruptValue(blockRef(cidr), found.reason);
  const hasAffinity = draft.find(affinityRef(owner, cidr)).kind !== 'absent';
  const block = found.kind === 'present' ? collect(found.record, cooldown).block : undefined;
  const isForeign = block !== undefined && block.affinity !== null && block.affinity !== affinityText(owner);
  if (!block || isForeign) {
    if (hasAffinity) dropAffinity(draft, owner, cidr);
    return 'not-owned';
  }
  if (!hasAffinity && block.affinity === null) return 'not-owned';
  if (mustBeEmpty && !isEmpty(block)) return notEmpty(block);
  if (hasAffinity) dropAffinity(draft, owner, cidr);
  if (isEmpty(block)) draft.delete(blockRef(cidr));
  else draft.put(blockRef(cidr), updated(disowned(block)));
  return 'released';
}

function notEmpty(block: Block): Refusal {
  const inUse = block.allocations.filter((index) => index !== null).length;
  const message = `block ${block.cidr.text} is not empty: ${inUse} address(es) are held or cooling. Release them first, or give the block up as it is (without mustBeEmpty).`;
  return refused('block-not-empty', message, { block: block.cidr.text, inUse });
}

/** One block, whoever owns it (AF-12, AF-13, AF-19). */
export function releaseBlock(cidr: Cidr, mustBeEmpty: boolean): Planner<ReleasedBlocks> {
  return (draft, env) => {
    const block = draft.get(blockRef(cidr));
    if (!block)
      return refused('not-found', `there is no block ${cidr.text}. List blocks with: plat ipam show --show-blocks`, { block: cidr.text });
    if (block.affinity === null) return done({ released: [], refusal: undefined });
    const owner = ownerOf(block);
    if (!owner || owner.name === '') {
      return refused(
        'invalid-argument',
        `block ${cidr.text} has affinity "${block.affinity}", which names neither a host nor a virtual owner.`,
        { block: cidr.text, affinity: block.affinity },
      );
    }
    return releaseBlocks({ affinities: [{ owner, cidr }], mustBeEmpty, onRefusal: 'stop' })(draft, env);
  };
}

/** A host is gone: the marker that the earliest versions left for it goes too (AF-18). */
export function dropHostMarker(host: string): Planner<void> {
  return (draft) => {
    draft.require({ probes: [{ kind: 'hostMarker', host }] });
    if (draft.exists({ kind: 'hostMarker', host })) draft.delete({ kind: 'hostMarker', host });
    return done(undefined);
  };
}
