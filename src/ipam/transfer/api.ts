/** What moving whole stores takes and gives (docs/api.md). */
import type { CallOptions } from '../call-options.ts';

export interface LoadOptions extends CallOptions {
  /** Opens the dump from its beginning; called twice: all of it is read before the first write. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /**
   * `empty` (default): the store must hold nothing but entries of this dump, as an earlier load that was cut short leaves them.
   * `merge`: it may hold others, which stay; none may differ. `replace`: afterwards it holds what the dump does.
   */
  readonly mode?: 'empty' | 'merge' | 'replace';
  /** Compare and count only. */
  readonly dryRun?: boolean;
  /** With `replace`: `revision` of an earlier result; what of the store would be lost and is newer is refused with `conflict`. */
  readonly seenAt?: bigint;
  /** `total`: when it is known. */
  readonly onProgress?: (progress: {
    readonly phase: 'reading' | 'writing';
    readonly done: number;
    readonly total: number | undefined;
  }) => void;
}

/** Keys of the dump, and how the store compared with it before the load. */
export interface LoadCounts {
  readonly entries: number;
  readonly absent: number;
  readonly equal: number;
  readonly different: number;
  /** Keys of the store that the dump does not have. */
  readonly extra: number;
}

export interface LoadResult extends LoadCounts {
  /** Of the store when it was compared. */
  readonly revision: bigint;
  /** Where and when the dump was made. */
  readonly source: { readonly revision: string; readonly time: string; readonly source: string };
  /** Entries of the dump by what they are: `block`, `affinity`, `handle`, … */
  readonly kinds: Readonly<Record<string, number>>;
  /** Done, or with `dryRun` to be done. */
  readonly added: number;
  readonly replaced: number;
  readonly deleted: number;
  readonly written: boolean;
}

export interface Transfer {
  /**
   * The whole store as text, line by line, at one revision: everything that plat and Calico's IPAM keep, byte for byte. Marks
   * that expire are left out. Rejects with `too-much-contention` when the store compacts that revision meanwhile.
   */
  dump(options?: CallOptions): AsyncIterable<string>;
  /** Rejects with `bad-dump` or `store-not-empty` before anything is written. Pools are written last. */
  load(options: LoadOptions): Promise<LoadResult>;
}
