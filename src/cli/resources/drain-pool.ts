/** Draining an IP pool: it gives no new addresses, and is deleted when nobody holds one. */
import type { PoolResource } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { Refusal } from '../errors.ts';
import { startProgress } from '../progress.ts';
import { countOf } from '../quantity.ts';
import type { Deleting } from './deletion.ts';
import { type PoolUse, readPoolUse } from './pool-use.ts';

/** Between two looks at a pool that is draining. */
const POLL_MS = 1_000;

/** Gives how many of its addresses still cool. A pool that has changed since it was read is left as it is. */
export async function drainPool(deleting: Deleting, pool: PoolResource, waitMs: number | undefined): Promise<number> {
  const { cli, ipam } = deleting;
  const { name, resourceVersion } = pool;
  const disabled = pool.spec.disabled ? pool : await ipam.pools.replace({ name, resourceVersion, spec: { disabled: true }, ...cli.call() });
  const { cooling } = await untilEmpty(deleting, disabled, waitMs);
  await ipam.pools.delete({ name, resourceVersion: disabled.resourceVersion, ...cli.call() });
  return cooling;
}

/** Waits until nobody holds an address of the pool; blocks that become empty are given up on the way. */
async function untilEmpty(deleting: Deleting, pool: PoolResource, waitMs: number | undefined): Promise<PoolUse> {
  const { cli, opened } = deleting;
  const { clock } = opened;
  const progress = startProgress(cli.terminal, `waiting for addresses of ${pool.name} to be released`);
  const startMs = clock.monotonicMs();
  try {
    let use = await useOf(deleting, pool);
    progress.phase(`addresses of ${pool.name} released`, use.held);
    while (use.held > 0) {
      if (waitMs !== undefined && clock.monotonicMs() - startMs >= waitMs) throw stillInUse(pool, use, waitMs);
      await giveUpEmptyBlocks(deleting, use);
      await clock.sleep(POLL_MS, cli.terminal.signal);
      await mustStayAsItIs(deleting, pool);
      const before = use.held;
      use = await useOf(deleting, pool);
      progress.add(Math.max(before - use.held, 0));
    }
    return use;
  } finally {
    progress.end();
  }
}

/** One that became unreadable on the way ends it. */
async function useOf({ cli, ipam }: Deleting, { name, spec }: PoolResource): Promise<PoolUse> {
  const use = await readPoolUse(ipam, spec.cidr, cli.call());
  const [first] = use.unreadable;
  if (!first) return use;
  throw new Refusal(
    'corrupt-value',
    `${first.key} cannot be read any more (${first.reason}), so nobody can say when IP pool '${name}' is drained. ${staysDisabled(name)} See what it means: plat ipam check`,
    { pool: name, unreadable: use.unreadable.map(({ key }) => key) },
  );
}

function staysDisabled(name: string): string {
  return `It is disabled and stays so. Go on with: plat delete ippool ${name} --drain, or enable it again with: plat patch ippool ${name} -p '{"spec":{"disabled":false}}'.`;
}

async function giveUpEmptyBlocks({ cli, ipam }: Deleting, use: PoolUse): Promise<void> {
  for (const { cidr } of use.blocks.filter(({ used, affinity }) => used === 0 && affinity !== null)) {
    await ipam.releaseBlockAffinity({ cidr, mustBeEmpty: true, ...cli.call() }).catch(unlessMeanwhile);
  }
}

/** Somebody was quicker: took an address of the block, or gave it up. */
function unlessMeanwhile(error: unknown): void {
  if (!(error instanceof IpamError) || (error.code !== 'block-not-empty' && error.code !== 'not-found')) throw error;
}

/** Whoever enables it again wants to keep it; whoever locks the datastore wants it to rest. */
async function mustStayAsItIs({ cli, ipam }: Deleting, { name, resourceVersion }: PoolResource): Promise<void> {
  await ipam.requireUnlocked(cli.call());
  const now = await ipam.pools.get({ name, ...cli.call() });
  if (now?.resourceVersion === resourceVersion) return;
  throw new Refusal(
    'conflict',
    `IP pool '${name}' was changed by somebody else while it was draining, and was left alone. Look again: plat describe ippool ${name}`,
    { pool: name },
  );
}

function stillInUse({ name }: PoolResource, { held }: PoolUse, waitMs: number): Refusal {
  return new Refusal(
    'pool-in-use',
    `IP pool '${name}' still has ${countOf(held, 'address', 'addresses')} in use after ${waitMs / 1_000} s. ${staysDisabled(name)}`,
    { pool: name, inUse: held },
  );
}
