/** The port's requests as etcd's messages, and etcd's answers as the port's. */
import type { ICompare, IRangeRequest, IRequestOp, ITxnRequest } from 'etcd3';
import { assert } from '../core/assert.ts';
import type { KeyValue, RangeAnswer } from './etcd-member.ts';
import type { CommitRequest, Entry, Guard, KeyRange, ReadRequest, ReadResult, Revision } from './port.ts';

/** One range per key, probe and range of the request, in this order. */
export function readRanges({ keys = [], probes = [], ranges = [] }: ReadRequest): IRangeRequest[] {
  return [
    ...keys.map((key) => ({ key: Buffer.from(key) })),
    ...probes.map((key) => ({ key: Buffer.from(key), keys_only: true })),
    ...ranges.map((range) => rangeRequest(range)),
  ];
}

export function rangeRequest({ start, end, keysOnly = false, limit }: KeyRange): IRangeRequest {
  // Etcd takes 0 as no limit.
  assert(limit === undefined || limit > 0, 'a limit lets something through');
  return { key: Buffer.from(start), range_end: Buffer.from(end), keys_only: keysOnly, limit: limit ?? 0 };
}

/** The answers to {@link readRanges}, put back in place. */
export function readResult(request: ReadRequest, revision: Revision, answers: readonly RangeAnswer[]): ReadResult {
  const keys = request.keys?.length ?? 0;
  const probes = request.probes?.length ?? 0;
  const ranges = request.ranges?.length ?? 0;
  // Probes first: where a key is wanted both ways, the entry with the value stays.
  const single = [...answers.slice(keys, keys + probes), ...answers.slice(0, keys)];
  return {
    revision,
    entries: new Map(single.flatMap(({ kvs }) => kvs.map((kv) => [keyOf(kv), entryOf(kv)] as const))),
    ranges: answers.slice(keys + probes, keys + probes + ranges).map(({ kvs, more }) => ({ entries: kvs.map(entryOf), more })),
  };
}

/** On success the writes, else the current entries of the guarded keys: a conflict costs no further round trip. */
export function commitTxn({ guards, writes, deletes }: CommitRequest): ITxnRequest {
  return {
    compare: guards.map(compareOf),
    success: [
      ...writes.map(({ key, value }): IRequestOp => ({ request_put: { key: Buffer.from(key), value: Buffer.from(value) } })),
      ...deletes.map((key): IRequestOp => ({ request_delete_range: { key: Buffer.from(key) } })),
    ],
    failure: guards.map(({ key }): IRequestOp => ({ request_range: { key: Buffer.from(key) } })),
  };
}

function compareOf({ key, revision }: Guard): ICompare {
  const compare = { key: Buffer.from(key), result: 'Equal' } as const;
  return revision === 'absent'
    ? { ...compare, target: 'Create', create_revision: 0 }
    : { ...compare, target: 'Mod', mod_revision: revision.toString() };
}

export function entryOf(kv: KeyValue): Entry {
  return { key: keyOf(kv), value: valueOf(kv), revision: BigInt(kv.mod_revision) };
}

/** The same without a copy, for pages: what is read from them is looked at, and dropped together. */
export function pageEntryOf(kv: KeyValue): Entry {
  return { key: keyOf(kv), value: kv.value, revision: BigInt(kv.mod_revision) };
}

export function keyOf({ key }: KeyValue): string {
  return key.toString('utf8');
}

/** A copy: what gRPC hands out keeps the whole answer in memory. */
export function valueOf({ value }: KeyValue): Uint8Array {
  return new Uint8Array(value);
}
