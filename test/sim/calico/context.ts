/** What every operation of the foreign writer works with. */
import type { Cidr } from '../../../src/core/addr.ts';
import type { Cooldown } from '../../../src/core/block.ts';
import { DEFAULT_CONFIG } from '../../../src/core/config.ts';
import type { IpamConfig, Pool, RefOf } from '../../../src/core/records.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import type { Store } from '../../../src/store/port.ts';
import { Entries } from './entries.ts';

/** Calico's are 100; fewer end sooner in the errors that matter. */
export const RETRIES_MAX = 5;
const OPERATION_MS_MAX = 25_000;

export interface Calico {
  readonly entries: Entries;
  readonly clock: Clock;
}

export interface Settings {
  readonly config: IpamConfig;
  readonly cooldown: Cooldown;
  readonly pools: readonly (Pool & { readonly cidr: Cidr })[];
}

/** For one operation. */
export function calicoOver(store: Store, clock: Clock): Calico {
  const endMs = clock.monotonicMs() + OPERATION_MS_MAX;
  return { clock, entries: new Entries(store, () => clock.monotonicMs() > endMs) };
}

export async function settingsOf({ entries, clock }: Calico): Promise<Settings> {
  const config = (await entries.get({ kind: 'config' }))?.record ?? DEFAULT_CONFIG;
  const pools = (await entries.list('pool', { kind: 'pools' })).map(({ record }) => record);
  const usable = pools.filter((pool): pool is Pool & { cidr: Cidr } => pool.cidr !== undefined && !pool.disabled);
  return { config, pools: usable, cooldown: { nowNs: clock.nowNs(), seconds: config.ipCooldownSeconds } };
}

export function blockRef(cidr: Cidr): RefOf<'block'> {
  return { kind: 'block', cidr };
}
