import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { open, type RootDatabaseOptionsWithPath } from 'lmdb';
import { findDamage } from './lmdb-check.ts';
import type { LmdbDatabase } from './lmdb-data.ts';
import { FREE_BYTES_MIN, freeBytes } from './lmdb-errors.ts';
import { DATA_FILE, EMPTY_STATE, encodeState, FORMAT, FORMAT_VERSION, HEADER_KEY, STATE_KEY } from './lmdb-layout.ts';
import { LOCK_FILE } from './lmdb-lock.ts';
import { STALE_STARTS_MAX, StaleStart, writeTransaction } from './lmdb-write.ts';
import { StoreError } from './port.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Address space, not disk: a store that outgrows it is mapped anew by lmdb. */
const MAP_BYTES = 2 ** 30;
/** Processes that may read at once. */
const READERS_MAX = 254;

/**
 * Opens the store in `folder`, creating both when missing (0700, files 0600). Throws what the system or LMDB says, and
 * `store-foreign`, having written nothing, when the folder holds anything but a store that this version can read.
 */
export function openDatabase(folder: string): LmdbDatabase {
  const dataFile = join(folder, DATA_FILE);
  createFolder(folder);
  // lmdb 3.5 crashes when LMDB fails to open a file: whatever can be known to fail is found out before.
  if (existsSync(dataFile)) refuse(folder, findDamage(checkAccess(dataFile)));
  else accessSync(folder, constants.W_OK | constants.X_OK);
  const isNew = !existsSync(dataFile) || statSync(dataFile).size === 0;
  if (isNew && freeBytes(folder) < FREE_BYTES_MIN) {
    throw new StoreError('store-full', `The disk of ${folder} is full: a new store needs ${FREE_BYTES_MIN} free bytes.`);
  }
  const lockFile = join(folder, LOCK_FILE);
  if (existsSync(lockFile)) checkAccess(lockFile);

  const options: RootDatabaseOptionsWithPath & { permissionsMode: number } = {
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    // With the default, a commit is answered before it is on the disk.
    overlappingSync: false,
    mapSize: MAP_BYTES,
    maxReaders: READERS_MAX,
    permissionsMode: FILE_MODE,
  };
  for (let attempt = 1; ; attempt++) {
    const db: LmdbDatabase = open<Buffer, Buffer>(options);
    try {
      db.readerCheck();
      refuse(folder, checkHeader(db));
      return db;
    } catch (error) {
      void db.close();
      if (!(error instanceof StaleStart) || attempt === STALE_STARTS_MAX) throw error;
    }
  }
}

function refuse(folder: string, found: string | undefined): void {
  if (found === undefined) return;
  throw new StoreError(
    'store-foreign',
    `${folder} does not hold a plat store: ${DATA_FILE} ${found}. Expected is an LMDB database that begins with a "${FORMAT}" record ` +
      `of format ${FORMAT_VERSION}. Nothing was changed. Give another folder, or restore this store from a backup.`,
  );
}

/** Initialises an empty database; else gives what is wrong with it, as the end of a sentence. */
function checkHeader(db: LmdbDatabase): string | undefined {
  const header = db.get(HEADER_KEY);
  if (header !== undefined) return checkFormat(header);
  if ([...db.getKeys({ limit: 1 })].length > 0) return 'is the LMDB database of another program';
  writeTransaction(db, () => {
    // Another process may have been quicker.
    if (db.get(HEADER_KEY) !== undefined) return;
    void db.put(HEADER_KEY, Buffer.from(JSON.stringify({ format: FORMAT, version: FORMAT_VERSION })));
    void db.put(STATE_KEY, encodeState(EMPTY_STATE));
  });
  db.resetReadTxn();
  return checkFormat(db.get(HEADER_KEY) ?? Buffer.alloc(0));
}

function checkFormat(header: Buffer): string | undefined {
  const match = /^\{"format":"plat-store","version":(\d+)\}$/.exec(header.toString());
  if (!match) return `is the LMDB database of another program: its record "${HEADER_KEY}" is not a plat store's`;
  const version = Number(match[1]);
  if (version === FORMAT_VERSION) return undefined;
  return `has format ${version}, of a newer plat: use that version of plat`;
}

function checkAccess(file: string): string {
  accessSync(file, constants.R_OK | constants.W_OK);
  if (!statSync(file).isFile())
    throw new StoreError('store-foreign', `${file} is not a file, so ${dirname(file)} does not hold a plat store.`);
  return file;
}

/** Like `mkdir -p`. Node's own never ends where a parent exists but takes no entries (/proc). */
function createFolder(folder: string): void {
  if (existsSync(folder)) {
    if (statSync(folder).isDirectory()) return;
    throw new StoreError('store-foreign', `${folder} is not a folder; a plat store is a folder of its own. Nothing was changed.`);
  }
  createFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
