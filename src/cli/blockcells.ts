/** What the block map shows: pools, their blocks, and what each address is. */
import { type Cidr, compareCidrs, covers, parseCidrMasked } from '../core/addr.ts';
import type { BlockView, CallOptions, Ipam } from '../ipam/api.ts';

/** One address. `node` is undefined where the holder does not say. */
export type Cell =
  | { readonly kind: 'free' }
  | { readonly kind: 'cooling' }
  | { readonly kind: 'held'; readonly node: string | undefined; readonly borrowed: boolean };

export interface MapBlock {
  readonly network: Cidr;
  /** The node it is affine to. */
  readonly owner: string | undefined;
  readonly size: number;
  /** By ordinal; what is not there is free. */
  readonly cells: ReadonlyMap<number, Cell>;
  readonly view: BlockView;
}

/** The blocks of one pool in numeric order; `pool` is undefined for those that lie in none. */
export interface MapSection {
  readonly pool: { readonly name: string; readonly cidr: Cidr } | undefined;
  readonly blocks: readonly MapBlock[];
}

export interface BlockMap {
  readonly sections: readonly MapSection[];
  readonly corrupt: readonly { readonly corruptKey: string; readonly reason: string }[];
}

/** Reads pools and all blocks. The pools may be a little older than the blocks. */
export async function readBlockMap(ipam: Ipam, options: CallOptions): Promise<BlockMap> {
  const pools = (await ipam.pools.list(options)).flatMap(({ name, spec }) => {
    const cidr = parseCidrMasked(spec.cidr);
    return cidr ? [{ name, cidr }] : [];
  });
  pools.sort((a, b) => compareCidrs(a.cidr, b.cidr));
  const blocks: MapBlock[] = [];
  const corrupt: BlockMap['corrupt'][number][] = [];
  for await (const item of ipam.listBlocks(options)) {
    if ('corruptKey' in item) corrupt.push(item);
    else blocks.push(mapBlock(item));
  }
  blocks.sort((a, b) => compareCidrs(a.network, b.network));
  return { sections: sectionsOf(pools, blocks), corrupt };
}

function mapBlock(view: BlockView): MapBlock {
  const network = parseCidrMasked(view.cidr);
  if (!network) throw new Error(`bug: the library gave '${view.cidr}' as the network of a block`);
  const owner = view.affinity?.replace(/^(host|virtual):/, '');
  const cells = new Map(view.held.map(({ ordinal, attribute }) => [ordinal, cellOf(attribute, owner)]));
  return { network, owner, size: view.size, cells, view };
}

function cellOf(attribute: BlockView['held'][number]['attribute'], owner: string | undefined): Cell {
  if (attribute?.releasedAt !== undefined) return { kind: 'cooling' };
  const node = attribute?.secondary?.['node'];
  return { kind: 'held', node, borrowed: node !== undefined && node !== owner };
}

function sectionsOf(pools: readonly NonNullable<MapSection['pool']>[], blocks: readonly MapBlock[]): readonly MapSection[] {
  const sections = pools.map((pool) => ({ pool, blocks: [] as MapBlock[] }));
  const orphans: MapBlock[] = [];
  for (const block of blocks) {
    const section = sections.find(({ pool }) => covers(pool.cidr, block.network));
    (section?.blocks ?? orphans).push(block);
  }
  return orphans.length === 0 ? sections : [...sections, { pool: undefined, blocks: orphans }];
}

/** How many addresses are held, of these borrowed, and cooling. */
export function countCells(blocks: readonly MapBlock[]): { held: number; borrowed: number; cooling: number } {
  const counts = { held: 0, borrowed: 0, cooling: 0 };
  for (const cell of blocks.flatMap((block) => [...block.cells.values()])) {
    if (cell.kind === 'cooling') counts.cooling++;
    if (cell.kind === 'held') counts.held++;
    if (cell.kind === 'held' && cell.borrowed) counts.borrowed++;
  }
  return counts;
}

/** The map as plain data. */
export function blockMapValue({ sections, corrupt }: BlockMap): object {
  return {
    blocks: sections.flatMap(({ pool, blocks }) => blocks.map((block) => blockValue(block, pool?.name ?? null))),
    ...(corrupt.length > 0 && { corrupt }),
  };
}

function blockValue({ view, cells }: MapBlock, pool: string | null): object {
  return {
    cidr: view.cidr,
    pool,
    affinity: view.affinity,
    size: view.size,
    addresses: view.held.map(({ ip, ordinal, attribute }) => ({
      ip,
      state: cells.get(ordinal)?.kind,
      handle: attribute?.handleId ?? null,
      node: attribute?.secondary?.['node'] ?? null,
    })),
  };
}
