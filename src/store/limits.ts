/** The port's limits, checked before anything is sent: the same refusal from every store keeps a dump of one loadable into another. */
import { assert } from '../core/assert.ts';
import { COMMIT_BYTES_MAX, COMMIT_OPERATIONS_MAX, type CommitRequest, KEY_BYTES_MAX, type ReadRequest, StoreError } from './port.ts';

/** Throws `too-large` for a key of a read, or an end of a range, that no store could hold. */
export function checkRead(request: ReadRequest): void {
  for (const key of request.keys ?? []) checkKey(key);
  for (const key of request.probes ?? []) checkKey(key);
  for (const { start, end } of request.ranges ?? []) {
    checkKey(start);
    checkRangeEnd(end);
  }
}

/** Throws `too-large` for a prefix that no key can have. */
export function checkPrefix(prefix: string): void {
  checkKey(prefix);
}

/** Throws `too-large` when a commit has too many operations, too many bytes or too long a key; asserts that no key occurs twice. */
export function checkCommit({ guards, writes, deletes }: CommitRequest): void {
  const guarded = guards.map(({ key }) => key);
  const changed = [...writes.map(({ key }) => key), ...deletes];
  assert(new Set(guarded).size === guarded.length, 'a commit guards each key at most once');
  assert(new Set(changed).size === changed.length, 'a commit writes or deletes each key at most once');
  checkCount(guarded.length, 'guards');
  checkCount(changed.length, 'writes and deletes');

  let bytes = 0;
  // A guarded key travels twice: in the comparison and in the read that answers a conflict.
  for (const key of guarded) bytes += 2 * checkKey(key);
  for (const key of changed) bytes += checkKey(key);
  for (const { value } of writes) bytes += value.byteLength;
  if (bytes > COMMIT_BYTES_MAX) {
    throw new StoreError('too-large', `This commit has ${bytes} bytes of keys and values; one may have at most ${COMMIT_BYTES_MAX}.`);
  }
}

function checkCount(count: number, what: string): void {
  if (count > COMMIT_OPERATIONS_MAX) {
    throw new StoreError('too-large', `This commit has ${count} ${what}; one may have at most ${COMMIT_OPERATIONS_MAX}.`);
  }
}

/** Gives the key's length in bytes. */
function checkKey(key: string): number {
  const bytes = Buffer.byteLength(key);
  assert(bytes > 0, 'a key has at least one byte');
  if (bytes > KEY_BYTES_MAX) throw tooLong(key, bytes);
  return bytes;
}

/** The end of a prefix's range is longer than the longest key by one character. */
function checkRangeEnd(end: string): void {
  const bytes = Buffer.byteLength(end);
  if (bytes > KEY_BYTES_MAX + 4) throw tooLong(end, bytes);
}

function tooLong(key: string, bytes: number): StoreError {
  return new StoreError('too-large', `The key "${key.slice(0, 60)}…" has ${bytes} bytes; a key may have at most ${KEY_BYTES_MAX}.`);
}
