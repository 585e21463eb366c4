import { type Command, Option } from 'commander';
import type { PoolUtilization } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { CREATE_POOL_EXAMPLE } from '../errors.ts';
import { isForPeople, noteUnreadable, printResult } from '../output.ts';
import { hasPools, utilizationTable, utilizationValue } from '../utilization.ts';

interface Options {
  readonly ip?: string;
  readonly showBlocks?: true;
  readonly showBorrowed?: true;
  readonly showConfiguration?: true;
  readonly map?: true;
  readonly watch?: true;
}

/** `plat ipam show`. Of several things to show the first in this order is shown, as calicoctl does. */
export function define(command: Command, cli: Cli): void {
  command
    .addOption(new Option('--ip <address>', 'who holds this address').conflicts(['map', 'watch']))
    .option('--show-blocks', 'the blocks of each pool too')
    .option('--show-borrowed', 'addresses that nodes have from blocks of others')
    .option('--show-configuration', 'the settings of the cluster')
    .addOption(new Option('--map', 'a picture: one cell per address').conflicts(['showBlocks', 'watch']))
    .addOption(
      new Option('-w, --watch', 'show pools, or blocks, again whenever they change').conflicts(['showBorrowed', 'showConfiguration']),
    )
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => show(cli, options));
}

const EXAMPLES = `
In use includes addresses that cool down after their release.

Examples:
  plat ipam show
  plat ipam show --show-blocks -o json
  plat ipam show --ip 10.244.0.10
  plat ipam show --show-borrowed
  plat ipam show --watch
  plat ipam show --map`;

async function show(cli: Cli, { ip, map, watch, ...options }: Options): Promise<void> {
  const withBlocks = options.showBlocks === true;
  if (ip !== undefined) {
    const { addressReport } = await import('../show/address.ts');
    return printResult(cli, await addressReport(cli, ip));
  }
  if (map) return showMap(cli);
  if (watch) return showAgain(cli, withBlocks);
  if (!withBlocks && options.showBorrowed) return (await import('../show/borrowed.ts')).showBorrowed(cli);
  if (!withBlocks && options.showConfiguration) return (await import('./ipam-configure.ts')).showConfiguration(cli);
  const onCorrupt = noteUnreadable(cli, 'the figures leave it out');
  await printUtilization(cli, await withIpam(cli, (ipam) => ipam.getUtilization({ ...cli.call(), onCorrupt })), withBlocks);
}

async function printUtilization(cli: Cli, pools: readonly PoolUtilization[], withBlocks: boolean): Promise<void> {
  await printResult(cli, {
    value: { pools: utilizationValue(pools, { withBlocks }) },
    text: () => utilizationTable(pools, { withBlocks }),
  });
  if (!hasPools(pools) && isForPeople(cli))
    cli.terminal.note(`plat: there are no IP pools yet. Create one, for example: ${CREATE_POOL_EXAMPLE}`);
}

async function showMap(cli: Cli): Promise<void> {
  const [{ readBlockMap, blockMapValue }, { renderBlockMap }] = await Promise.all([import('../blockcells.ts'), import('../blockmap.ts')]);
  const map = await withIpam(cli, (ipam) => readBlockMap(ipam, cli.call()));
  await printResult(cli, { value: blockMapValue(map), text: () => renderBlockMap(map, cli.terminal) });
}

/** Empties the screen, and what was scrolled out of it. */
const CLEAR_SCREEN = '\x1b[H\x1b[2J\x1b[3J';

/** On a terminal in the same place; in a pipe one after the other. Ends with the user's interrupt. */
async function showAgain(cli: Cli, withBlocks: boolean): Promise<void> {
  const { terminal } = cli;
  const onCorrupt = noteUnreadable(cli, 'the figures leave it out');
  await withIpam(cli, async (ipam) => {
    for await (const pools of ipam.watchUtilization({ ...cli.call(), onCorrupt })) {
      if (terminal.columns !== undefined && isForPeople(cli)) terminal.write(CLEAR_SCREEN);
      await printUtilization(cli, pools, withBlocks);
    }
  });
}
