import { describe, expect, it } from 'vitest';
import { answerOf, failureOf, messagesOf, rangeAnswer, requestText, txnAnswer, watchAnswer } from '../../src/store/etcd-gateway-json.ts';
import { TransportUnusable } from '../../src/store/etcd-member.ts';
import { collect } from '../support/store.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A stream that arrives in pieces of so many bytes. */
async function* inPieces(text: string, bytes: number): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text);
  for (let start = 0; start < all.length; start += bytes) yield all.subarray(start, start + bytes);
}

describe('a request', () => {
  it('has bytes in base64 and the names of enumerations as etcd writes them', () => {
    const request = {
      compare: [{ key: Buffer.from('é'), result: 'Equal', target: 'Mod', mod_revision: '9007199254740993' }],
      success: [{ request_put: { key: Buffer.from('a'), value: Buffer.from([0, 255]) } }],
    };
    expect(JSON.parse(requestText(request))).toEqual({
      compare: [{ key: base64('é'), result: 'EQUAL', target: 'MOD', mod_revision: '9007199254740993' }],
      success: [{ request_put: { key: base64('a'), value: 'AP8=' } }],
    });
  });
});

describe('an answer', () => {
  const header = { cluster_id: '1', member_id: '2', revision: '9007199254740993', raft_term: '2' };

  it('keeps revisions beyond what a number holds, and fills in what etcd leaves out', () => {
    expect(rangeAnswer({ header })).toEqual({ header: { revision: '9007199254740993' }, kvs: [], more: false });
    const kvs = [{ key: base64('a'), create_revision: '1', mod_revision: '9007199254740993', version: '1' }];
    const [kv] = rangeAnswer({ header, kvs, more: true, count: '7' }).kvs;
    expect(kv).toMatchObject({ key: Buffer.from('a'), value: Buffer.alloc(0), mod_revision: '9007199254740993' });
  });

  it('of a transaction tells its ranges apart', () => {
    const found = { kvs: [{ key: base64('a'), value: base64('1'), mod_revision: '5' }] };
    const { succeeded, responses } = txnAnswer({
      header,
      succeeded: true,
      responses: [{ response_range: found }, { response_range: {} }, {}],
    });
    expect(succeeded).toBe(true);
    expect(responses.map(({ response_range }) => response_range.kvs.length)).toEqual([1, 0, 0]);
    expect(txnAnswer({ header })).toMatchObject({ succeeded: false, responses: [] });
  });

  it('of a watch tells puts from deletes, and a compaction', () => {
    const events = [
      { kv: { key: base64('a'), value: base64('1'), mod_revision: '5' } },
      { type: 'DELETE', kv: { key: base64('a'), mod_revision: '6' } },
    ];
    expect(watchAnswer({ header, events }).events.map(({ type }) => type)).toEqual(['Put', 'Delete']);
    const { revision: _, ...ended } = header;
    expect(watchAnswer({ header: ended, canceled: true, compact_revision: '5' })).toMatchObject({ canceled: true, compact_revision: '5' });
  });

  it.each([
    {},
    { header: 7 },
    { header: { revision: 7 } },
    { header: { revision: '-1' } },
    { header, kvs: {} },
    { header, kvs: [{}] },
    { header, kvs: [{ key: 'YQ==', value: 7, mod_revision: '1' }] },
    [],
    null,
  ])('that is not one of etcd is refused: %j', (json) => {
    expect(() => rangeAnswer(json)).toThrow('not an answer of etcd');
  });

  it.each(['', 'hello', '[]', 'null', '{"a":'])('that is no JSON object is refused: %j', (text) => {
    expect(() => answerOf({ status: 200, text })).toThrow('not an answer of etcd');
  });
});

describe('a stream of answers', () => {
  const text = `${JSON.stringify({ result: { a: 'é'.repeat(10) } })}\n${JSON.stringify({ result: { b: 2 } })}\n`;

  it.each([1, 2, 3, 7, 20, 1_000])('is read whole when it comes in pieces of %d bytes', async (bytes) => {
    expect(await collect(messagesOf(inPieces(text, bytes)))).toEqual([{ a: 'é'.repeat(10) }, { b: 2 }]);
  });

  it.each([
    ['{"error":{"grpc_code":7,"http_code":403,"message":"etcdserver: permission denied"}}\n', /^7 PERMISSION_DENIED: .*permission denied/],
    ['{"error":{"code":16,"message":"etcdserver: invalid auth token"}}\n', /^16 UNAUTHENTICATED: .*invalid auth token/],
    ['<html>\n', /not an answer of etcd/],
    ['{"result":7}\n', /not an answer of etcd/],
  ])('ends with the error in it: %j', async (line, message) => {
    await expect(collect(messagesOf(inPieces(text + line, 50)))).rejects.toThrow(message);
  });
});

describe('a refusal', () => {
  it('speaks the words of gRPC, in the form of etcd 3.4 and of 3.6', () => {
    const message = 'etcdserver: too many operations in txn request';
    for (const body of [
      { error: message, message, code: 3 },
      { code: 3, message, details: [] },
    ]) {
      expect(failureOf({ status: 400, text: JSON.stringify(body) }).message).toBe(`3 INVALID_ARGUMENT: ${message}`);
    }
  });

  it.each([
    [404, '404 page not found\n'],
    [400, 'CommonName of client sending a request against gateway will be ignored and not used as expected\n'],
    [503, '{"error":"connection closed","message":"connection closed","code":14}'],
  ])('of the gateway itself sends the caller to gRPC: %d %s', (status, text) => {
    expect(failureOf({ status, text })).toBeInstanceOf(TransportUnusable);
  });

  it.each([
    [503, '{"code":14,"message":"etcdserver: no leader"}'],
    [404, '{"code":5,"message":"etcdserver: requested lease not found"}'],
    [400, 'Bad Request'],
    [502, '<html>'],
  ])('of etcd, or of another server, does not: %d %s', (status, text) => {
    expect(failureOf({ status, text })).not.toBeInstanceOf(TransportUnusable);
  });
});
