import type { Command } from 'commander';
import { covers, parseCidrMasked } from '../../core/addr.ts';
import type { PoolUtilization } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal } from '../errors.ts';
import { noteUnreadable, printResult } from '../output.ts';
import { countOf } from '../quantity.ts';

/** A stored value that cannot be read. */
interface Unreadable {
  readonly key: string;
  readonly reason: string;
}

interface Options {
  readonly yes?: true;
}

/** `plat delete ippool`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('<name>', 'name of the pool')
    .option('--yes', 'also when addresses of it are in use; do not ask')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: Options) => deletePool(cli, name, options.yes === true));
}

const EXAMPLES = `
Empty blocks go with the pool. Addresses in use stay with their holders until released; their blocks belong to no node any
more, and nothing new comes from them. Asks first when addresses are in use; refuses where nobody can be asked.

Examples:
  plat delete ippool rack-1
  plat delete ippool rack-1 --yes`;

async function deletePool(cli: Cli, name: string, yes: boolean): Promise<void> {
  const left = await withIpam(cli, async (ipam) => {
    const { signal } = cli.terminal;
    const unreadable: Unreadable[] = [];
    const onCorrupt = (key: string, reason: string) => unreadable.push({ key, reason });
    const utilization = await ipam.getUtilization({ pools: [name], signal, onCorrupt });
    const pool = utilization.find((candidate) => candidate.name === name);
    const doubtful = pool === undefined ? [] : unreadable.filter(({ key }) => isBlockOf(pool, key));
    for (const { key, reason } of doubtful) noteUnreadable(cli, 'the count of addresses in use leaves it out')(key, reason);
    if (pool !== undefined && (pool.inUse > 0n || doubtful.length > 0) && !yes) await askFirst(cli, pool, doubtful);
    await ipam.pools.delete({ name, signal });
    return pool?.inUse ?? 0n;
  });
  await printResult(cli, {
    value: { kind: 'IPPool', name, deleted: true, addressesLeftInUse: left },
    text: () => `ippool ${name} deleted${left > 0n ? `; ${countOf(left, 'address', 'addresses')} stay in use until released` : ''}`,
  });
}

/** Whether `key` is that of a block in the pool: it ends in the block's network, with `-` for `/`. */
function isBlockOf({ cidr }: PoolUtilization, key: string): boolean {
  const network = parseCidrMasked(cidr);
  const block = parseCidrMasked(key.slice(key.lastIndexOf('/') + 1).replace('-', '/'));
  return network !== undefined && block !== undefined && covers(network, block);
}

async function askFirst(cli: Cli, pool: PoolUtilization, unreadable: readonly Unreadable[]): Promise<void> {
  const more = unreadable.length === 0 ? '' : `, and ${countOf(unreadable.length, 'block')} that cannot be read`;
  const facts =
    `IP pool '${pool.name}' (${pool.cidr}) has ${countOf(pool.inUse, 'address', 'addresses')} in use, in ` +
    `${countOf(pool.blocks.length, 'block')}${more}. They would stay with their holders until released; their blocks would belong to no node.`;
  if (await cli.terminal.confirm?.(`${facts} Delete it?`)) return;
  throw new Refusal('pool-in-use', `${facts} Nothing was done. Release them first, or add --yes.`, {
    pool: pool.name,
    inUse: pool.inUse,
    ...(unreadable.length > 0 && { unreadable: unreadable.map(({ key }) => key) }),
  });
}
