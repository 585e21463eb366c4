/** Deleting an IP pool: nobody loses an address by it unawares. */
import type { PoolResource } from '../../ipam/api.ts';
import { confirmDestructive, type DestructiveOptions } from '../confirm.ts';
import { Refusal } from '../errors.ts';
import { noteUnreadable } from '../output.ts';
import { countOf } from '../quantity.ts';
import { type Deleted, type Deleting, type Named, stayingText } from './deletion.ts';
import { drainPool } from './drain-pool.ts';
import { type PoolUse, readPoolUse } from './pool-use.ts';

export interface PoolDeleteOptions extends DestructiveOptions {
  /** Only stop giving addresses from it. */
  readonly disable?: true;
  /** Disable it, wait until nobody holds an address of it, then delete it. */
  readonly drain?: true;
  /** Milliseconds that `drain` waits at most; undefined: until interrupted. */
  readonly wait?: number;
}

/** `named` has the version that the caller insists on; what is decided here is about `pool` as it was read. */
export async function deletePool(deleting: Deleting, pool: PoolResource, named: Named, options: PoolDeleteOptions): Promise<Deleted> {
  const { cli, ipam } = deleting;
  const dryRun = options.dryRun === true;
  const guarded = { resourceVersion: pool.resourceVersion, ...named };
  if (options.disable) return disable(deleting, pool, guarded, options);

  const use = await readPoolUse(ipam, pool.spec.cidr, cli.call());
  if (options.drain) {
    await ipam.pools.delete({ ...guarded, dryRun: true, ...cli.call() });
    refuseUnreadable(pool, use);
    if (dryRun) return { outcome: 'deleted', note: drainedText(use.held), facts: { inUse: use.held } };
    await ipam.requireUnlocked(cli.call());
    if (use.held > 0) await confirmDrain(deleting, pool, use, options);
    return deleted(await drainPool(deleting, pool, options.wait));
  }
  for (const { key, reason } of use.unreadable) noteUnreadable(cli, 'the count of addresses in use leaves it out')(key, reason);
  const inUse = use.held + use.cooling;
  if (!dryRun && (inUse > 0 || use.unreadable.length > 0)) await confirm(deleting, pool, use, options);
  // What was counted is this very pool: one that changed meanwhile is not deleted.
  await ipam.pools.delete({ ...guarded, dryRun, ...cli.call() });
  return deleted(inUse);
}

function drainedText(held: number): string {
  return `once ${countOf(held, 'address of it is', 'addresses of it are')} released`;
}

function deleted(left: number): Deleted {
  return { outcome: 'deleted', ...(left > 0 && { note: stayingText(left) }), facts: { addressesLeftInUse: left } };
}

async function disable({ cli, ipam }: Deleting, pool: PoolResource, named: Named, { dryRun }: PoolDeleteOptions): Promise<Deleted> {
  const { held, cooling } = await readPoolUse(ipam, pool.spec.cidr, cli.call());
  if (!pool.spec.disabled) await ipam.pools.replace({ ...named, spec: { disabled: true }, dryRun: dryRun === true, ...cli.call() });
  const inUse = held + cooling;
  const note = `${inUse > 0 ? stayingText(inUse) : 'nothing of it is in use'}. Delete it with: plat delete ippool ${pool.name} --drain`;
  return { outcome: 'disabled', note, facts: { inUse } };
}

/** Nobody can say when a block that cannot be read is empty: before anything is changed, while everything may still be chosen. */
function refuseUnreadable({ name, spec }: PoolResource, { unreadable }: PoolUse): void {
  if (unreadable.length === 0) return;
  const told = unreadable.map(({ key, reason }) => `${key} (${reason})`).join(', ');
  throw new Refusal(
    'corrupt-value',
    `of IP pool '${name}' (${spec.cidr}) this cannot be read: ${told}. So nobody can say when it is drained, and nothing was done. See what ` +
      'it means: plat ipam check; plat ipam repair leaves it alone. Restore the value from a dump or a backup, or delete the key, then drain ' +
      `again. Or stop new addresses: plat delete ippool ${name} --disable; or delete the pool and leave it there: plat delete ippool ${name} --yes`,
    { pool: name, unreadable: unreadable.map(({ key }) => key) },
  );
}

async function confirmDrain(deleting: Deleting, pool: PoolResource, { held, blocks }: PoolUse, options: PoolDeleteOptions): Promise<void> {
  const { name, spec } = pool;
  await confirmDestructive(deleting.cli, options, {
    code: 'pool-in-use',
    facts:
      `IP pool '${name}' (${spec.cidr}) has ${countOf(held, 'address', 'addresses')} in use, in ${countOf(blocks.length, 'block')}. It would give ` +
      'no new ones from now on, and be deleted once all are released.',
    question: 'Drain it?',
    instead: `To only stop giving addresses from it: plat delete ippool ${name} --disable.`,
    details: { pool: name, inUse: held },
  });
}

/** Asks, and counts again after the answer: it may have taken long. */
async function confirm({ cli, ipam }: Deleting, pool: PoolResource, use: PoolUse, options: PoolDeleteOptions): Promise<void> {
  const inUse = use.held + use.cooling;
  const { name, spec } = pool;
  const unreadable = use.unreadable.map(({ key }) => key);
  const more = unreadable.length === 0 ? '' : `, and ${countOf(unreadable.length, 'block')} that cannot be read (plat ipam check)`;
  const count = countOf(inUse, 'address', 'addresses');
  const drain = ` To delete it once all are released: plat delete ippool ${name} --drain.`;
  await confirmDestructive(cli, options, {
    code: 'pool-in-use',
    facts:
      `IP pool '${name}' (${spec.cidr}) has ${count} in use, in ${countOf(use.blocks.length, 'block')}${more}. ` +
      'What is in use stays with its holder until released; the blocks would belong to no node.',
    question: 'Delete it?',
    // It cannot drain what it cannot read.
    instead: `To stop giving addresses from it: plat delete ippool ${name} --disable.${unreadable.length === 0 ? drain : ''}`,
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
