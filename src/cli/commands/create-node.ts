import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { NAMED } from '../format/output-shape.ts';
import { collectPairs } from '../options.ts';
import { printResult } from '../output.ts';
import { labelsText, resourceObject } from '../resources/object.ts';

interface Options {
  readonly label?: Readonly<Record<string, string>>;
  readonly dryRun?: true;
}

export const gives = NAMED;

/** `plat create node`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('<name>', 'name of the node')
    .option('--label <key=value>', 'label that node selectors of pools look at; may be repeated', collectPairs)
    .option('--dry-run', 'check everything, and do nothing')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: Options) => createNode(cli, name, options));
}

const EXAMPLES = `
A node that is not there yet is created when it first asks for an address; create it before that to give it labels.

Examples:
  plat create node worker-1
  plat create node worker-2 --label rack=r1 --label zone=eu-1`;

async function createNode(cli: Cli, name: string, { label = {}, dryRun }: Options): Promise<void> {
  const input = { name, labels: label, spec: {}, dryRun: dryRun === true, ...cli.call() };
  const node = await withIpam(cli, (ipam) => ipam.nodes.create(input), { create: true });
  await printResult(cli, {
    value: resourceObject('Node', node),
    text: () => `node ${node.name} created${dryRun ? ' (dry run)' : ''}, labels ${labelsText(node.labels)}`,
  });
}
