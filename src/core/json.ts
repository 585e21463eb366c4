/**
 * JSON that loses nothing, read strictly (RFC 8259) and printed byte for byte as Go's `encoding/json` prints it: Calico
 * reads what we write, and compares it (data model §1.4).
 */
import { assert } from './assert.ts';

/** JSON that loses nothing: integers beyond 2^53 are `bigint`, other numbers that a double would change keep their text. */
export type Json = null | boolean | string | number | bigint | JsonNumberText | readonly Json[] | JsonObject;
/** Members in stored order; a map, since a JavaScript object would reorder names such as `"10"`. */
export type JsonObject = ReadonlyMap<string, Json>;

/** A number whose exact text (`1.0`, `1e400`) no JavaScript number prints again. */
export class JsonNumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Deeper text is refused: both directions recurse, and no stored value nests more than a few levels. */
export const JSON_DEPTH_MAX = 500;

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * The value that `text` holds. `position` counts UTF-16 units from 0.
 *
 * Of members with the same name the last one wins, and unpaired `\ud800` escapes become U+FFFD, as in Go.
 */
export function parseJson(text: string): { kind: 'json'; value: Json } | { kind: 'bad-json'; reason: string; position: number } {
  const scanner = new Scanner(text);
  const value = scanner.document();
  if (value === undefined) return { kind: 'bad-json', reason: scanner.reason, position: scanner.position };
  return { kind: 'json', value };
}

/** `value` as compact JSON, members in map order. */
export function printJson(value: Json): string {
  switch (typeof value) {
    case 'string':
      return printString(value);
    case 'number':
      assert(Number.isFinite(value), 'JSON numbers are finite');
      return String(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (value instanceof JsonNumberText) return value.text;
      return isJsonArray(value) ? printArray(value) : printObject(value);
  }
}

function printArray(values: readonly Json[]): string {
  let text = '[';
  for (const value of values) {
    if (text.length > 1) text += ',';
    text += printJson(value);
  }
  return `${text}]`;
}

function printObject(members: JsonObject): string {
  let text = '{';
  for (const [name, value] of members) {
    if (text.length > 1) text += ',';
    text += `${printString(name)}:${printJson(value)}`;
  }
  return `${text}}`;
}

/** In `u` mode the surrogate range matches unpaired ones only. */
const ESCAPED = /["\\\u0000-\u001f<>&\u2028\u2029\ud800-\udfff]/u;
const ALL_ESCAPED = new RegExp(ESCAPED, 'gu');
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** `text` in quotes, escaped as Go ≥ 1.22 does: also `<`, `>`, `&`, U+2028, U+2029; unpaired surrogates as `\ufffd`. */
export function printString(text: string): string {
  return ESCAPED.test(text) ? `"${text.replace(ALL_ESCAPED, escapeOf)}"` : `"${text}"`;
}

function escapeOf(unit: string): string {
  const code = unit.charCodeAt(0);
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return SHORT_ESCAPES[unit] ?? `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Orders strings by their UTF-8 bytes, as Go sorts map keys; UTF-16 order differs above U+D7FF. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return byteRank(left) - byteRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they rank after U+E000 to U+FFFF. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const SHORT_INTEGER_DIGITS_MAX = 9;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const LITERALS: readonly (readonly [text: string, value: Json])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
];
const ESCAPE_VALUES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const FOUR_HEX_DIGITS = /^[0-9a-fA-F]{4}$/;
const ESCAPE_OR_CONTROL = /[\\\u0000-\u001f]/;
const UNPAIRED_SURROGATE = /[\ud800-\udfff]/gu;

/** From this length on V8 cuts a text out of another by keeping all of the other, which may be a hundred times as long. */
const CUT_LENGTH_MIN = 13;

/** The same text, with memory of its own: one name of a block is kept for long, the text of the block is not. */
function byItself(text: string): string {
  return text.length < CUT_LENGTH_MIN ? text : ` ${text}`.slice(1);
}

/** One pass over the text. Every method that reads answers `undefined` after it noted why in `reason`. */
class Scanner {
  reason = '';
  position = 0;
  private readonly text: string;
  /** Compact text without escapes, as nearly all of it is: a string then ends at the next quote. */
  private readonly isPlain: boolean;

  constructor(text: string) {
    this.text = text;
    this.isPlain = !ESCAPE_OR_CONTROL.test(text);
  }

  document(): Json | undefined {
    const value = this.value(0);
    if (value === undefined) return undefined;
    return Number.isNaN(this.skipBlanks()) ? value : this.unexpected();
  }

  private fail(reason: string): undefined {
    this.reason = reason;
    return undefined;
  }

  private unexpected(): undefined {
    const point = this.text.codePointAt(this.position);
    return this.fail(point === undefined ? 'unexpected end' : `unexpected character ${printString(String.fromCodePoint(point))}`);
  }

  /** The character code at the next position that is not blank; NaN at the end. */
  private skipBlanks(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      this.position++;
    }
  }

  private value(depth: number): Json | undefined {
    const code = this.skipBlanks();
    if (code === QUOTE) return this.string();
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.shortInteger(code) ?? this.number();
    if (code !== OPEN_BRACE && code !== OPEN_BRACKET) return this.literal();
    if (depth === JSON_DEPTH_MAX) return this.fail(`nested deeper than ${JSON_DEPTH_MAX} levels`);
    this.position++;
    return code === OPEN_BRACE ? this.object(depth + 1) : this.array(depth + 1);
  }

  private literal(): Json | undefined {
    for (const [text, value] of LITERALS) {
      if (!this.text.startsWith(text, this.position)) continue;
      this.position += text.length;
      return value;
    }
    return this.unexpected();
  }

  /** Most numbers are ordinals: read without a pattern. Undefined, and nothing read, for any other. */
  private shortInteger(first: number): number | undefined {
    let value = first - ZERO;
    if (value < 1) return undefined;
    const end = this.position + SHORT_INTEGER_DIGITS_MAX;
    let at = this.position + 1;
    let code = this.text.charCodeAt(at);
    for (; at < end && code >= ZERO && code <= NINE; code = this.text.charCodeAt(++at)) value = value * 10 + code - ZERO;
    if (code !== COMMA && code !== CLOSE_BRACKET && code !== CLOSE_BRACE) return undefined;
    this.position = at;
    return value;
  }

  private number(): Json | undefined {
    NUMBER.lastIndex = this.position;
    const match = NUMBER.exec(this.text);
    if (!match) {
      this.position++;
      return this.unexpected();
    }
    this.position = NUMBER.lastIndex;
    const [text, fraction, exponent] = match;
    const value = Number(text);
    const isInteger = fraction === undefined && exponent === undefined;
    if (isInteger && !Number.isSafeInteger(value)) return BigInt(text);
    return String(value) === text ? value : new JsonNumberText(text);
  }

  private array(depth: number): Json[] | undefined {
    const values: Json[] = [];
    if (this.skipBlanks() === CLOSE_BRACKET) {
      this.position++;
      return values;
    }
    for (;;) {
      const value = this.value(depth);
      if (value === undefined) return undefined;
      values.push(value);
      const code = this.skipBlanks();
      if (code !== COMMA && code !== CLOSE_BRACKET) return this.unexpected();
      this.position++;
      if (code === CLOSE_BRACKET) return values;
    }
  }

  private object(depth: number): JsonObject | undefined {
    const members = new Map<string, Json>();
    if (this.skipBlanks() === CLOSE_BRACE) {
      this.position++;
      return members;
    }
    for (;;) {
      if (this.skipBlanks() !== QUOTE) return this.unexpected();
      const name = this.string();
      if (name === undefined) return undefined;
      if (this.skipBlanks() !== COLON) return this.unexpected();
      this.position++;
      const value = this.value(depth);
      if (value === undefined) return undefined;
      members.set(name, value);
      const code = this.skipBlanks();
      if (code !== COMMA && code !== CLOSE_BRACE) return this.unexpected();
      this.position++;
      if (code === CLOSE_BRACE) return members;
    }
  }

  /** The string that starts at the quote under `position`. */
  private string(): string | undefined {
    let start = ++this.position;
    if (this.isPlain) {
      const end = this.text.indexOf('"', start);
      this.position = end === -1 ? this.text.length : end + 1;
      return end === -1 ? this.unexpected() : byItself(this.text.slice(start, end));
    }
    let done = '';
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (code === QUOTE) {
        const rest = this.text.slice(start, this.position++);
        return done === '' ? byItself(rest) : (done + rest).replace(UNPAIRED_SURROGATE, '\ufffd');
      }
      if (code === BACKSLASH) {
        const plain = this.text.slice(start, this.position);
        const escaped = this.escape();
        if (escaped === undefined) return undefined;
        done += plain + escaped;
        start = this.position;
        continue;
      }
      // The end of the text gives NaN, which is not ≥ anything.
      if (!(code >= 0x20)) return this.unexpected();
      this.position++;
    }
  }

  /** The UTF-16 unit behind the escape that starts at the backslash under `position`. */
  private escape(): string | undefined {
    const letter = this.text.charAt(this.position + 1);
    if (letter !== 'u') {
      const value = ESCAPE_VALUES.get(letter);
      if (value === undefined) return this.fail('bad escape in a string');
      this.position += 2;
      return value;
    }
    const digits = this.text.slice(this.position + 2, this.position + 6);
    if (!FOUR_HEX_DIGITS.test(digits)) return this.fail('bad escape in a string');
    this.position += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
}
