/**
 * Members of stored JSON objects, read the way Go's `encoding/json` fills a struct: names match case-insensitively, `null` is the
 * same as absent, unknown ones are kept aside (data model §1.4, I10).
 */
import { compareUtf8, isJsonArray, isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { type Extra, NO_EXTRA } from '../core/records.ts';
import { secondsOf } from '../core/time.ts';

/** The first thing that is wrong with a value; whoever decodes goes on with zero values and asks in the end. */
export class Problems {
  first: string | undefined = undefined;
  /** The first problem is a word that a newer version may know. */
  isNewer = false;

  note(reason: string): void {
    this.first ??= reason;
  }

  noteUnknownWord(reason: string): void {
    if (this.first === undefined) this.isNewer = true;
    this.note(reason);
  }
}

/** By lower-case form. */
export type MemberNames = ReadonlyMap<string, string>;

export function memberNames(...names: readonly string[]): MemberNames {
  return new Map(names.map((name) => [name.toLowerCase(), name]));
}

/** The known members of one object, typed on reading; what is of another type is noted as a problem. */
export class Members {
  /** Members that are not among the known names, in stored order. */
  readonly extra: Extra;
  readonly #values: JsonObject;
  readonly #path: string;
  readonly #problems: Problems;

  /** `path`: what stands before member names in problems, such as `spec.`. Absent and `null` count as `{}`. */
  constructor(object: Json | undefined, names: MemberNames, problems: Problems, path = '') {
    this.#path = path;
    this.#problems = problems;
    const members = membersOf(object, problems, path === '' ? 'the value' : path.slice(0, -1));
    const extra: [string, Json][] = [];
    let isRespelled = false;
    for (const [name, value] of members) {
      const known = names.get(name.toLowerCase());
      if (known === undefined) extra.push([name, value]);
      else if (known !== name) isRespelled = true;
    }
    this.extra = extra.length === 0 ? NO_EXTRA : extra;
    this.#values = isRespelled ? respelled(members, names) : members;
  }

  /** The member as it is; absent and `null` both give undefined. */
  value(name: string): Json | undefined {
    return this.#values.get(name) ?? undefined;
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    return this.wrong(name, 'a string');
  }

  /** RFC 3339 text, as stored. */
  time(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || isTime(text)) return text;
    return this.wrong(name, 'an RFC 3339 time');
  }

  /** Absent means false. */
  flag(name: string): boolean {
    const value = this.value(name) ?? false;
    return typeof value === 'boolean' ? value : (this.wrong(name, 'true or false') ?? false);
  }

  /** An integer that a double holds exactly. */
  integer(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined || isInteger(value)) return value;
    return this.wrong(name, 'an integer');
  }

  /** 64 bits, unsigned. Absent means 0. */
  uint64(name: string): bigint {
    return uint64Of(this.value(name)) ?? this.wrong(name, 'an unsigned 64-bit integer') ?? 0n;
  }

  list(name: string): readonly Json[] | undefined {
    const value = this.value(name);
    if (value === undefined || isJsonArray(value)) return value;
    return this.wrong(name, 'a list');
  }

  texts(name: string): string[] {
    return (this.list(name) ?? []).map((value) => this.#textOf(value, name, ''));
  }

  /** An object of strings. */
  textMap(name: string): Record<string, string> | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const map: Record<string, string> = {};
    for (const [key, text] of this.map(name)) setOwn(map, key, this.#textOf(text, name, key));
    return map;
  }

  /** An object whose member names are data. Absent means empty. */
  map(name: string): JsonObject {
    return membersOf(this.value(name), this.#problems, `${this.#path}${name}`);
  }

  nested(name: string, names: MemberNames): Members {
    return new Members(this.value(name), names, this.#problems, `${this.#path}${name}.`);
  }

  wrong(name: string, wanted: string): undefined {
    this.#problems.note(`${this.#path}${name} is not ${wanted}`);
    return undefined;
  }

  /** `null` in a list or map of strings is the empty one, as in Go. */
  #textOf(value: Json, name: string, key: string): string {
    if (typeof value === 'string') return value;
    return value === null ? '' : (this.wrong(key === '' ? name : `${name}.${key}`, 'a string') ?? '');
  }
}

/** An assignment to `__proto__` would set the prototype instead. */
function setOwn(map: Record<string, string>, key: string, value: string): void {
  if (key === '__proto__') Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
}

/** The same members under their known spelling; of two spellings the later one wins, as in Go. */
function respelled(members: JsonObject, names: MemberNames): JsonObject {
  return new Map(Array.from(members, ([name, value]) => [names.get(name.toLowerCase()) ?? name, value]));
}

const NO_MEMBERS: JsonObject = new Map();

function membersOf(value: Json | undefined, problems: Problems, subject: string): JsonObject {
  if (isJsonObject(value)) return value;
  if (value !== undefined && value !== null) problems.note(`${subject} is not an object`);
  return NO_MEMBERS;
}

export function isInteger(value: Json): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

/** An unsigned 64-bit integer; absent and `null` give 0, anything else undefined. */
export function uint64Of(value: Json | undefined): bigint | undefined {
  const number = isInteger(value ?? 0) ? BigInt((value as number | null | undefined) ?? 0) : value;
  return typeof number === 'bigint' && number >= 0n && number < 1n << 64n ? number : undefined;
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function isTime(text: string): boolean {
  return RFC_3339.test(text) && secondsOf(text) !== undefined;
}

/** An object of the given members, in this order; `undefined` ones are left out, as Go's `omitempty` does. */
export function objectOf(members: readonly (readonly [name: string, value: Json | undefined])[], extra: Extra): JsonObject {
  const object = new Map<string, Json>();
  for (const [name, value] of members) if (value !== undefined) object.set(name, value);
  for (const [name, value] of extra) object.set(name, value);
  return object;
}

/** An object of data, its members sorted by bytes as Go prints a map. */
export function sortedObject(members: Iterable<readonly [name: string, value: Json]>): JsonObject {
  return new Map([...members].sort(([a], [b]) => compareUtf8(a, b)));
}
