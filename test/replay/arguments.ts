/** Typed access to the arguments of one step; what an operation does not take is an error, never ignored. */
import type { Json, JsonObject } from '../../src/core/json.ts';

/** A history that cannot be replayed: not JSON, not of the format, an unknown operation or argument. */
export class HistoryError extends Error {}

export class Arguments {
  readonly #members: JsonObject;
  readonly #where: string;
  readonly #asked = new Set<string>();

  constructor(members: JsonObject, where: string) {
    this.#members = members;
    this.#where = where;
  }

  has(name: string): boolean {
    this.#asked.add(name);
    return this.#members.has(name);
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#fail(name, 'a text');
  }

  optionalText(name: string): string | undefined {
    const value = this.#take(name);
    return value === undefined || typeof value === 'string' ? value : this.#fail(name, 'a text');
  }

  optionalInteger(name: string): number | undefined {
    const value = this.optionalNumber(name);
    return value === undefined || Number.isInteger(value) ? value : this.#fail(name, 'an integer');
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#take(name);
    return value === undefined || typeof value === 'number' ? value : this.#fail(name, 'a number');
  }

  flag(name: string): boolean {
    const value = this.#take(name) ?? false;
    return typeof value === 'boolean' ? value : this.#fail(name, 'true or false');
  }

  /** A 64-bit number, as text or as a number. */
  optionalBigint(name: string): bigint | undefined {
    const value = this.#take(name);
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return BigInt(value);
    if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
    return value === undefined ? undefined : this.#fail(name, 'an integer');
  }

  optionalTexts(name: string): string[] | undefined {
    return this.#optionalList(name)?.map((item) => (typeof item === 'string' ? item : this.#fail(name, 'a list of texts')));
  }

  /** An object of texts; `null` counts as absent, as a nil map does in Go. */
  optionalTextMap(name: string): Record<string, string> | undefined {
    const value = this.#take(name);
    if (value === undefined || value === null) return undefined;
    const entries = [...this.#object(name, value)].map(([key, text]) => [
      key,
      typeof text === 'string' ? text : this.#fail(name, 'an object of texts'),
    ]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  /** The arguments inside an object; `null` counts as absent. */
  optionalNested(name: string): Arguments | undefined {
    const value = this.#take(name);
    return value === undefined || value === null ? undefined : new Arguments(this.#object(name, value), `${this.#where}: ${name}`);
  }

  nestedList(name: string): Arguments[] {
    return (this.#optionalList(name) ?? []).map((item, index) => {
      const where = `${name}[${index}]`;
      return new Arguments(this.#object(where, item), `${this.#where}: ${where}`);
    });
  }

  /** Any value, as plain JavaScript: it goes to the library as it is, right or wrong. */
  optionalAny(name: string): unknown {
    const value = this.#take(name);
    return value === undefined ? undefined : plain(value);
  }

  names(): string[] {
    return [...this.#members.keys()];
  }

  /** To be called once everything was asked for. */
  done(): void {
    const unknown = [...this.#members.keys()].find((name) => !this.#asked.has(name));
    if (unknown !== undefined) throw new HistoryError(`${this.#where}: unknown argument ${JSON.stringify(unknown)}`);
  }

  #take(name: string): Json | undefined {
    this.#asked.add(name);
    return this.#members.get(name);
  }

  #optionalList(name: string): readonly Json[] | undefined {
    const value = this.#take(name);
    if (value === undefined || value === null) return undefined;
    return Array.isArray(value) ? (value as readonly Json[]) : this.#fail(name, 'a list');
  }

  #object(name: string, value: Json): JsonObject {
    return value instanceof Map ? (value as JsonObject) : this.#fail(name, 'an object');
  }

  #fail(name: string, wanted: string): never {
    throw new HistoryError(`${this.#where}: argument ${JSON.stringify(name)} must be ${wanted}`);
  }
}

function plain(value: Json): unknown {
  if (value instanceof Map) return Object.fromEntries([...(value as JsonObject)].map(([name, item]) => [name, plain(item)]));
  return Array.isArray(value) ? (value as readonly Json[]).map(plain) : value;
}
