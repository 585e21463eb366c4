/** Deleting an IP pool: nobody loses an address by it unawares. */
import type { PoolResource } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { confirmDestructive, type DestructiveOptions } from '../confirm.ts';
import { Refusal } from '../errors.ts';
import { noteUnreadable } from '../output.ts';
import { startProgress } from '../progress.ts';
import { countOf } from '../quantity.ts';
import type { Deleted, Deleting, Named } from './deletion.ts';
import { kindOfWord } from './kinds.ts';
import { type PoolUse, readPoolUse } from './pool-use.ts';
import { notThere } from './select.ts';

export interface PoolDeleteOptions extends DestructiveOptions {
  /** Only stop giving addresses from it. */
  readonly disable?: true;
  /** Disable it, wait until nobody holds an address of it, then delete it. */
  readonly drain?: true;
  /** Milliseconds that `drain` waits at most; undefined: until interrupted. */
  readonly wait?: number;
}

/** Between two looks at a pool that is draining. */
const DRAIN_POLL_MS = 1_000;

export async function deletePool(deleting: Deleting, named: Named, options: PoolDeleteOptions): Promise<Deleted> {
  const { cli, ipam } = deleting;
  const pool = await ipam.pools.get({ name: named.name, ...cli.call() });
  if (pool === undefined) throw notThere(kindOfWord('ippool'), [named.name]);
  if (options.disable) return disable(deleting, pool, named, options);
  if (options.drain) return drain(deleting, pool, named, options);

  const use = await readPoolUse(ipam, pool.spec.cidr, cli.call());
  for (const { key, reason } of use.unreadable) noteUnreadable(cli, 'the count of addresses in use leaves it out')(key, reason);
  const inUse = use.held + use.cooling;
  const dryRun = options.dryRun === true;
  if (!dryRun && (inUse > 0 || use.unreadable.length > 0)) await confirm(deleting, pool, use, options);
  // What was counted is this very pool: one that changed meanwhile is not deleted.
  await ipam.pools.delete({ resourceVersion: pool.resourceVersion, ...named, dryRun, ...cli.call() });
  return deleted(inUse);
}

function deleted(left: number): Deleted {
  const note = `${countOf(left, 'address', 'addresses')} stay in use until released`;
  return { outcome: 'deleted', ...(left > 0 && { note }), facts: { addressesLeftInUse: left } };
}

/** Asks, and counts again after the answer: it may have taken long. */
async function confirm({ cli, ipam }: Deleting, pool: PoolResource, use: PoolUse, options: PoolDeleteOptions): Promise<void> {
  const inUse = use.held + use.cooling;
  const { name, spec } = pool;
  const unreadable = use.unreadable.map(({ key }) => key);
  const more = unreadable.length === 0 ? '' : `, and ${countOf(unreadable.length, 'block')} that cannot be read`;
  const count = countOf(inUse, 'address', 'addresses');
  await confirmDestructive(cli, options, {
    code: 'pool-in-use',
    facts:
      `IP pool '${name}' (${spec.cidr}) has ${count} in use, in ${countOf(use.blocks.length, 'block')}${more}. ` +
      'They would stay with their holders until released; their blocks would belong to no node.',
    question: 'Delete it?',
    instead:
      `To stop giving addresses from it: plat delete ippool ${name} --disable. To delete it once all are released: ` +
      `plat delete ippool ${name} --drain.`,
    details: { pool: name, inUse, ...(unreadable.length > 0 && { unreadable }) },
  });
  if (options.yes) return;
  const now = await readPoolUse(ipam, spec.cidr, cli.call());
  if (now.held + now.cooling <= inUse) return;
  const grown = countOf(now.held + now.cooling, 'address', 'addresses');
  throw new Refusal(
    'conflict',
    `IP pool '${name}' has ${grown} in use by now, not ${inUse}. Nothing was done. Look again: plat describe ippool ${name}`,
    { pool: name },
  );
}

async function disable({ cli, ipam }: Deleting, pool: PoolResource, named: Named, { dryRun }: PoolDeleteOptions): Promise<Deleted> {
  const { held, cooling } = await readPoolUse(ipam, pool.spec.cidr, cli.call());
  if (!pool.spec.disabled) await ipam.pools.replace({ ...named, spec: { disabled: true }, dryRun: dryRun === true, ...cli.call() });
  const inUse = held + cooling;
  const note = `${inUse > 0 ? `${countOf(inUse, 'address', 'addresses')} stay with their holders` : 'nothing of it is in use'}. Delete it with: plat delete ippool ${pool.name} --drain`;
  return { outcome: 'disabled', note, facts: { inUse } };
}

async function drain(deleting: Deleting, pool: PoolResource, named: Named, options: PoolDeleteOptions): Promise<Deleted> {
  const { cli, ipam } = deleting;
  const { name, spec } = pool;
  if (options.dryRun) {
    const { held } = await readPoolUse(ipam, spec.cidr, cli.call());
    return { outcome: 'deleted', note: `after ${countOf(held, 'address', 'addresses')} of it are released`, facts: { inUse: held } };
  }
  const disabled = pool.spec.disabled ? pool : await ipam.pools.replace({ ...named, spec: { disabled: true }, ...cli.call() });
  const { cooling } = await untilEmpty(deleting, disabled, options.wait);
  await ipam.pools.delete({ name, resourceVersion: disabled.resourceVersion, ...cli.call() });
  return deleted(cooling);
}

/** Waits until nobody holds an address of the pool; blocks that become empty are given up on the way. */
async function untilEmpty(deleting: Deleting, pool: PoolResource, waitMs: number | undefined): Promise<PoolUse> {
  const { cli, ipam, opened } = deleting;
  const { clock } = opened;
  const progress = startProgress(cli.terminal, `waiting for addresses of ${pool.name} to be released`);
  const startMs = clock.monotonicMs();
  try {
    let use = await readPoolUse(ipam, pool.spec.cidr, cli.call());
    progress.phase(`addresses of ${pool.name} released`, use.held);
    while (use.held > 0) {
      if (waitMs !== undefined && clock.monotonicMs() - startMs >= waitMs) throw stillInUse(pool, use, waitMs);
      await giveUpEmptyBlocks(deleting, use);
      await clock.sleep(DRAIN_POLL_MS, cli.terminal.signal);
      await mustStayDisabled(deleting, pool);
      const before = use.held;
      use = await readPoolUse(ipam, pool.spec.cidr, cli.call());
      progress.add(Math.max(before - use.held, 0));
    }
    return use;
  } finally {
    progress.end();
  }
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

/** Whoever enables it again wants to keep it. */
async function mustStayDisabled({ cli, ipam }: Deleting, { name, resourceVersion }: PoolResource): Promise<void> {
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
    `IP pool '${name}' still has ${countOf(held, 'address', 'addresses')} in use after ${waitMs / 1_000} s. It is disabled and stays so. ` +
      `Go on with: plat delete ippool ${name} --drain, or enable it again with: plat patch ippool ${name} -p '{"spec":{"disabled":false}}'`,
    { pool: name, inUse: held },
  );
}
