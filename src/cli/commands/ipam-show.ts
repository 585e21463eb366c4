import { type Command, Option } from 'commander';
import { containsIp, parseCidrMasked, parseIp } from '../../core/addr.ts';
import type { AttributesResult, Ipam } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { type Cli, withIpam } from '../cli.ts';
import { CREATE_POOL_EXAMPLE } from '../errors.ts';
import { noteUnreadable, printResult, type Result } from '../output.ts';
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
  const onCorrupt = noteUnreadable(cli, 'the figures leave it out');
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
  const { signal } = cli.terminal;
  const { found, pool } = await withIpam(cli, async (ipam) => {
    const found = await ipam.getAssignmentAttributes({ ip, signal }).catch(undefinedWhenNotFound);
    return { found, pool: found && (await poolOf(cli, ipam, ip)) };
  });
  if (found === undefined) return { value: { ip, assigned: false }, text: () => `${ip} is not assigned` };
  const { handle, block, affinity, active, alternate, sequenceNumber } = found;
  return {
    value: {
      ip,
      assigned: true,
      handle: handle ?? null,
      block,
      ...(pool !== undefined && { pool }),
      affinity,
      sequenceNumber,
      attributes: { active: active ?? null, alternate: alternate ?? null },
    },
    text: () => addressText(ip, found, pool),
  };
}

/** Name of the pool that has the address; null when none has, undefined when a pool that cannot be read may have it. */
async function poolOf(cli: Cli, ipam: Ipam, ip: string): Promise<string | null | undefined> {
  const address = parseIp(ip);
  const unreadable: string[] = [];
  const onCorrupt = (key: string) => unreadable.push(key);
  const pools = await ipam.pools.list({ signal: cli.terminal.signal, onCorrupt });
  const pool = pools.find(({ spec }) => {
    const cidr = parseCidrMasked(spec.cidr);
    return address !== undefined && cidr !== undefined && containsIp(cidr, address);
  });
  return pool?.name ?? (unreadable.length === 0 ? null : undefined);
}

function undefinedWhenNotFound(error: unknown): undefined {
  if (error instanceof IpamError && error.code === 'not-found') return undefined;
  throw error;
}

function addressText(
  ip: string,
  { handle, block, affinity, active, alternate }: AttributesResult,
  pool: string | null | undefined,
): string {
  return [
    `IP ${ip} is in use`,
    `Handle ID: ${handle ?? '<none>'}`,
    `Block: ${block}${pool === null ? ', in no IP pool: kept for its holder until it is released' : ''}`,
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
