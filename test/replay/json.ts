/**
 * JSON text with the place of every value in it, so that single values can be replaced and all other bytes compared as
 * they are. Deliberately not the codec of the library: what that one gets wrong must be seen here.
 */
import { type Json, JsonNumberText } from '../../src/core/json.ts';

interface Place {
  /** Offsets in the text, end excluded. */
  readonly start: number;
  readonly end: number;
}
export interface ScalarNode extends Place {
  readonly kind: 'scalar';
  readonly value: null | boolean | string | number | bigint | JsonNumberText;
}
export interface ListNode extends Place {
  readonly kind: 'list';
  readonly items: readonly JsonNode[];
}
export interface ObjectNode extends Place {
  readonly kind: 'object';
  /** In the order of the text; a name may occur twice. */
  readonly members: readonly { readonly name: string; readonly node: JsonNode }[];
}
export type JsonNode = ScalarNode | ListNode | ObjectNode;

const BLANKS = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const INTEGER = /^-?\d+$/;
const WORDS = new Map<string, null | boolean>([
  ['null', null],
  ['true', true],
  ['false', false],
]);

/** Parses a whole text; `undefined` when it is not JSON. */
export function parseNode(text: string): JsonNode | undefined {
  try {
    const scanner = new Scanner(text);
    const node = scanner.value();
    return scanner.isAtEnd() ? node : undefined;
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

/** The value alone. Integers beyond 2^53 are `bigint`. */
export function valueOf(node: JsonNode): Json {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(valueOf);
    case 'object':
      return new Map(node.members.map(({ name, node: member }) => [name, valueOf(member)]));
  }
}

/** The last member of that name, as JSON readers take it. */
export function member(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.members.findLast((candidate) => candidate.name === name)?.node : undefined;
}

export interface Replacement extends Place {
  readonly by: string;
}

/** `text` with the given places replaced; they must not overlap. */
export function replaced(text: string, replacements: readonly Replacement[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, by } of replacements.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, start) + by;
    at = end;
  }
  return result + text.slice(at);
}

class NotJson extends Error {}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#match(BLANKS);
    return this.#at === this.#text.length;
  }

  value(): JsonNode {
    this.#match(BLANKS);
    const start = this.#at;
    const next = this.#text[start];
    if (next === '{') return { kind: 'object', start, members: this.#members(), end: this.#at };
    if (next === '[') return { kind: 'list', start, items: this.#items(), end: this.#at };
    return { kind: 'scalar', start, value: this.#scalar(), end: this.#at };
  }

  #members(): ObjectNode['members'] {
    const members: { name: string; node: JsonNode }[] = [];
    this.#at++;
    while (!this.#closes('}', members.length)) {
      this.#match(BLANKS);
      const name = JSON.parse(this.#match(STRING) ?? this.#fail()) as string;
      this.#match(BLANKS);
      if (this.#text[this.#at++] !== ':') this.#fail();
      members.push({ name, node: this.value() });
    }
    return members;
  }

  #items(): JsonNode[] {
    const items: JsonNode[] = [];
    this.#at++;
    while (!this.#closes(']', items.length)) items.push(this.value());
    return items;
  }

  /** Steps over the closing character, or over the comma before the next of what are `count` elements so far. */
  #closes(closing: string, count: number): boolean {
    this.#match(BLANKS);
    const next = this.#text[this.#at];
    if (next === closing) {
      this.#at++;
      return true;
    }
    if (count > 0 && this.#text[this.#at++] !== ',') this.#fail();
    return false;
  }

  #scalar(): ScalarNode['value'] {
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    const string = this.#match(STRING);
    if (string !== undefined) return JSON.parse(string) as string;
    return numberOf(this.#match(NUMBER) ?? this.#fail());
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #fail(): never {
    throw new NotJson();
  }
}

function numberOf(text: string): number | bigint | JsonNumberText {
  const value = Number(text);
  if (INTEGER.test(text) && text !== '-0') return Number.isSafeInteger(value) ? value : BigInt(text);
  return String(value) === text ? value : new JsonNumberText(text);
}
