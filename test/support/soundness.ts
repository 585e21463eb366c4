/** What is stored, decoded, and where it breaks the invariants that hold at every revision plat writes. */
import { compareCidrs, overlaps } from '../../src/core/addr.ts';
import { blockFault, countOfHandle } from '../../src/core/block.ts';
import type { AffinityState, Block, RecordOf, RefOf } from '../../src/core/records.ts';
import { decode } from '../../src/store/codec.ts';
import { parseKey } from '../../src/store/keys.ts';
import type { Store } from '../../src/store/port.ts';

export interface StoredRecords {
  readonly blocks: readonly Block[];
  readonly affinities: readonly { readonly ref: RefOf<'affinity'>; readonly state: AffinityState }[];
  readonly handles: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What can be read of the whole store, at a revision or now. */
export async function recordsIn(store: Store, revision?: bigint): Promise<StoredRecords> {
  const blocks: Block[] = [];
  const affinities: StoredRecords['affinities'][number][] = [];
  const handles = new Map<string, ReadonlyMap<string, number>>();
  for await (const { entries } of store.list('/', revision === undefined ? {} : { revision })) {
    for (const { key, value } of entries) {
      const ref = parseKey(key);
      const decoded = ref && decode(ref, value);
      if (decoded?.kind !== 'ok') continue;
      if (ref?.kind === 'block') blocks.push(decoded.record as RecordOf['block']);
      if (ref?.kind === 'affinity') affinities.push({ ref, state: (decoded.record as RecordOf['affinity']).state });
      if (ref?.kind === 'handle') handles.set(ref.id, (decoded.record as RecordOf['handle']).blocks);
    }
  }
  return { blocks, affinities, handles };
}

/** I1 and I2: blocks that are wrong in themselves, or share addresses with another. */
export function blockFaults({ blocks }: StoredRecords): string[] {
  const broken = blocks.flatMap((block) => blockFault(block) ?? []);
  const sorted = blocks.toSorted((a, b) => compareCidrs(a.cidr, b.cidr));
  const overlapping = sorted.filter(({ cidr }, index) => index > 0 && overlaps((sorted[index - 1] as Block).cidr, cidr));
  return [...broken.map((fault) => `I2: ${fault}`), ...overlapping.map((block) => `I1: block ${block.cidr.text} overlaps another one`)];
}

/** I3: handles that count something else than blocks hold. */
export function handleFaults({ blocks, handles }: StoredRecords): string[] {
  const faults: string[] = [];
  for (const [id, counts] of handles) {
    if (counts.size === 0) faults.push(`I3: handle ${id} holds nothing`);
    for (const [network, count] of counts) {
      const block = blocks.find(({ cidr }) => cidr.text === network);
      const real = block ? countOfHandle(block, id) : 0;
      if (real !== count) faults.push(`I3: handle ${id} counts ${count} in ${network}, which holds ${real}`);
    }
  }
  for (const { cidr, attributes } of blocks) {
    for (const id of new Set(attributes?.flatMap(({ handleId }) => handleId ?? []))) {
      if (!handles.get(id)?.has(cidr.text) && !isKeptByHost(id))
        faults.push(`I3: ${cidr.text} knows handle ${id}, which does not count it`);
    }
  }
  return faults;
}

/** EB-05: what a host keeps for itself is counted by no handle. Tests name such handles with this prefix. */
function isKeptByHost(handle: string): boolean {
  return handle.startsWith('kept-') || handle === 'windows-reserved-ipam-handle';
}

/** I5: affinities without their block, blocks without their affinity, and states that plat never writes. */
export function affinityFaults({ blocks, affinities }: StoredRecords): string[] {
  const stated = affinities.map(({ ref, state }) => ({ text: `${ref.owner.type}:${ref.owner.name} ${ref.cidr.text}`, state }));
  const owned = blocks.flatMap(({ affinity, cidr }) => (affinity === null ? [] : [`${affinity} ${cidr.text}`]));
  return [
    ...stated.filter(({ state }) => state !== 'confirmed').map(({ text, state }) => `I5: affinity ${text} is ${state}`),
    ...stated.filter(({ text }) => !owned.includes(text)).map(({ text }) => `I5: affinity ${text} has no such block`),
    ...owned.filter((text) => !stated.some((each) => each.text === text)).map((text) => `I5: block ${text} has no affinity`),
  ];
}
