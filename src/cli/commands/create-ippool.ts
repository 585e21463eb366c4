import type { Command } from 'commander';
import type { PoolResource, PoolSpec } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { NAMED } from '../format/output-shape.ts';
import { collectList, parseCount, parseOneOf, USES } from '../options.ts';
import { printResult } from '../output.ts';
import { poolBlocksText } from '../pool-text.ts';
import { resourceObject } from '../resources/object.ts';

const MODES = ['Automatic', 'Manual'] as const;
type Use = (typeof USES)[number];

interface Options {
  readonly cidr: string;
  readonly blockSize?: number;
  readonly disabled?: true;
  readonly nodeSelector?: string;
  readonly namespaceSelector?: string;
  readonly allowedUses?: readonly Use[];
  readonly assignmentMode?: (typeof MODES)[number];
  readonly dryRun?: true;
}

export const gives = NAMED;

/** `plat create ippool`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('<name>', 'name of the pool')
    .requiredOption('--cidr <cidr>', 'the addresses, such as 10.244.0.0/16 or fd00:10:244::/64')
    .option('--block-size <bits>', 'prefix length of its blocks: 20 to 32, IPv6 116 to 128 (default: 26, IPv6 122)', parseCount)
    .option('--disabled', 'no new addresses from it')
    .option('--node-selector <selector>', 'nodes that may use it, such as "rack == \'r1\'" (default: all())')
    .option('--namespace-selector <selector>', 'namespaces that may use it (default: all)')
    .option('--allowed-uses <uses>', `what it may be used for: ${USES.join(', ')} (default: Workload,Tunnel)`, collectUses)
    .option('--assignment-mode <mode>', 'Automatic, or Manual: only when asked for by name', parseOneOf(MODES))
    .option('--dry-run', 'check everything, and do nothing')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: Options) => createPool(cli, name, options));
}

const EXAMPLES = `
Examples:
  plat create ippool default-ipv4 --cidr 10.244.0.0/16
  plat create ippool default-ipv6 --cidr fd00:10:244::/64 --block-size 122
  plat create ippool rack-1 --cidr 10.1.0.0/20 --node-selector "rack == 'r1'"`;

function collectUses(text: string, previous: readonly Use[] | undefined): readonly Use[] {
  return collectList(text, previous).map(parseOneOf(USES));
}

async function createPool(cli: Cli, name: string, { dryRun, ...options }: Options): Promise<void> {
  const spec: PoolSpec = options;
  const input = { name, spec, dryRun: dryRun === true, ...cli.call() };
  const pool: PoolResource = await withIpam(cli, (ipam) => ipam.pools.create(input), { create: true });
  await printResult(cli, {
    value: resourceObject('IPPool', pool),
    text: () => `ippool ${pool.name} created${dryRun ? ' (dry run)' : ''}: ${pool.spec.cidr} in ${poolBlocksText(pool.spec)}`,
  });
}
