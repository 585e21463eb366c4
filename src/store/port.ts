/**
 * The store port: bytes in, bytes out, revisions always visible, compare-and-commit inside.
 *
 * Five verbs. Nothing IPAM-shaped crosses it. `memory.ts` is the executable definition; `test/store/contract.ts` runs
 * over every adapter.
 *
 * Keys are strings, compared and ordered by their UTF-8 bytes, 1 to {@link KEY_BYTES_MAX} bytes long.
 */

/** A store-wide counter that grows by one with every committed write; never 0 for a stored entry. */
export type Revision = bigint;

/** LMDB's limit is the smallest of the three stores: one bound for all keeps dumps portable. */
export const KEY_BYTES_MAX = 1_024;
/** etcd's default `--max-txn-ops`: guards, and writes with deletes, are each at most this many in one commit. */
export const COMMIT_OPERATIONS_MAX = 128;
/** etcd's default `--max-request-bytes`, less room for framing. */
export const COMMIT_BYTES_MAX = 1_500_000;

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the commit that wrote this value. */
  readonly revision: Revision;
}

/** Keys from `start` (included) to `end` (excluded). */
export interface KeyRange {
  readonly start: string;
  readonly end: string;
  /** Leave values out (empty `value`): existence and revision only. */
  readonly keysOnly?: boolean;
  /** At most this many entries, from the start. */
  readonly limit?: number;
}

export interface ReadRequest {
  /** Entries wanted with their value. */
  readonly keys?: readonly string[];
  /** Entries of which only existence and revision are wanted. */
  readonly probes?: readonly string[];
  readonly ranges?: readonly KeyRange[];
}

export interface ReadResult {
  /** The one revision at which everything was read. */
  readonly revision: Revision;
  /** What exists of `keys` and `probes`; a probe's `value` is empty. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** One result per requested range, in order; entries in key order. `more`: the limit cut the range short. */
  readonly ranges: readonly { readonly entries: readonly Entry[]; readonly more: boolean }[];
}

export interface ListOptions extends CallOptions {
  readonly keysOnly?: boolean;
  /** Entries per page. Default: as many as the store gives well. */
  readonly pageSize?: number;
  /** Read at this revision instead of the newest one; a compacted revision fails with `revision-compacted`. */
  readonly revision?: Revision;
}

/** What must hold for a commit to happen: the key is absent, or its entry was last written at this revision. */
export interface Guard {
  readonly key: string;
  readonly revision: Revision | 'absent';
}

export interface CommitRequest {
  readonly guards: readonly Guard[];
  readonly writes: readonly { readonly key: string; readonly value: Uint8Array }[];
  /** Deleting an absent key is no error. A key is written or deleted at most once per commit. */
  readonly deletes: readonly string[];
}

/**
 * - `committed`: all writes and deletes happened, at `revision`, and are durable.
 * - `conflict`: a guard did not hold, nothing happened; `current` has every guarded key that exists, with value.
 * - `unknown`: it may or may not have happened, and may still happen (reply lost, deadline, leader change). Never send
 *   it again: look for evidence (docs/decisions/0003-unknown-outcome.md).
 */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly revision: Revision }
  | { readonly kind: 'conflict'; readonly revision: Revision; readonly current: ReadonlyMap<string, Entry> }
  | { readonly kind: 'unknown'; readonly cause: Error };

/**
 * `put`/`delete`: one per changed key, in revision order, each exactly once. `compacted`: history from the wanted revision
 * is gone; the stream ends, and the reader must list again and watch from the listing's revision + 1.
 */
export type WatchEvent =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array; readonly revision: Revision }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: Revision }
  | { readonly kind: 'compacted' };

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds this call may take; the adapter's default when absent. */
  readonly timeoutMs?: number;
}

export interface Store {
  /** For messages: `memory`, `lmdb:/path`, `etcd://host:port`. Never holds a secret. */
  readonly name: string;
  /** Everything asked for, at one revision, in one round trip. Linearizable. */
  read(request: ReadRequest, options?: CallOptions): Promise<ReadResult>;
  /** Pages of a prefix, all at one revision, in key order. */
  list(prefix: string, options?: ListOptions): AsyncIterable<{ readonly revision: Revision; readonly entries: readonly Entry[] }>;
  /** Compare and commit, atomically. */
  commit(request: CommitRequest, options?: CallOptions): Promise<CommitOutcome>;
  /** Events on keys that start with `prefix`, from `fromRevision` on (included). Ends when `signal` aborts. */
  watch(prefix: string, fromRevision: Revision, options?: { readonly signal?: AbortSignal }): AsyncIterable<WatchEvent>;
  close(): Promise<void>;
}

/**
 * A store call that did not happen, and never will: `commit` reports anything less certain as `unknown`.
 *
 * - `store-unavailable`: nobody answers, wrong port, TLS mismatch, deadline before sending. Trying later may help.
 * - `store-auth`: user, password or certificate refused. `store-permission`: a key is outside what the user may touch.
 * - `store-full`: quota or disk exhausted; reads and deletes still work.
 * - `too-large`: more operations or bytes than one commit may hold, or a key that is too long.
 * - `revision-compacted`: the history asked for is gone.
 * - `store-foreign`: the place holds something that is not a store of ours, or a damaged one.
 * - `aborted`: the caller's signal.
 */
export type StoreErrorCode =
  | 'store-unavailable'
  | 'store-auth'
  | 'store-permission'
  | 'store-full'
  | 'too-large'
  | 'revision-compacted'
  | 'store-foreign'
  | 'aborted';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The range of all keys that start with `prefix`. */
export function prefixRange(prefix: string): KeyRange {
  return { start: prefix, end: `${prefix}\u{10FFFF}` };
}
