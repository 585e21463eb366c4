import type { Command } from 'commander';
import type { AssignedAddress, AutoAssignResult, CallOptions, FamilyResult, Ipam } from '../../ipam/api.ts';
import { type AssignmentOptions, assignmentOptions, assignmentRequest } from '../assignment.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { collectList, parseCount } from '../options.ts';
import { printResult } from '../output.ts';
import { boxedTable } from '../table.ts';

interface Options extends AssignmentOptions {
  readonly num4?: number;
  readonly num6?: number;
  readonly pool?: readonly string[];
  readonly partial?: true;
}

/** `plat ipam auto-assign`. */
export function define(command: Command, cli: Cli): void {
  command
    .option('--num4 <count>', 'IPv4 addresses wanted (default: 1 when neither is given)', parseCount)
    .option('--num6 <count>', 'IPv6 addresses wanted', parseCount)
    .option('--pool <name|cidr>', 'only from this pool; may be repeated, in order of preference', collectList)
    .option('--partial', 'take what there is instead of all or nothing');
  assignmentOptions(command, cli)
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => autoAssign(cli, options));
}

const EXAMPLES = `
Examples:
  plat ipam auto-assign --host worker-1 --handle pod-a --attr pod=web-1 --attr namespace=default
  plat ipam auto-assign --num4 1 --num6 1 --handle pod-b -o json
  plat ipam auto-assign --num4 3 --pool default-ipv4 --partial`;

async function autoAssign(cli: Cli, options: Options): Promise<void> {
  const { num6 = 0, num4 = options.num6 === undefined ? 1 : 0 } = options;
  if (num4 + num6 === 0)
    throw new UsageError('no address is asked for. Give --num4 or --num6 of 1 or more, or neither for one IPv4 address.');
  const result = await withIpam(cli, async (ipam) => {
    const pools = await poolsByFamily(ipam, options.pool ?? [], { num4, num6 }, cli.call());
    return ipam.autoAssign({
      ...assignmentRequest(cli, options),
      ...pools,
      num4,
      num6,
      partial: options.partial === true,
    });
  });
  const addresses = [...(result.v4?.addresses ?? []), ...(result.v6?.addresses ?? [])];
  const shortfalls = shortfallsOf(result);
  if (addresses.length === 0 && shortfalls.length > 0) {
    throw new Refusal('no-free-address', shortfalls.map(({ message }) => message).join(' '), { shortfalls });
  }
  await printResult(cli, {
    value: {
      ips: addresses.map(({ ip }) => ip),
      blocks: [...new Set(addresses.map(({ block }) => block))],
      handle: options.handle ?? null,
      ...(shortfalls.length > 0 && { shortfalls }),
    },
    text: () => addressTable(addresses),
  });
  for (const { message } of shortfalls) cli.terminal.note(`plat: ${message}`);
}

/** The library takes pools by family; a name's family is looked up. */
async function poolsByFamily(
  ipam: Ipam,
  pools: readonly string[],
  { num4, num6 }: { num4: number; num6: number },
  options: CallOptions,
): Promise<{ pools4?: string[]; pools6?: string[] }> {
  const pools4: string[] = [];
  const pools6: string[] = [];
  for (const pool of pools) {
    const cidr = pool.includes('/') ? pool : (await ipam.pools.get({ name: pool, ...options }))?.spec.cidr;
    if (cidr === undefined) throw new Refusal('pool-not-found', `there is no IP pool '${pool}'. See all with: plat get ippools`, { pool });
    const isV6 = cidr.includes(':');
    if ((isV6 ? num6 : num4) === 0) {
      throw new UsageError(
        `pool '${pool}' is ${isV6 ? 'IPv6' : 'IPv4'}, of which no address is asked for. Add ${isV6 ? '--num6' : '--num4'} 1, or leave the pool out.`,
      );
    }
    (isV6 ? pools6 : pools4).push(pool);
  }
  return { ...(pools4.length > 0 && { pools4 }), ...(pools6.length > 0 && { pools6 }) };
}

interface FamilyShortfall {
  readonly family: 4 | 6;
  readonly requested: number;
  readonly missing: number;
  readonly code: string;
  readonly message: string;
}

function shortfallsOf({ v4, v6 }: AutoAssignResult): readonly FamilyShortfall[] {
  const of = (family: 4 | 6, result: FamilyResult | undefined): readonly FamilyShortfall[] => {
    if (!result?.shortfall) return [];
    const { missing, code, message } = result.shortfall;
    return [{ family, requested: result.requested, missing, code, message }];
  };
  return [...of(4, v4), ...of(6, v6)];
}

function addressTable(addresses: readonly AssignedAddress[]): string {
  const headings = ['IP', 'BLOCK', 'POOL', 'NOTE'];
  const rows = addresses.map(({ ip, block, pool, borrowed, existing }) => [
    ip,
    block,
    pool,
    [borrowed && 'borrowed', existing && 'held before'].filter((note) => note !== false).join(', '),
  ]);
  return boxedTable(
    headings.map((heading) => ({ heading })),
    rows,
  );
}
