/**
 * The records of the embedded store, in one LMDB database (docs/data-model.md). The first byte of a key tells the record:
 *
 *     H                        format and version of this layout, JSON
 *     S                        {@link State}: three 64-bit numbers
 *     E <key>                  revision of the commit that wrote it, then the value
 *     L <revision>             what that commit changed: see {@link LogRecord}
 *     V <revision> <key>       a value that this revision wrote and a later one replaced or deleted
 *
 * Numbers are big-endian, so that the order of the bytes is the order of the numbers.
 */
import type { Entry, Revision } from './port.ts';

/** Of a store's folder. */
export const DATA_FILE = 'data.mdb';

export const FORMAT = 'plat-store';
export const FORMAT_VERSION = 1;

export const HEADER_KEY: Buffer = Buffer.from('H');
export const STATE_KEY: Buffer = Buffer.from('S');
const ENTRY = 'E';
const LOG = 'L';
const OLD_VALUE = 'V';
const NUMBER_BYTES = 8;

export interface State {
  /** Of the newest commit. */
  readonly revision: Revision;
  /** The past can be read at this revision and later; log records begin with the next one. */
  readonly compacted: Revision;
  /** Of all log records and old values. */
  readonly historyBytes: number;
}

export const EMPTY_STATE: State = { revision: 0n, compacted: 0n, historyBytes: 0 };

/** One changed key of a commit. `previous`: the revision of the entry it replaced or deleted; 0: there was none. */
export interface LogItem {
  readonly key: string;
  readonly kind: 'put' | 'delete';
  readonly previous: Revision;
}

/** `bytes`: what this commit added to the history, that is its log record and the old values it moved there. */
export interface LogRecord {
  readonly bytes: number;
  readonly items: readonly LogItem[];
}

export function encodeState({ revision, compacted, historyBytes }: State): Buffer {
  return Buffer.concat([number(revision), number(compacted), number(BigInt(historyBytes))]);
}

export function decodeState(bytes: Buffer): State {
  return {
    revision: bytes.readBigUInt64BE(0),
    compacted: bytes.readBigUInt64BE(NUMBER_BYTES),
    historyBytes: Number(bytes.readBigUInt64BE(2 * NUMBER_BYTES)),
  };
}

export function entryKey(key: string): Buffer {
  return Buffer.from(ENTRY + key);
}

export function encodeEntry(revision: Revision, value: Uint8Array): Buffer {
  return Buffer.concat([number(revision), value]);
}

export function decodeEntry(key: string, bytes: Buffer, keysOnly = false): Entry {
  return { key, value: keysOnly ? new Uint8Array() : bytes.subarray(NUMBER_BYTES), revision: bytes.readBigUInt64BE(0) };
}

/** The port's key in the key of an entry. */
export function portKey(bytes: Buffer): string {
  return bytes.toString('utf8', ENTRY.length);
}

export function logKey(revision: Revision): Buffer {
  return Buffer.concat([Buffer.from(LOG), number(revision)]);
}

export function oldValueKey(revision: Revision, key: string): Buffer {
  return Buffer.concat([Buffer.from(OLD_VALUE), number(revision), Buffer.from(key)]);
}

const LOG_HEAD_BYTES = 4;
const ITEM_HEAD_BYTES = 1 + NUMBER_BYTES + 2;

/** `oldValueBytes`: of keys and values that the same commit moved to the history. */
export function encodeLog(items: readonly LogItem[], oldValueBytes: number): Buffer {
  const parts: Buffer[] = [Buffer.alloc(LOG_HEAD_BYTES)];
  for (const { key, kind, previous } of items) {
    const keyBytes = Buffer.from(key);
    const head = Buffer.alloc(ITEM_HEAD_BYTES);
    head.writeUInt8(kind === 'put' ? 1 : 0, 0);
    head.writeBigUInt64BE(previous, 1);
    head.writeUInt16BE(keyBytes.length, 1 + NUMBER_BYTES);
    parts.push(head, keyBytes);
  }
  const record = Buffer.concat(parts);
  record.writeUInt32BE(record.length + oldValueBytes, 0);
  return record;
}

export function decodeLog(record: Buffer): LogRecord {
  const items: LogItem[] = [];
  let at = LOG_HEAD_BYTES;
  while (at < record.length) {
    const keyAt = at + ITEM_HEAD_BYTES;
    const keyEnd = keyAt + record.readUInt16BE(keyAt - 2);
    const kind = record.readUInt8(at) === 1 ? 'put' : 'delete';
    items.push({ key: record.toString('utf8', keyAt, keyEnd), kind, previous: record.readBigUInt64BE(at + 1) });
    at = keyEnd;
  }
  return { bytes: record.readUInt32BE(0), items };
}

function number(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
