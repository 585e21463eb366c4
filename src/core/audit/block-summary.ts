/** What an audit keeps of a block once it has looked at it: small, so that all of a cluster's fit into memory. */
import { type Cidr, ipOfOrdinal } from '../addr.ts';
import { isEmpty, ordinalsInUse, ownerOf } from '../block.ts';
import type { Block, Owner } from '../records.ts';
import type { Seen } from './finding.ts';

export interface BlockSummary {
  readonly cidr: Cidr;
  readonly seen: Seen;
  readonly affinity: string | null;
  /** Undefined when nobody owns it, or `affinity` is text of another form. */
  readonly owner: Owner | undefined;
  readonly isEmpty: boolean;
  /** Held and cooling. */
  readonly inUse: number;
  /** Held ordinals, and the handle of each; undefined for one without. */
  readonly held: readonly number[];
  readonly handles: readonly (string | undefined)[];
  /** Addresses whose `node` is not the owner of the block. */
  readonly borrowed: number;
}

export function summaryOf(block: Block, seen: Seen): BlockSummary {
  const owner = ownerOf(block);
  const ordinals = ordinalsInUse(block);
  const held: number[] = [];
  const handles: (string | undefined)[] = [];
  let borrowed = 0;
  for (const ordinal of ordinals) {
    const attribute = block.attributes?.[block.allocations[ordinal] ?? -1];
    if (attribute?.releasedAt !== undefined) continue;
    held.push(ordinal);
    handles.push(attribute?.handleId);
    const node = attribute?.secondary?.['node'];
    if (owner?.type === 'host' && node !== undefined && node !== owner.name) borrowed++;
  }
  const { cidr, affinity } = block;
  return { cidr, seen, affinity, owner, isEmpty: isEmpty(block), inUse: ordinals.length, held, handles, borrowed };
}

/** Addresses that both hold, each with its two holders. */
export function sharedAddresses(a: BlockSummary, b: BlockSummary): { readonly ip: string; readonly holders: readonly [string, string] }[] {
  const inA = new Map(a.held.map((ordinal, index) => [a.cidr.base + BigInt(ordinal), a.handles[index]]));
  return b.held.flatMap((ordinal, index) => {
    const value = b.cidr.base + BigInt(ordinal);
    if (!inA.has(value)) return [];
    return [{ ip: ipOfOrdinal(b.cidr, ordinal).text, holders: [holderText(inA.get(value)), holderText(b.handles[index])] as const }];
  });
}

function holderText(handle: string | undefined): string {
  return handle === undefined ? 'somebody without a handle' : `handle ${handle}`;
}
