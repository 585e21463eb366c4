/** A cluster as large as Kubernetes allows, written straight into a store: nodes, blocks, affinities, handles. */
import { cidrAt } from '../src/core/addr.ts';
import { assignFree, newBlock, updated } from '../src/core/block.ts';
import { type Affinity, type Block, NO_EXTRA, type RecordOf, type Ref } from '../src/core/records.ts';
import { encode } from '../src/store/codec.ts';
import { keyOf } from '../src/store/keys.ts';
import { COMMIT_OPERATIONS_MAX, type Store } from '../src/store/port.ts';

export interface BigCluster {
  readonly nodes: number;
  readonly blocksPerNode: number;
  readonly addressesPerBlock: number;
}

const POOL_BASE = 0x0a00_0000n;
const BLOCK_ADDRESSES = 64n;
const CREATED_NS = 1_787_356_800_000_000_000n;
const CONFIRMED: Affinity = { state: 'confirmed', deleted: false, extra: NO_EXTRA };
/** Commits on their way at once. */
const COMMITS_AT_ONCE = 8;

export function nodeName(node: number): string {
  return `worker-${String(node).padStart(5, '0')}`;
}

function podName(block: number, index: number): string {
  return `web-${block}-${index}`;
}

/** The pool 10.0.0.0/8 must be there already. */
export async function fill(store: Store, cluster: BigCluster): Promise<void> {
  const records = recordsOf(cluster);
  const worker = async () => {
    for (let batch = take(records); batch.length > 0; batch = take(records)) {
      const writes = batch.map(([ref, record]) => ({ key: keyOf(ref), value: encode(ref, record) }));
      const outcome = await store.commit({ guards: [], writes, deletes: [] });
      if (outcome.kind !== 'committed') throw new Error(`the store answered ${outcome.kind}`);
    }
  };
  await Promise.all(Array.from({ length: COMMITS_AT_ONCE }, worker));
}

type Stored = readonly [ref: Ref, record: RecordOf[Ref['kind']]];

function take(records: Iterator<Stored>): Stored[] {
  const taken: Stored[] = [];
  while (taken.length < COMMIT_OPERATIONS_MAX) {
    const next = records.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}

function* recordsOf({ nodes, blocksPerNode, addressesPerBlock }: BigCluster): Generator<Stored> {
  for (let node = 0; node < nodes; node++) {
    const name = nodeName(node);
    const object = new Map([['metadata', new Map([['name', name]])]]);
    yield [
      { kind: 'node', name },
      { name, labels: {}, object },
    ];
    for (let own = 0; own < blocksPerNode; own++) yield* recordsOfBlock(name, node * blocksPerNode + own, addressesPerBlock);
  }
}

function* recordsOfBlock(node: string, number: number, addresses: number): Generator<Stored> {
  const cidr = cidrAt(4, POOL_BASE + BigInt(number) * BLOCK_ADDRESSES, 26);
  const owner = { type: 'host' as const, name: node };
  let block: Block = newBlock(cidr, owner, CREATED_NS);
  for (let index = 0; index < addresses; index++) {
    const id = `k8s-pod-network.${number.toString(16).padStart(32, '0')}${index.toString(16).padStart(32, '0')}`;
    const attrs = { namespace: 'default', node, pod: podName(number, index), timestamp: '2026-08-22 06:31:02.004511892 +0000 UTC' };
    block = updated(assignFree(block, 1, { handle: id, attrs }, () => false).block);
    yield [
      { kind: 'handle', id },
      { blocks: new Map([[cidr.text, 1]]), deleted: false, extra: NO_EXTRA },
    ];
  }
  yield [{ kind: 'block', cidr }, block];
  yield [{ kind: 'affinity', owner, cidr }, CONFIRMED];
}
