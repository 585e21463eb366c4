/** One family of one assignment: what it may use, and the step that takes addresses from a block. */
import { type Cidr, cidrOf, type Ip, ipOfOrdinal, type Version } from '../addr.ts';
import {
  affinityText,
  assignFree,
  attributeAt,
  type Cooldown,
  collect,
  freeCount,
  type Holder,
  type ReservedEnds,
  stateOf,
  updated,
} from '../block.ts';
import type { Reservations } from '../cidrset.ts';
import type { Draft } from '../draft.ts';
import { gatewayOf, type LinkPolicy, roleOnLink } from '../link.ts';
import { type Refusal, refused } from '../outcome.ts';
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
  /** Present: the addresses are for segments that keep some for themselves. */
  readonly link: LinkPolicy | undefined;
}

/** Free, unreserved addresses of `block` once what has cooled is counted in. */
export function freeIn(family: Family, block: Block): number {
  const collected = collect(block, family.cooldown).block;
  return isGatewayTaken(family, collected) ? 0 : freeCount(collected, withheldIn(family, block.cidr));
}

/** Addresses of `block` that are not assigned automatically: reserved ones, and those that a segment keeps. */
function withheldIn({ reservations, link, pools }: Family, block: Cidr): (ip: Pick<Ip, 'version' | 'value'>) => boolean {
  if (!link) return (ip) => reservations.matches(ip);
  const subnet = link.subnet === 'block' ? block : (poolHolding(pools, block)?.cidr ?? block);
  const gateway = gatewayOf(subnet, link.gateways);
  return (ip) => reservations.matches(ip) || roleOnLink(subnet, gateway, ip) !== undefined;
}

/** Somebody who knows nothing of segments holds the block's gateway: two machines would answer for one address. */
function isGatewayTaken({ link }: Family, block: Block): boolean {
  if (link?.subnet !== 'block') return false;
  const ordinal = Number(gatewayOf(block.cidr, link.gateways).value - block.cidr.base);
  return ordinal < block.allocations.length && stateOf(block, ordinal) !== 'free';
}

/** Blocks that hold the gateways of segments that are whole pools. */
export function gatewayBlocks({ link, pools }: Family): Cidr[] {
  if (link?.subnet !== 'pool') return [];
  return pools.map(({ cidr, blockSize }) => cidrOf(gatewayOf(cidr, link.gateways), blockSize));
}

/** Refuses when somebody who knows nothing of segments holds a pool's gateway. */
export function heldGateway(family: Family): Refusal | undefined {
  for (const [index, cidr] of gatewayBlocks(family).entries()) {
    const found = family.draft.find(blockRef(cidr));
    const pool = family.pools[index];
    if (found.kind !== 'present' || !pool) continue;
    const gateway = gatewayOf(pool.cidr, family.link?.gateways ?? []);
    const ordinal = Number(gateway.value - cidr.base);
    if (stateOf(found.record, ordinal) !== 'held') continue;
    const holder = attributeAt(found.record, ordinal)?.handleId;
    const message = `${gateway.text} is the gateway of pool ${pool.name}, but it is held ${holder === undefined ? 'without a handle' : `by handle ${holder}`}. Release it, or name another gateway.`;
    return refused('address-in-use', message, { ip: gateway.text, pool: pool.name, handle: holder });
  }
  return undefined;
}

/** Takes up to `count` addresses from `block`; block and handle change together (I3). */
export function takeFrom(family: Family, block: Block, count: number, holder: Holder): Assigned[] {
  const collected = collect(block, family.cooldown).block;
  if (isGatewayTaken(family, collected)) return [];
  const { block: next, ordinals } = assignFree(collected, count, holder, withheldIn(family, block.cidr));
  if (ordinals.length === 0) return [];
  const pool = poolHolding(family.pools, block.cidr);
  family.draft.put(blockRef(block.cidr), updated(next));
  if (holder.handle !== undefined) countUp(family.draft, holder.handle, block.cidr, ordinals.length);
  return ordinals.map((ordinal) => ({
    ip: ipOfOrdinal(block.cidr, ordinal),
    prefixLength: block.cidr.prefixLength,
    block: block.cidr,
    pool: pool?.name ?? '',
    poolCidr: pool?.cidr,
    sequenceNumber: collected.sequenceNumber,
    borrowed: block.affinity !== affinityText(family.owner),
    existing: false,
  }));
}
