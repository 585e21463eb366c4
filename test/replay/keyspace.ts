/** Raw access to what is stored below `/calico/`, past the library. */
import { COMMIT_OPERATIONS_MAX, type Store } from '../../src/store/port.ts';

const CALICO = '/calico/';
/** What a replay may leave behind: Calico's keys, and plat's own. */
const ALL_PREFIXES = [CALICO, '/plat/'];

/** Key to value text. */
export type Snapshot = ReadonlyMap<string, string>;

export class Keyspace {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Everything below `/calico/`, in key order. */
  async snapshot(): Promise<Snapshot> {
    const values = new Map<string, string>();
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for await (const { entries } of this.#store.list(CALICO)) {
      for (const { key, value } of entries) values.set(key, decoder.decode(value));
    }
    return values;
  }

  /** Puts values; null deletes. */
  async write(changes: ReadonlyMap<string, string | null>): Promise<void> {
    const encoder = new TextEncoder();
    const all = [...changes];
    for (let at = 0; at < all.length; at += COMMIT_OPERATIONS_MAX) {
      const batch = all.slice(at, at + COMMIT_OPERATIONS_MAX);
      const writes = batch.flatMap(([key, value]) => (value === null ? [] : [{ key, value: encoder.encode(value) }]));
      const deletes = batch.flatMap(([key, value]) => (value === null ? [key] : []));
      const outcome = await this.#store.commit({ guards: [], writes, deletes });
      if (outcome.kind !== 'committed') throw new Error(`a raw write to ${this.#store.name} ended as ${outcome.kind}`);
    }
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#keys()).length === 0;
  }

  /** Deletes everything a replay may have written. */
  async clear(): Promise<void> {
    await this.write(new Map((await this.#keys()).map((key) => [key, null])));
  }

  async #keys(): Promise<string[]> {
    const keys: string[] = [];
    for (const prefix of ALL_PREFIXES) {
      for await (const { entries } of this.#store.list(prefix, { keysOnly: true })) keys.push(...entries.map(({ key }) => key));
    }
    return keys;
  }
}
