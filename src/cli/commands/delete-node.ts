import type { Command } from 'commander';
import { IpamError } from '../../ipam/errors.ts';
import { type Cli, withIpam } from '../cli.ts';
import { printResult } from '../output.ts';

/** `plat delete node`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('<name>', 'name of the node')
    .addHelpText('after', EXAMPLES)
    .action((name: string) => deleteNode(cli, name));
}

const EXAMPLES = `
The node's blocks belong to no node afterwards, empty ones are dropped. Addresses in use stay until released.

Example:
  plat delete node worker-1`;

async function deleteNode(cli: Cli, name: string): Promise<void> {
  const { signal } = cli.terminal;
  await withIpam(cli, async (ipam) => {
    const missing = await ipam.nodes.delete({ name, signal }).then(() => undefined, notFound);
    // Also when the node is gone already: an earlier run may have been cut short before this.
    await ipam.removeHost({ host: name, signal });
    if (missing) throw missing;
  });
  await printResult(cli, { value: { kind: 'Node', name, deleted: true }, text: () => `node ${name} deleted` });
}

/** The error when it says that there is no such node; rejects with any other. */
function notFound(error: unknown): IpamError {
  if (error instanceof IpamError && (error.code === 'not-found' || error.code === 'node-not-found')) return error;
  throw error;
}
