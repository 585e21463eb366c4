/** One family of one assignment: what it may use, and the step that takes addresses from a block. */
import { ipOfOrdinal, type Version } from '../addr.ts';
import { affinityText, assignFree, type Cooldown, collect, freeCount, type Holder, type ReservedEnds, updated } from '../block.ts';
import type { Reservations } from '../cidrset.ts';
import type { Draft } from '../draft.ts';
import type { UsablePool } from '../pools.ts';
import type { Block, IpamConfig, Owner } from '../records.ts';
import type { Assigned } from './assigned.ts';
import { countUp } from './handles.ts';
import type { PlanEnv } from './plan.ts';
import { blockRef } from './refs.ts';
import { poolHolding } from './settings.ts';

export interface Family {
  readonly draft: Draft;
  readonly env: PlanEnv;
  readonly config: IpamConfig;
  readonly cooldown: Cooldown;
  readonly version: Version;
  readonly owner: Owner;
  /** In the order in which new blocks are claimed. */
  readonly pools: readonly UsablePool[];
  readonly reservations: Reservations;
  readonly reservedEnds: ReservedEnds | undefined;
}

/** Free, unreserved addresses of `block` once what has cooled is counted in. */
export function freeIn(family: Family, block: Block): number {
  return freeCount(collect(block, family.cooldown).block, (ip) => family.reservations.matches(ip));
}

/** Takes up to `count` addresses from `block`; block and handle change together (I3). */
export function takeFrom(family: Family, block: Block, count: number, holder: Holder): Assigned[] {
  const collected = collect(block, family.cooldown).block;
  const { block: next, ordinals } = assignFree(collected, count, holder, (ip) => family.reservations.matches(ip));
  if (ordinals.length === 0) return [];
  family.draft.put(blockRef(block.cidr), updated(next));
  if (holder.handle !== undefined) countUp(family.draft, holder.handle, block.cidr, ordinals.length);
  return ordinals.map((ordinal) => ({
    ip: ipOfOrdinal(block.cidr, ordinal),
    prefixLength: block.cidr.prefixLength,
    block: block.cidr,
    pool: poolHolding(family.pools, block.cidr)?.name ?? '',
    sequenceNumber: collected.sequenceNumber,
    borrowed: block.affinity !== affinityText(family.owner),
    existing: false,
  }));
}
