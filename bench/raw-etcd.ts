/** The yardstick of etcd: a bare transaction by the same client, of the size that an assignment writes. */
import type { Etcd3 } from 'etcd3';
import { connectEtcd3 } from '../src/store/etcd-grpc.ts';
import { readOptions } from '../src/store/etcd-options.ts';
import { handleOf } from './pods.ts';
import { HANDLE_VALUE, rawBlock } from './raw-values.ts';
import { type Contender, type Pass, runPass, type Turn } from './rounds.ts';

/** Compares the mod revision of one key, puts it with a block's bytes, and puts a handle; keys are each worker's own. */
export class RawTransactions implements Contender {
  readonly #client: Etcd3;
  readonly #workers: number;
  readonly #shape: { readonly perPass: number; readonly passes: number };
  readonly #revisions: string[];
  readonly #block = rawBlock();
  #handles = 0;

  constructor(client: Etcd3, workers: number, shape: { readonly perPass: number; readonly passes: number }) {
    this.#client = client;
    this.#workers = workers;
    this.#shape = shape;
    this.#revisions = Array.from({ length: workers }, () => '0');
  }

  async turn(): Promise<Turn> {
    const workers = Array.from({ length: this.#workers }, (_, worker) => () => this.#transact(worker));
    const raw: Pass[] = [];
    for (let pass = 0; pass < this.#shape.passes; pass++) raw.push(await runPass(workers, this.#shape.perPass));
    return { raw };
  }

  async #transact(worker: number): Promise<void> {
    const key = `/bench/raw/${this.#workers}/block/${worker}`;
    const handle = `/bench/raw/${this.#workers}/handle/${handleOf(`raw-${this.#handles++}`)}`;
    const { header, succeeded } = await this.#client
      .if(key, 'Mod', '==', this.#revisions[worker] ?? '0')
      .then(this.#client.put(key).value(this.#block), this.#client.put(handle).value(HANDLE_VALUE))
      .commit();
    if (!succeeded) throw new Error('a raw transaction met a change that nobody made');
    this.#revisions[worker] = header.revision;
  }
}

/** A client of the class, and with the options, that the etcd adapter uses. */
export async function connectRaw(endpoint: string): Promise<{ readonly client: Etcd3; close(): void }> {
  const client = connectEtcd3(endpoint, await readOptions({ endpoints: [endpoint] }));
  return { client, close: () => client.close() };
}
