import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { temporaryFolder } from '../support/folder.ts';

/** Of a meta page: where it has the number of its transaction. */
const TRANSACTION_AT = 152;
const PAGE_BYTES = 4_096;
/** Beyond it the lock file has its readers. */
const SHARED_BYTES = 304;

/** Where the lock file has the shared number of the last transaction, and that number. */
function lastTransaction(folder: string): { at: number; transaction: bigint } {
  const data = readFileSync(join(folder, 'data.mdb'));
  const [first, second] = [0, PAGE_BYTES].map((page) => data.readBigUInt64LE(page + TRANSACTION_AT)) as [bigint, bigint];
  const transaction = first > second ? first : second;
  const lock = readFileSync(join(folder, 'lock.mdb'));
  for (let at = 0; at < SHARED_BYTES; at += 8) if (lock.readBigUInt64LE(at) === transaction) return { at, transaction };
  throw new Error(`${folder}: the lock file does not have transaction ${transaction}`);
}

describe('a process that opens the store while another commits', () => {
  it('I3 sets the shared number of the last transaction back: no answered commit is undone by the next one', async () => {
    const folder = await temporaryFolder();
    const store = await openLmdbStore(folder);
    const put = (key: string) => store.commit({ guards: [], writes: [{ key, value: Buffer.from('v') }], deletes: [] });
    const revisions: unknown[] = [];
    for (const key of ['/a', '/b', '/c', '/d']) revisions.push(await put(key));
    const { at, transaction } = lastTransaction(folder);
    const back = Buffer.alloc(8);
    back.writeBigUInt64LE(transaction - 1n);
    const lock = openSync(join(folder, 'lock.mdb'), 'r+');
    writeSync(lock, back, 0, back.length, at);
    revisions.push(await put('/e'));
    const { entries, revision } = await store.read({ keys: ['/a', '/b', '/c', '/d', '/e'] });
    expect([...entries.keys()]).toEqual(['/a', '/b', '/c', '/d', '/e']);
    expect(revisions).toEqual(
      [2n, 3n, 4n, 5n, 6n].map((each) => expect.objectContaining({ kind: 'committed', revision: revision - 6n + each })),
    );
    await store.close();
    // Not before: to close it gives up this process's locks on the file.
    closeSync(lock);
  });
});
