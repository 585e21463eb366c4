import type { Command } from 'commander';
import type { NodeResource } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal } from '../errors.ts';
import { noteUnreadable, printResult } from '../output.ts';
import { labelsText, resourceList, resourceObject } from '../resource.ts';
import { paddedTable } from '../table.ts';

/** `plat get node`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('[name]', 'name of the node; without it, all')
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined) => (name === undefined ? listNodes(cli) : getNode(cli, name)));
}

const EXAMPLES = `
Examples:
  plat get nodes
  plat get node worker-1 -o json`;

async function getNode(cli: Cli, name: string): Promise<void> {
  const node = await withIpam(cli, (ipam) => ipam.nodes.get({ name, signal: cli.terminal.signal }));
  if (node === undefined) throw new Refusal('not-found', `there is no node '${name}'. See all with: plat get nodes`, { name });
  await printResult(cli, { value: resourceObject('Node', node), text: () => nodeTable([node]) });
}

async function listNodes(cli: Cli): Promise<void> {
  const onCorrupt = noteUnreadable(cli, 'the list leaves it out');
  const nodes = await withIpam(cli, (ipam) => ipam.nodes.list({ signal: cli.terminal.signal, onCorrupt }));
  await printResult(cli, {
    value: resourceList('Node', nodes),
    text: () => (nodes.length === 0 ? 'No nodes. One appears when it first asks for an address.' : nodeTable(nodes)),
  });
}

function nodeTable(nodes: readonly NodeResource[]): string {
  return paddedTable(
    [{ heading: 'NAME' }, { heading: 'LABELS' }],
    nodes.map((node) => [node.name, labelsText(node.labels)]),
  );
}
