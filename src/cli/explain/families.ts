/** The library takes pools by family; people name them. */
import type { Ipam } from '../../ipam/api.ts';
import type { Cli } from '../cli.ts';

export interface Asked {
  readonly pools: readonly string[];
  /** Families that were asked for in so many words; undefined: neither. */
  readonly versions: readonly (4 | 6)[] | undefined;
  readonly count: number;
}

/**
 * Counts and pools by family. Families not asked for are those of the pools, else IPv4. A pool that there is not belongs to
 * every family, so that the answer says so.
 */
export async function requestByFamily(cli: Cli, ipam: Ipam, { pools, versions, count }: Asked) {
  const found = await Promise.all(pools.map(async (pool) => ({ pool, version: await versionOf(cli, ipam, pool) })));
  const named = [...new Set(found.flatMap(({ version }) => version ?? []))];
  const wanted = versions ?? (named.length > 0 ? named : [4 as const]);
  const of = (family: 4 | 6) => found.filter(({ version }) => (version ?? family) === family).map(({ pool }) => pool);
  return {
    ...(wanted.includes(4) && { num4: count, ...(of(4).length > 0 && { pools4: of(4) }) }),
    ...(wanted.includes(6) && { num6: count, ...(of(6).length > 0 && { pools6: of(6) }) }),
  };
}

async function versionOf(cli: Cli, ipam: Ipam, pool: string): Promise<4 | 6 | undefined> {
  const cidr = pool.includes('/') ? pool : (await ipam.pools.get({ name: pool, ...cli.call() }))?.spec.cidr;
  return cidr === undefined ? undefined : cidr.includes(':') ? 6 : 4;
}
