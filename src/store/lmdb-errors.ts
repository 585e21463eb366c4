import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { StoreError, type StoreErrorCode } from './port.ts';

/** LMDB's own codes (lmdb.h); other numbers are the system's. */
const LMDB_CODES = {
  PAGE_NOTFOUND: -30_797,
  CORRUPTED: -30_796,
  PANIC: -30_795,
  VERSION_MISMATCH: -30_794,
  INVALID: -30_793,
  MAP_FULL: -30_792,
  READERS_FULL: -30_790,
} as const;

const { EACCES, EDQUOT, EFBIG, EINVAL, EIO, ENOSPC, EPERM, EROFS } = constants.errno;

interface Meaning {
  readonly code: StoreErrorCode;
  readonly advice: string;
}

const RESTORE = 'It is damaged: restore it from a backup.';
const FULL: Meaning = { code: 'store-full', advice: 'Its disk is full: free some space there, then try again.' };

/** The first that lists the error's code counts: a number when LMDB found it, text when Node did. */
const MEANINGS: readonly (Meaning & { readonly codes: readonly (number | string)[] })[] = [
  { ...FULL, codes: [ENOSPC, EDQUOT, EFBIG, LMDB_CODES.MAP_FULL, 'ENOSPC', 'EDQUOT'] },
  {
    codes: [EACCES, EPERM, EROFS, 'EACCES', 'EPERM', 'EROFS'],
    code: 'store-permission',
    advice: 'Use it as the user who owns it, or give a folder that this user may write to.',
  },
  {
    codes: [LMDB_CODES.PAGE_NOTFOUND, LMDB_CODES.CORRUPTED, LMDB_CODES.PANIC, LMDB_CODES.VERSION_MISMATCH, LMDB_CODES.INVALID],
    code: 'store-foreign',
    advice: RESTORE,
  },
  {
    // A record shorter than what it must hold.
    codes: ['ERR_OUT_OF_RANGE', 'ERR_BUFFER_OUT_OF_BOUNDS'],
    code: 'store-foreign',
    advice: RESTORE,
  },
  {
    codes: [EINVAL],
    code: 'store-unavailable',
    advice: 'Another process closed it, and its locks with it, at this very moment: try again.',
  },
  { codes: [LMDB_CODES.READERS_FULL], code: 'store-unavailable', advice: 'Too many processes use it at once: try again later.' },
  {
    codes: ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'],
    code: 'store-unavailable',
    advice: 'Give a folder on a local disk that exists or can be created.',
  },
];
const OTHER: Meaning = { code: 'store-unavailable', advice: 'Look at its disk and at the system log.' };

/** A file system with less than this is full: what a small store and its lock file need to begin with. */
export const FREE_BYTES_MIN = 1_048_576;

/** What LMDB or the file system said, as the port tells it; anything else, such as a bug, is given back unchanged. */
export function explain(error: unknown, name: string, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const known = MEANINGS.find(({ codes }) => codes.includes(code));
  // What Node's own functions say about their arguments is a bug.
  if (!known && typeof code === 'string' && code.startsWith('ERR_')) return error;
  const meaning = isDiskFull(code, folder) ? FULL : (known ?? OTHER);
  return new StoreError(meaning.code, `The store ${name} cannot be used: ${error.message}. ${meaning.advice}`, { cause: error });
}

/** A record that must be there is not. `lost`: what cannot be told for want of it. */
export function damaged(lost: string): StoreError {
  return new StoreError('store-foreign', `The embedded store is damaged: it has lost ${lost}. Restore it from a backup.`);
}

/** LMDB reports a write that the disk took only in part as an input/output error. */
function isDiskFull(code: number | string, folder: string): boolean {
  return code === EIO && freeBytes(folder) < FREE_BYTES_MIN;
}

/** Undefined for errors that neither the system nor LMDB reported. */
function codeOf(error: Error): number | string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' || typeof code === 'string' ? code : undefined;
}

/** What this user may still fill; 0 when nobody can tell. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
