/** Deleting a node: its blocks belong to nobody afterwards, addresses in use stay with their holders. */
import type { CallOptions, Ipam } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { confirmDestructive, type DestructiveOptions } from '../confirm.ts';
import { countOf } from '../quantity.ts';
import type { Deleted, Deleting, Named } from './deletion.ts';

export async function deleteNode({ cli, ipam }: Deleting, named: Named, options: DestructiveOptions): Promise<Deleted> {
  const { name } = named;
  const dryRun = options.dryRun === true;
  const { blocks, inUse } = await blocksOf(ipam, name, cli.call());
  if (!dryRun && inUse > 0) {
    await confirmDestructive(cli, options, {
      code: 'node-in-use',
      facts: `Node '${name}' has ${countOf(inUse, 'address', 'addresses')} in use, in ${countOf(blocks, 'block')}. They would stay in use until released.`,
      question: 'Delete it?',
      instead: `To release them too: plat node remove ${name}.`,
      details: { node: name, inUse },
    });
  }
  const missing = await ipam.nodes.delete({ ...named, dryRun, ...cli.call() }).then(() => undefined, notFound);
  // Also when the node is gone already: an earlier run may have been cut short before this.
  if (!dryRun) await ipam.removeHost({ host: name, ...cli.call() });
  if (missing) throw missing;
  const note = `${countOf(inUse, 'address', 'addresses')} stay in use until released`;
  return { outcome: 'deleted', ...(inUse > 0 && { note }), facts: { addressesLeftInUse: inUse } };
}

/** Blocks that are affine to the node, and the addresses in them that are in use. */
async function blocksOf(ipam: Ipam, name: string, options: CallOptions): Promise<{ readonly blocks: number; readonly inUse: number }> {
  let blocks = 0;
  let inUse = 0;
  for await (const block of ipam.listBlocks(options)) {
    if ('corruptKey' in block || block.affinity !== `host:${name}`) continue;
    blocks++;
    inUse += block.held.length;
  }
  return { blocks, inUse };
}

/** The error when it says that there is no such node; rejects with any other. */
function notFound(error: unknown): IpamError {
  if (error instanceof IpamError && (error.code === 'not-found' || error.code === 'node-not-found')) return error;
  throw error;
}
