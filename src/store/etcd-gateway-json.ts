/** Etcd's messages as its gateway writes them: bytes in base64, 64-bit numbers as strings, zeros and empty lists left out. */
import { type KeyValue, type RangeAnswer, TransportUnusable, type TxnAnswer, type WatchAnswer } from './etcd-member.ts';

/** An answer over HTTP that is no success, or not looked at yet. */
export interface HttpText {
  readonly status: number;
  readonly text: string;
}

type Json = Readonly<Record<string, unknown>>;

/** By number, https://grpc.io/docs/guides/status-codes/ */
const GRPC_CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

const UNAVAILABLE = GRPC_CODES.indexOf('UNAVAILABLE');

/** etcd3 writes the values of enumerations its own way. */
const ENUMERATIONS = new Set(['target', 'result']);
const SHOWN_CHARACTERS_MAX = 80;
const NEWLINE = 0x0a;

export function requestText(request: object): string {
  return JSON.stringify(jsonOf(request));
}

function jsonOf(value: unknown, name = ''): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map((item) => jsonOf(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonOf(member, key)]));
  }
  return ENUMERATIONS.has(name) && typeof value === 'string' ? value.toUpperCase() : value;
}

/** The message of a success. Throws when it is none of etcd's. */
export function answerOf(answer: HttpText): unknown {
  const message = parsed(answer.text);
  if (message === undefined) throw foreign(answer.text);
  return message;
}

/** The error of an answer that is no success, in the words of gRPC (`3 INVALID_ARGUMENT: etcdserver: …`). */
export function failureOf({ status, text }: HttpText): Error {
  const answer = parsed(text);
  if (answer !== undefined && typeof answer['code'] === 'number') return statusError(answer['code'], answer['message'] ?? answer['error']);
  if (status === 404) return new TransportUnusable('UNIMPLEMENTED: no JSON gateway there (HTTP status 404)');
  // Etcd's refusal, with authentication on, of whoever shows a certificate with a name in it, also beside a login.
  if (/^CommonName of client/.test(text)) return new TransportUnusable(`UNIMPLEMENTED: ${text}`);
  if (status < 500) return new Error(`UNIMPLEMENTED: HTTP status ${status}`);
  return new Error(`UNAVAILABLE: HTTP status ${status}`);
}

function statusError(code: number, message: unknown): Error {
  const text = `${code} ${GRPC_CODES[code] ?? 'UNKNOWN'}: ${String(message)}`;
  // The gateway is a client of the etcd that it is in. With a certificate for servers alone it cannot be one.
  const isCutOff = code === UNAVAILABLE && !text.includes('etcdserver:');
  return isCutOff ? new TransportUnusable(`gateway without etcd: ${text}`) : new Error(text);
}

/** The messages of a stream, a line each. Throws for the error that ends it, and for what is none of etcd's. */
export async function* messagesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  for await (const line of linesOf(chunks)) {
    const message = parsed(line);
    const error = objectOf(message?.['error']);
    if (error !== undefined) throw statusError(Number(error['grpc_code'] ?? error['code'] ?? 2), error['message']);
    if (message === undefined || objectOf(message['result']) === undefined) throw foreign(line);
    yield message['result'];
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let begun: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      begun.push(chunk.subarray(start, end));
      yield Buffer.concat(begun).toString('utf8');
      begun = [];
      start = end + 1;
    }
    begun.push(chunk.subarray(start));
  }
}

export function tokenOf(json: unknown): string {
  const token = objectOf(json)?.['token'];
  if (typeof token !== 'string') throw foreign('an answer to a login');
  return token;
}

export function rangeAnswer(json: unknown): RangeAnswer {
  return { header: headerOf(json), ...rangeOf(json) };
}

export function txnAnswer(json: unknown): TxnAnswer {
  const header = headerOf(json);
  const { succeeded, responses } = json as Json;
  return {
    header,
    succeeded: succeeded === true,
    // The answers inside a transaction have no header of their own to rely on.
    responses: listOf(responses).map((response) => ({
      response_range: { header, ...rangeOf(objectOf(response)?.['response_range'] ?? {}) },
    })),
  };
}

export function watchAnswer(json: unknown): WatchAnswer {
  const header = headerOf(json);
  const { created, canceled, cancel_reason = '', compact_revision = '0', fragment, events } = json as Json;
  return {
    header,
    created: created === true,
    canceled: canceled === true,
    cancel_reason: String(cancel_reason),
    compact_revision: String(compact_revision),
    fragment: fragment === true,
    events: listOf(events).map((event) => {
      const { type, kv } = objectOf(event) ?? {};
      return { type: type === 'DELETE' ? 'Delete' : 'Put', kv: keyValueOf(kv) };
    }),
  };
}

function rangeOf(json: unknown): Omit<RangeAnswer, 'header'> {
  const { kvs, more } = objectOf(json) ?? {};
  return { kvs: listOf(kvs).map(keyValueOf), more: more === true };
}

function keyValueOf(json: unknown): KeyValue {
  const { key, value = '', mod_revision } = objectOf(json) ?? {};
  if (typeof key !== 'string' || typeof value !== 'string' || typeof mod_revision !== 'string') throw foreign(JSON.stringify(json));
  return { key: Buffer.from(key, 'base64'), value: Buffer.from(value, 'base64'), mod_revision };
}

/** Every answer of etcd has one; that of a watch which etcd ends is at no revision. */
function headerOf(json: unknown): { readonly revision: string } {
  const header = objectOf(objectOf(json)?.['header']);
  const revision = header?.['revision'] ?? '0';
  if (header === undefined || typeof revision !== 'string' || !/^\d+$/.test(revision)) throw foreign(JSON.stringify(json));
  return { revision };
}

function listOf(json: unknown): readonly unknown[] {
  if (json === undefined) return [];
  if (!Array.isArray(json)) throw foreign(JSON.stringify(json));
  return json;
}

function objectOf(json: unknown): Json | undefined {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Json) : undefined;
}

function parsed(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function foreign(text: string): Error {
  return new Error(`not an answer of etcd: ${text.slice(0, SHOWN_CHARACTERS_MAX)}`);
}
