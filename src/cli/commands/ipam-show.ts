import { type Command, Option } from 'commander';
import type { AttributesResult } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { type Cli, withIpam } from '../cli.ts';
import { CREATE_POOL_EXAMPLE } from '../errors.ts';
import { printResult, type Result } from '../output.ts';
import { hasPools, utilizationTable, utilizationValue } from '../utilization.ts';

interface Options {
  readonly showBlocks?: true;
  readonly ip?: string;
  readonly map?: true;
}

/** `plat ipam show`. */
export function define(command: Command, cli: Cli): void {
  command
    .option('--show-blocks', 'the blocks of each pool too')
    .addOption(new Option('--ip <address>', 'who holds this address').conflicts(['showBlocks', 'map']))
    .addOption(new Option('--map', 'a picture: one cell per address').conflicts('showBlocks'))
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => show(cli, options));
}

const EXAMPLES = `
In use includes addresses that cool down after their release.

Examples:
  plat ipam show
  plat ipam show --show-blocks -o json
  plat ipam show --ip 10.244.0.10
  plat ipam show --map`;

async function show(cli: Cli, { ip, map, showBlocks }: Options): Promise<void> {
  if (ip !== undefined) return printResult(cli, await addressReport(cli, ip));
  if (map) return showMap(cli);
  const onCorrupt = (key: string, reason: string) =>
    cli.terminal.note(`plat: ${key} cannot be read (${reason}); the figures leave it out. It was left as it is.`);
  const pools = await withIpam(cli, (ipam) => ipam.getUtilization({ signal: cli.terminal.signal, onCorrupt }));
  await printResult(cli, {
    value: { pools: utilizationValue(pools, { withBlocks: showBlocks === true }) },
    text: () => utilizationTable(pools, { withBlocks: showBlocks === true }),
  });
  if (!hasPools(pools) && cli.globals().output === 'table')
    cli.terminal.note(`plat: there are no IP pools yet. Create one, for example: ${CREATE_POOL_EXAMPLE}`);
}

async function showMap(cli: Cli): Promise<void> {
  const [{ readBlockMap, blockMapValue }, { renderBlockMap }] = await Promise.all([import('../blockcells.ts'), import('../blockmap.ts')]);
  const map = await withIpam(cli, (ipam) => readBlockMap(ipam, cli.terminal.signal));
  await printResult(cli, { value: blockMapValue(map), text: () => renderBlockMap(map, cli.terminal) });
}

async function addressReport(cli: Cli, ip: string): Promise<Result> {
  const found = await withIpam(cli, (ipam) =>
    ipam.getAssignmentAttributes({ ip, signal: cli.terminal.signal }).catch(undefinedWhenNotFound),
  );
  if (found === undefined) return { value: { ip, assigned: false }, text: () => `${ip} is not assigned` };
  const { handle, block, affinity, active, alternate, sequenceNumber } = found;
  return {
    value: {
      ip,
      assigned: true,
      handle: handle ?? null,
      block,
      affinity,
      sequenceNumber,
      attributes: { active: active ?? null, alternate: alternate ?? null },
    },
    text: () => addressText(ip, found),
  };
}

function undefinedWhenNotFound(error: unknown): undefined {
  if (error instanceof IpamError && error.code === 'not-found') return undefined;
  throw error;
}

function addressText(ip: string, { handle, block, affinity, active, alternate }: AttributesResult): string {
  return [
    `IP ${ip} is in use`,
    `Handle ID: ${handle ?? '<none>'}`,
    `Block: ${block}`,
    `Affinity: ${affinity ?? '<none>'}`,
    ...(active && Object.keys(active).length > 0
      ? ['Active Owner Attributes:', ...attributeLines(active)]
      : ['No Active Owner attributes defined']),
    ...(alternate ? ['Alternate Owner Attributes:', ...attributeLines(alternate)] : []),
  ].join('\n');
}

function attributeLines(attributes: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(attributes)
    .map(([key, value]) => `  ${key}: ${value}`)
    .sort();
}
