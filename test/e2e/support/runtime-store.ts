/** A store as plugins in a machine of their own reach it, and as the test looks into it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openIpam } from '../../../src/ipam/open.ts';
import { openStore } from '../../../src/store/open.ts';
import { startEtcd } from '../../support/etcd.ts';
import type { Isolated } from './isolated.ts';
import { heldIn, leftIn, type StoreKind, type TestStore } from './store.ts';
import { StoreGate } from './store-gate.ts';

export class RuntimeStore {
  /** For `store` in a network configuration. */
  readonly url: string;
  readonly #ownUrl: string;
  readonly #remove: () => Promise<void>;

  constructor(url: string, ownUrl: string, remove: () => Promise<void>) {
    this.url = url;
    this.#ownUrl = ownUrl;
    this.#remove = remove;
  }

  /**
   * Opens it for as long as `work` takes, which must not overlap with plugins: their processes have numbers of their
   * own, and LMDB would take one of theirs for ours.
   */
  async visit<T>(work: (store: TestStore) => Promise<T>): Promise<T> {
    const store = await openStore(this.#ownUrl);
    const ipam = openIpam({ store });
    try {
      return await work({ url: this.#ownUrl, store, ipam });
    } finally {
      await ipam.close();
    }
  }

  /** Address to handle, of all that is held. */
  held(): Promise<Map<string, string>> {
    return this.visit(heldIn);
  }

  /** Handles and held addresses, in words. */
  left(): Promise<string[]> {
    return this.visit(leftIn);
  }

  async addPool(cidr: string, blockSize: number): Promise<void> {
    await this.visit(({ ipam }) => ipam.pools.create({ name: 'pods', spec: { cidr, blockSize } }));
  }

  remove(): Promise<void> {
    return this.#remove();
  }
}

export async function newEmbeddedStore(): Promise<RuntimeStore> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-store-'));
  return new RuntimeStore(`lmdb:${folder}`, `lmdb:${folder}`, () => rm(folder, { recursive: true, force: true }));
}

/** An etcd behind a gate in the machine's own network. */
export async function newGatedStore(machine: Isolated): Promise<{ readonly store: RuntimeStore; readonly gate: StoreGate }> {
  const { endpoints, stop } = await startEtcd();
  const gate = new StoreGate(await machine.listen(), endpoints[0] as string);
  const remove = async () => {
    await gate.close();
    await stop();
  };
  return { store: new RuntimeStore(`etcd://${gate.endpoint}`, `etcd://${endpoints[0]}`, remove), gate };
}

export async function newRuntimeStore(kind: StoreKind, machine: Isolated): Promise<RuntimeStore> {
  return kind === 'lmdb' ? await newEmbeddedStore() : (await newGatedStore(machine)).store;
}
