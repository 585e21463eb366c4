/** One key at a time, each write guarded by what was read: how Calico uses etcd (data model §1.2). */
import type { Collection, RecordOf, Ref, RefOf } from '../../../src/core/records.ts';
import { decode, encode } from '../../../src/store/codec.ts';
import { keyOf, parseKey, rangesOf } from '../../../src/store/keys.ts';
import { type CommitRequest, type Entry, type Store, StoreError } from '../../../src/store/port.ts';

export interface Stored<K extends Ref['kind']> {
  readonly ref: RefOf<K>;
  readonly record: RecordOf[K];
  readonly revision: bigint;
}

/** The key changed, or was there already, or is gone. */
export class Conflict extends Error {}

/** The store did not do it, or did not say: the operation ends with an error, whatever it has done. */
export class Failed extends Error {}

export class Entries {
  readonly #store: Store;
  readonly #isOver: () => boolean;

  /** `isOver`: the caller has given up, and what was read for it must not be acted on any more. */
  constructor(store: Store, isOver: () => boolean) {
    this.#store = store;
    this.#isOver = isOver;
  }

  async get<K extends Ref['kind']>(ref: RefOf<K>): Promise<Stored<K> | undefined> {
    const key = keyOf(ref);
    const { entries } = await this.#answered(() => this.#store.read({ keys: [key] }));
    return storedOf(ref, entries.get(key));
  }

  /** Existing members of a collection; what cannot be read is left out (data model §1.4). */
  async list<K extends Ref['kind']>(kind: K, collection: Collection): Promise<Stored<K>[]> {
    const { ranges } = await this.#answered(() => this.#store.read({ ranges: rangesOf(collection) }));
    return ranges.flatMap(({ entries }) =>
      entries.flatMap((entry) => {
        const ref = parseKey(entry.key);
        return ref?.kind === kind ? (storedOf(ref as RefOf<K>, entry) ?? []) : [];
      }),
    );
  }

  create<K extends Ref['kind']>(ref: RefOf<K>, record: RecordOf[K]): Promise<bigint> {
    const key = keyOf(ref);
    return this.#commit({ guards: [{ key, revision: 'absent' }], writes: [{ key, value: encode<K>(ref as never, record) }], deletes: [] });
  }

  update<K extends Ref['kind']>({ ref, revision }: Stored<K>, record: RecordOf[K]): Promise<bigint> {
    const key = keyOf(ref);
    return this.#commit({ guards: [{ key, revision }], writes: [{ key, value: encode<K>(ref as never, record) }], deletes: [] });
  }

  delete({ ref, revision }: { readonly ref: Ref; readonly revision: bigint }): Promise<bigint> {
    const key = keyOf(ref);
    return this.#commit({ guards: [{ key, revision }], writes: [], deletes: [key] });
  }

  async #commit(request: CommitRequest): Promise<bigint> {
    if (this.#isOver()) throw new Failed('the deadline is over');
    const outcome = await this.#answered(() => this.#store.commit(request));
    switch (outcome.kind) {
      case 'committed':
        return outcome.revision;
      case 'conflict':
        throw new Conflict(`${request.guards[0]?.key} changed`);
      case 'unknown':
        throw new Failed(outcome.cause.message);
    }
  }

  async #answered<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw error instanceof StoreError ? new Failed(error.message) : error;
    }
  }
}

function storedOf<K extends Ref['kind']>(ref: RefOf<K>, entry: Entry | undefined): Stored<K> | undefined {
  const decoded = entry && decode<K>(ref as never, entry.value);
  return decoded?.kind === 'ok' ? { ref, record: decoded.record, revision: (entry as Entry).revision } : undefined;
}
