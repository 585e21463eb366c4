/**
 * Who has LMDB's write lock, seen from outside. Only for a process that has not opened the store: closing the file drops the locks
 * that LMDB has on it in the same process (fcntl(2)).
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

export const LOCK_FILE = 'lock.mdb';

/** A thread's id, which for most processes is their own; `unknown`: the file has another layout. */
export type LockHolder = number | 'nobody' | 'unknown';

/** Magic, and what LMDB folds its layout into, as this library is built for 64-bit glibc. */
const LAYOUT = [0xbeefc0de, 0x2c2f6002];
/** The mutex of writers begins the second cache line, with the thread that has it. */
const HOLDER_OFFSET = 64;
const HEAD_BYTES = HOLDER_OFFSET + 4;
/** Of that word: whether others wait, and whether its holder died. */
const THREAD_ID = 0x3fffffff;

export function lockHolderOf(folder: string): LockHolder {
  let file: number;
  try {
    file = openSync(join(folder, LOCK_FILE), 'r');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'nobody' : 'unknown';
  }
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    if (readSync(file, head, 0, HEAD_BYTES, 0) < HEAD_BYTES) return 'unknown';
    if (LAYOUT.some((word, index) => head.readUInt32LE(4 * index) !== word)) return 'unknown';
    return head.readUInt32LE(HOLDER_OFFSET) & THREAD_ID || 'nobody';
  } catch {
    return 'unknown';
  } finally {
    closeSync(file);
  }
}
