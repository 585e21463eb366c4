/** What every planner reads first: configuration, pools, reservations. */
import { type Cidr, cidrOf, containsIp, covers, type Ip, type Version } from '../addr.ts';
import type { Cooldown } from '../block.ts';
import { Reservations } from '../cidrset.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import type { Draft } from '../draft.ts';
import { corruptValue, type Refusal } from '../outcome.ts';
import { BLOCK_SIZES } from '../pool-spec.ts';
import type { Collection, IpamConfig, Pool } from '../records.ts';
import type { PlanEnv } from './plan.ts';
import { CONFIG, POOLS, RESERVATIONS } from './refs.ts';

export interface Settings {
  readonly config: IpamConfig;
  readonly cooldown: Cooldown;
  /** In name order; those whose value cannot be read are left out. */
  readonly pools: readonly Pool[];
}

/** Configuration and pools, in one read when they are not known yet. */
export function settingsOf(draft: Draft, env: PlanEnv): Settings {
  draft.require({ refs: [CONFIG], collections: [POOLS] });
  const config = configOf(draft);
  return { config, cooldown: { nowNs: env.nowNs, seconds: config.ipCooldownSeconds }, pools: poolsOf(draft) };
}

/** The stored configuration, or the defaults of an absent key (CF-01). */
export function configOf(draft: Draft): IpamConfig {
  return draft.get(CONFIG) ?? DEFAULT_CONFIG;
}

export function poolsOf(draft: Draft): readonly Pool[] {
  return draft.members(POOLS).flatMap((ref) => {
    const found = ref.kind === 'pool' ? draft.find(ref) : undefined;
    return found?.kind === 'present' ? [found.record] : [];
  });
}

/** A reservation that cannot be read is refused: nobody knows which addresses must not be given. */
export function reservationsOf(draft: Draft, version: Version): Reservations {
  const records = draft.members(RESERVATIONS).flatMap((ref) => (ref.kind === 'reservation' ? (draft.get(ref) ?? []) : []));
  return new Reservations(records, version);
}

/** The refusal of a plan that must know the whole collection and cannot; undefined when all of it is readable. */
export function unreadableOf(draft: Draft, collection: Collection): Refusal | undefined {
  for (const ref of draft.members(collection)) {
    const found = draft.find(ref);
    if (found.kind === 'corrupt') return corruptValue(ref, found.reason);
  }
  return undefined;
}

/** The pool whose network holds `cidr`. */
export function poolHolding<P extends { readonly cidr: Cidr | undefined }>(pools: readonly P[], cidr: Cidr): P | undefined {
  return pools.find((pool) => pool.cidr !== undefined && covers(pool.cidr, cidr));
}

/** The block of an address by its pool's block size (RI-19); for one outside all pools every block that could hold it. */
export function blockCandidates(ip: Ip, pools: readonly Pool[]): Cidr[] {
  const pool = pools.find((each) => each.cidr !== undefined && containsIp(each.cidr, ip));
  if (pool) return [cidrOf(ip, pool.blockSize)];
  const { min, max } = BLOCK_SIZES[ip.version];
  return Array.from({ length: max - min + 1 }, (_, index) => cidrOf(ip, max - index));
}
