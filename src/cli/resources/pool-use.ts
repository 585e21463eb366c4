/** What of a pool is in use. */
import { covers, parseCidrMasked } from '../../core/addr.ts';
import type { CallOptions, Ipam } from '../../ipam/api.ts';

export interface PoolUse {
  /** Held by somebody. */
  readonly held: number;
  /** Released, and not to be given again for a while. */
  readonly cooling: number;
  readonly blocks: readonly PoolBlock[];
  /** Keys of its blocks that cannot be read, with the reason. */
  readonly unreadable: readonly { readonly key: string; readonly reason: string }[];
}

export interface PoolBlock {
  readonly cidr: string;
  readonly affinity: string | null;
  /** Held or cooling. */
  readonly used: number;
}

/** Counts the blocks inside `cidr`, the pool's network as stored. `onBlock`: called for each that is looked at. */
export async function readPoolUse(ipam: Ipam, cidr: string, options: CallOptions, onBlock: () => void = () => {}): Promise<PoolUse> {
  const network = parseCidrMasked(cidr);
  const isInside = (text: string) => {
    const block = parseCidrMasked(text);
    return network !== undefined && block !== undefined && covers(network, block);
  };
  const blocks: PoolBlock[] = [];
  const unreadable: PoolUse['unreadable'][number][] = [];
  let held = 0;
  let cooling = 0;
  for await (const block of ipam.listBlocks(options)) {
    onBlock();
    if ('corruptKey' in block) {
      if (isInside(cidrOfKey(block.corruptKey))) unreadable.push({ key: block.corruptKey, reason: block.reason });
    } else if (isInside(block.cidr)) {
      const free = block.held.filter(({ attribute }) => attribute?.releasedAt !== undefined).length;
      cooling += free;
      held += block.held.length - free;
      blocks.push({ cidr: block.cidr, affinity: block.affinity, used: block.held.length });
    }
  }
  return { held, cooling, blocks, unreadable };
}

/** The key of a block ends in its network, with `-` for `/`. */
function cidrOfKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1).replace('-', '/');
}
