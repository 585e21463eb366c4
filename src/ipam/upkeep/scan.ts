/** Every record of the store in pages at one revision, in the order an audit wants: settings, blocks, handles, affinities, marks. */
import type { RecordOf, Ref } from '../../core/records.ts';
import { type Decoded, decode } from '../../store/codec.ts';
import { keyOf, PREFIXES, parseKey } from '../../store/keys.ts';
import { type Entry, type Revision, type Store, StoreError } from '../../store/port.ts';
import type { CallOptions } from '../api.ts';

export interface Scanned {
  readonly key: string;
  readonly revision: Revision;
  /** Undefined: the key names none of our records. */
  readonly named: { readonly ref: Ref; readonly decoded: Decoded<RecordOf[Ref['kind']]> } | undefined;
}

/** Times reading is begun again because the store compacted what was being read, or a page of it did not come. */
const ATTEMPTS_MAX = 3;

/** `each` is called for each record; `end` gives the result. */
export interface Pass<T> {
  each(scanned: Scanned): void;
  end(): T;
}

/** Called for each attempt, with the revision, before anything is read at it. */
export type BeginPass<T> = (revision: Revision) => Pass<T> | Promise<Pass<T>>;

/** What the pass that `begin` gives makes of all records, at one revision. */
export async function scan<T>(store: Store, options: CallOptions, begin: BeginPass<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await scanOnce(store, options, begin);
    } catch (error) {
      const mayPass = error instanceof StoreError && (error.code === 'revision-compacted' || error.code === 'store-unavailable');
      if (!mayPass || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function scanOnce<T>(store: Store, options: CallOptions, begin: BeginPass<T>): Promise<T> {
  const config = keyOf({ kind: 'config' });
  const { revision } = await store.read({ keys: [config] }, options);
  const pass = await begin(revision);
  const steps: readonly (readonly [prefix: string, wanted: (key: string) => boolean])[] = [
    [config, (key) => key === config],
    [PREFIXES.pools, always],
    [PREFIXES.reservations, always],
    [PREFIXES.nodes, always],
    [PREFIXES.ipam, (key) => key !== config],
    [PREFIXES.plat, always],
  ];
  for (const [prefix, wanted] of steps) {
    for await (const { entries } of store.list(prefix, { ...options, revision })) {
      for (const entry of entries) if (wanted(entry.key)) pass.each(scannedOf(entry));
    }
  }
  return pass.end();
}

function always(): boolean {
  return true;
}

/** A key in another spelling than the record's own would be written beside it (data model §1.4, §2.1). */
function scannedOf({ key, value, revision }: Entry): Scanned {
  const ref = parseKey(key);
  const named = ref && keyOf(ref) === key ? { ref, decoded: decode(ref, value) } : undefined;
  return { key, revision, named };
}
