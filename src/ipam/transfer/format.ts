/**
 * A dump as text: a line of JSON for the header, one for each key, one for the end. Values are bytes: as text where they are
 * UTF-8, else in base64. The last line has the checksum of all before it, so that a dump that ends early is no dump.
 */
import { startChecksum } from '../../platform/checksum.ts';
import { isDumped } from '../../store/keys.ts';
import { COMMIT_BYTES_MAX, KEY_BYTES_MAX } from '../../store/port.ts';
import { IpamError } from '../errors.ts';

const FORMAT = 'plat-dump';
const VERSION = 1;
/** The longest value that a store takes, as base64 or with every second character escaped. */
const LINE_CHARACTERS_MAX = 4 * COMMIT_BYTES_MAX;

export interface DumpHeader {
  /** Revision of the source at which everything was read. */
  readonly revision: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** Name of the source. */
  readonly source: string;
}

export interface DumpEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The lines of a dump, each with its line break. */
export async function* encodeDump(header: DumpHeader, entries: AsyncIterable<DumpEntry>): AsyncGenerator<string> {
  const checksum = startChecksum();
  const line = (value: object) => {
    const text = `${JSON.stringify(value)}\n`;
    checksum.add(text);
    return text;
  };
  yield line({ format: FORMAT, version: VERSION, ...header });
  let count = 0;
  for await (const { key, value } of entries) {
    yield line({ key, ...valueMember(value) });
    count++;
  }
  yield `${JSON.stringify({ entries: count, sha256: checksum.end() })}\n`;
}

function valueMember(value: Uint8Array): { value: string } | { base64: string } {
  try {
    return { value: UTF8.decode(value) };
  } catch {
    return { base64: Buffer.from(value).toString('base64') };
  }
}

/**
 * The entries of a dump, in its order, `onHeader` first. Rejects with `bad-dump` where a line is not what it must be, and at
 * the end when the dump is not whole: only who read to the end knows that it was.
 */
export async function* decodeDump(chunks: AsyncIterable<Uint8Array>, onHeader: (header: DumpHeader) => void): AsyncGenerator<DumpEntry> {
  const checksum = startChecksum();
  let number = 0;
  let count = 0;
  let end: Record<string, unknown> | undefined;
  for await (const text of linesOf(chunks)) {
    number++;
    if (end) throw badDump(`line ${number} follows the end`);
    const line = parsed(text, number);
    if (number === 1) onHeader(headerOf(line));
    else if ('sha256' in line) end = line;
    else {
      yield entryOf(line, number);
      count++;
    }
    if (!end) checksum.add(`${text}\n`);
  }
  if (number === 0) throw badDump('it is empty');
  if (!end) throw badDump(`it ends early, after line ${number}`);
  if (end['entries'] !== count) throw badDump(`it has ${count} entries, where its last line counts ${end['entries']}`);
  if (end['sha256'] !== checksum.end()) throw badDump('it was changed: the checksum in its last line is another');
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let parts: string[] = [];
  let characters = 0;
  for await (const chunk of chunks) {
    const lines = decoded(decoder, chunk).split('\n');
    const begun = lines.pop() ?? '';
    for (const line of lines) {
      yield parts.join('') + line;
      parts = [];
      characters = 0;
    }
    parts.push(begun);
    characters += begun.length;
    if (characters > LINE_CHARACTERS_MAX) throw badDump('a line is longer than any that plat writes');
  }
  // What a cut leaves of a line.
  if (characters > 0) throw badDump('it ends early, in the middle of a line');
}

function decoded(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    throw badDump('it is not text in UTF-8');
  }
}

function parsed(text: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw badDump(number === 1 ? 'its first line is no header' : `line ${number} is no JSON object`);
}

function headerOf({ format, version, revision, time, source }: Record<string, unknown>): DumpHeader {
  if (format !== FORMAT) throw badDump('its first line is no header');
  if (version !== VERSION) throw badDump(`it has version ${version} of the format, of which this plat knows ${VERSION}`);
  if (typeof revision === 'string' && typeof time === 'string' && typeof source === 'string') return { revision, time, source };
  throw badDump('its header lacks revision, time or source');
}

function entryOf({ key, value, base64 }: Record<string, unknown>, number: number): DumpEntry {
  if (typeof key !== 'string') throw badDump(`line ${number} has no key`);
  if (!isDumped(key)) throw badDump(`line ${number} has the key ${JSON.stringify(key.slice(0, 100))}, which is none of plat's`);
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : typeof base64 === 'string' ? bytesOf(base64) : undefined;
  if (bytes === undefined) throw badDump(`line ${number} has no value`);
  const keyBytes = Buffer.byteLength(key);
  // A guard's key travels twice, and that of the write once more.
  if (keyBytes > KEY_BYTES_MAX || bytes.byteLength + 3 * keyBytes > COMMIT_BYTES_MAX)
    throw badDump(`line ${number} is larger than a store takes`);
  return { key, value: bytes };
}

function bytesOf(base64: string): Uint8Array | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : undefined;
}

export function badDump(what: string): IpamError {
  return new IpamError('bad-dump', `this cannot be loaded: ${what}. Nothing was written. Make the dump anew.`);
}
