import { describe, expect, it } from 'vitest';
import { readBlockMap } from '../../src/cli/blockcells.ts';
import { openIpam } from '../../src/ipam/open.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { keys } from '../support/ipam.ts';

/** Addresses that the map shows as borrowed, in a block where the holders' nodes are as in the catalogue. */
async function borrowed(affinity: string | null): Promise<string[]> {
  const store = openMemoryStore();
  const block = {
    cidr: '10.0.1.0/29',
    affinity,
    allocations: [1, 0, 2, 3, null, null, null, 2],
    unallocated: [4, 5, 6],
    attributes: ['myhost', 'otherhost', 'anotherhost'].map((node) => ({ secondary: { node } })),
    sequenceNumber: 1,
    deleted: false,
  };
  const value = new TextEncoder().encode(JSON.stringify(block));
  await store.commit({ guards: [], writes: [{ key: keys.block('10.0.1.0/29'), value }], deletes: [] });
  const { sections } = await readBlockMap(openIpam({ store }), {});
  const cells = [...(sections[0]?.blocks[0]?.cells ?? [])];
  return cells.flatMap(([ordinal, cell]) => (cell.kind === 'held' && cell.borrowed ? [`10.0.1.${ordinal} ${cell.node}`] : []));
}

describe('borrowed addresses', () => {
  it('BM-06 are those of other nodes than the block’s; an index that points nowhere is skipped', async () => {
    expect(await borrowed('host:myhost')).toEqual(['10.0.1.0 otherhost', '10.0.1.2 anotherhost', '10.0.1.7 anotherhost']);
  });

  it('BM-06 in a block of nobody are all', async () => {
    expect(await borrowed(null)).toEqual(['10.0.1.0 otherhost', '10.0.1.1 myhost', '10.0.1.2 anotherhost', '10.0.1.7 anotherhost']);
  });
});
