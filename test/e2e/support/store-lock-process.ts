/** Holds the write lock of the embedded store in the folder that its argument names, from when it says so until its stdin ends. */
import { readSync, writeSync } from 'node:fs';
import { openDatabase } from '../../../src/store/lmdb-open.ts';

const db = openDatabase(process.argv[2] ?? '');
db.transactionSync(() => {
  writeSync(1, 'held\n');
  readSync(0, Buffer.alloc(1));
});
await db.close();
