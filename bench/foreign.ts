/** Full blocks of other nodes, as a large cluster has them, written straight to the store. */
import { addressCount, type Cidr, parseCidrMasked } from '../src/core/addr.ts';
import { affinityText } from '../src/core/block.ts';
import { CONFIRMED } from '../src/core/plan/own-blocks.ts';
import { type Attribute, type Block, NO_EXTRA, type Owner } from '../src/core/records.ts';
import { blockWalk, walkStartIndex } from '../src/core/walk.ts';
import { encode } from '../src/store/codec.ts';
import { keyOf } from '../src/store/keys.ts';
import type { CommitRequest, Store } from '../src/store/port.ts';
import { attrsOf, handleOf } from './pods.ts';

/** What a node owns at most by default. */
const BLOCKS_PER_HOST = 20;
const BLOCK_SIZE = 26;
const SEQUENCE_NUMBER = 1_787_380_200_123_456_789n;
/** A full /26 takes about 20 KB: below the bytes, and with its affinity below the operations, of one commit. */
const BLOCKS_PER_COMMIT = 60;

/** `walk`: where nodes would have claimed them. `contiguous`: one after the other from the start of the pool. */
export type Placement = 'walk' | 'contiguous';

interface OwnedCidr {
  readonly owner: Owner;
  readonly cidr: Cidr;
}

/** Writes full blocks into a pool, more at every call, each with its affinity. Their handles are left out: nobody reads them. */
export class ForeignBlocks {
  readonly #store: Store;
  readonly #blocks: Iterator<OwnedCidr>;
  #count = 0;

  constructor(store: Store, poolCidr: string, placement: Placement) {
    const pool = parseCidrMasked(poolCidr);
    if (pool === undefined) throw new Error(`${poolCidr} is no network`);
    this.#store = store;
    this.#blocks = ownedCidrs(pool, placement);
  }

  /** Writes until there are `count` blocks in all. */
  async growTo(count: number): Promise<void> {
    while (this.#count < count) {
      const batch: OwnedCidr[] = [];
      while (batch.length < BLOCKS_PER_COMMIT && this.#count + batch.length < count) {
        const next = this.#blocks.next();
        if (next.done) throw new Error(`the pool has no room for ${count} blocks`);
        batch.push(next.value);
      }
      const outcome = await this.#store.commit(creationOf(batch));
      if (outcome.kind !== 'committed') throw new Error(`loading foreign blocks ended as ${outcome.kind}`);
      this.#count += batch.length;
    }
  }
}

function* ownedCidrs(pool: Cidr, placement: Placement): Generator<OwnedCidr> {
  const blocks = addressCount(pool) >> BigInt(32 - BLOCK_SIZE);
  const taken = new Set<string>();
  for (let host = 0; taken.size < blocks; host++) {
    const owner: Owner = { type: 'host', name: `worker-${host}.region-1.example.internal` };
    const start = placement === 'walk' ? walkStartIndex(owner.name, pool, blocks) : BigInt(taken.size);
    let owned = 0;
    for (const cidr of blockWalk(pool, BLOCK_SIZE, start)) {
      if (taken.has(cidr.text)) continue;
      taken.add(cidr.text);
      yield { owner, cidr };
      if (++owned === BLOCKS_PER_HOST) break;
    }
  }
}

function creationOf(batch: readonly OwnedCidr[]): CommitRequest {
  const writes = batch.flatMap(({ owner, cidr }) => {
    const block = { kind: 'block', cidr } as const;
    const affinity = { kind: 'affinity', owner, cidr } as const;
    return [
      { key: keyOf(block), value: encode(block, fullBlock(cidr, owner)) },
      { key: keyOf(affinity), value: encode(affinity, CONFIRMED) },
    ];
  });
  return { guards: [], writes, deletes: [] };
}

/** A block whose every address is held by a pod of its own. */
export function fullBlock(cidr: Cidr, owner: Owner): Block {
  const ordinals = Array.from({ length: Number(addressCount(cidr)) }, (_, ordinal) => ordinal);
  return {
    cidr,
    affinity: affinityText(owner),
    affinityClaimTime: '2026-08-22T06:30:00Z',
    allocations: ordinals,
    unallocated: [],
    attributes: ordinals.map((ordinal) => attributeOf(owner.name, `${cidr.text}-${ordinal}`)),
    sequenceNumber: SEQUENCE_NUMBER + BigInt(ordinals.length),
    sequenceNumberForAllocation: new Map(ordinals.map((ordinal) => [ordinal, SEQUENCE_NUMBER + BigInt(ordinal)])),
    deleted: false,
    extra: NO_EXTRA,
  };
}

function attributeOf(host: string, pod: string): Attribute {
  return { handleId: handleOf(pod), secondary: attrsOf(host, pod), alternate: undefined, releasedAt: undefined, extra: NO_EXTRA };
}
