/** Where the demo plays: a store of its own that is gone afterwards, or one that the user names. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ipam } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal } from '../errors.ts';
import { countOf } from '../quantity.ts';

/**
 * Runs `use` with the store that `--store` names, else with a temporary one. The environment does not count: a variable
 * that points at a cluster in use must not make it the stage. `place`: for people.
 */
export async function withDemoStore<T>(cli: Cli, yes: boolean, use: (ipam: Ipam, place: string) => Promise<T>): Promise<T> {
  const { store } = cli.globals();
  if (store !== undefined) {
    return withIpam(
      cli,
      async (ipam) => {
        if (!yes) await refuseIfUsed(cli, ipam, store);
        return use(ipam, store);
      },
      { create: true },
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'plat-demo-'));
  try {
    return await withIpam(cli, (ipam) => use(ipam, 'a temporary one, removed at the end'), {
      url: `lmdb:${join(folder, 'store')}`,
      create: true,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function refuseIfUsed(cli: Cli, ipam: Ipam, store: string): Promise<void> {
  const pools = await ipam.pools.list(cli.call());
  if (pools.length === 0) return;
  throw new Refusal(
    'store-in-use',
    `${store} has ${countOf(pools.length, 'IP pool')} already, and the demo adds pools, nodes and addresses and sets the cooldown. ` +
      'Leave --store out for a temporary store, or add --yes to play it here.',
    { pools: pools.map(({ name }) => name) },
  );
}
