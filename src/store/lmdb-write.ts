/**
 * Write transactions that begin at the last commit. LMDB as lmdb 3.5 brings it does not promise that: whoever opens the
 * environment sets the shared number of the last transaction from a meta page read earlier, and so may set it back while
 * another process commits. The next transaction then begins behind that commit, and would undo it.
 */
import type { LmdbDatabase } from './lmdb-data.ts';

/** Nothing was written; opening the environment anew sets the number right. */
export class StaleStart extends Error {
  override readonly name = 'StaleStart';
}

/** How often a stale start is tried again: each needs another process that opens the store at this very moment. */
export const STALE_STARTS_MAX = 100;

/** What lmdb knows and its types do not tell: the last commit by the meta pages, which only the holder of the lock changes. */
interface WithInfo {
  readonly env: { info(): { readonly lastTxnId: number } };
}

/** Runs `change` in one write transaction, which is undone when it throws; throws {@link StaleStart} before it when it must not. */
export function writeTransaction(db: LmdbDatabase, change: () => void): void {
  db.transactionSync(() => {
    const { lastTxnId } = (db as unknown as WithInfo).env.info();
    if (db.getWriteTxnId() !== lastTxnId + 1)
      throw new StaleStart(`the transaction begins at ${db.getWriteTxnId()}, the last one was ${lastTxnId}`);
    change();
  });
}
