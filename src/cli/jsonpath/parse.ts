/** Text of a JSONPath template → {@link Template}. */
import { OPERATORS, type Operand, type Part, type Path, type Step, type Template } from './template.ts';

export type { Template } from './template.ts';

export interface BadTemplate {
  readonly kind: 'bad-template';
  readonly reason: string;
  /** Offset of the first character that does not fit. */
  readonly position: number;
}

export function parseTemplate(text: string): Template | BadTemplate {
  const parser = new Parser(text);
  try {
    return { kind: 'template', parts: parser.template() };
  } catch (error) {
    if (error instanceof Unexpected) return { kind: 'bad-template', reason: error.message, position: parser.position };
    throw error;
  }
}

/** Ends the descent; never leaves this file. */
class Unexpected extends Error {}

const FIELD = /(?:\\.|[^\s.[\]{}()'"\\,|&=<>!])+/y;
const INTEGER = /-?\d+/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORD_LITERAL = /(?:true|false|null)\b/y;
const BLANKS = /\s*/y;

class Parser {
  position = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  template(): readonly Part[] {
    if (this.#text === '') throw new Unexpected('a template is missing, such as {.items[*].metadata.name}');
    const parts = this.#parts(false);
    if (this.position < this.#text.length) throw new Unexpected('{end} without {range}');
    return parts;
  }

  /** Up to the end of the text; inside a range up to its `{end}`, which is taken too. */
  #parts(inRange: boolean): readonly Part[] {
    const parts: Part[] = [];
    while (this.position < this.#text.length) {
      const open = this.#text.indexOf('{', this.position);
      const end = open === -1 ? this.#text.length : open;
      if (end > this.position) parts.push({ kind: 'text', text: this.#text.slice(this.position, end) });
      this.position = end;
      if (open === -1) break;
      if (this.#match(/\{\s*end\s*\}/y) !== undefined) {
        if (inRange) return parts;
        this.position = open;
        return parts;
      }
      parts.push(this.#braces());
    }
    if (inRange) throw new Unexpected('{end} of the {range} is missing');
    return parts;
  }

  #braces(): Part {
    this.#expect('{');
    if (this.#match(/range\s+/y) !== undefined) {
      const path = this.#path();
      this.#expect('}');
      return { kind: 'range', path, body: this.#parts(true) };
    }
    const text = this.#quoted();
    const part: Part = text === undefined ? { kind: 'path', path: this.#path() } : { kind: 'text', text };
    this.#expect('}');
    return part;
  }

  #path(): Path {
    this.#match(BLANKS);
    const fromRoot = this.#take('$');
    const isNamed = fromRoot || this.#take('@');
    const steps: Step[] = [];
    for (;;) {
      if (this.#take('..')) {
        steps.push({ kind: 'descend' });
        if (this.#peek() !== '[') steps.push(this.#field());
      } else if (this.#take('.')) {
        // `{.}` is the value itself.
        if (this.#peek() !== '}' && this.#peek() !== '[') steps.push(this.#field());
      } else if (this.#take('[')) {
        steps.push(this.#bracket());
        this.#expect(']');
      } else if (steps.length === 0 && !isNamed && FIELD_START.test(this.#peek())) {
        steps.push(this.#field());
      } else return { fromRoot, steps };
    }
  }

  #field(): Step {
    if (this.#take('*')) return { kind: 'wildcard' };
    const name = this.#match(FIELD);
    if (name === undefined) throw new Unexpected('the name of a field is missing');
    return { kind: 'field', names: [name.replace(/\\(.)/g, '$1')] };
  }

  #bracket(): Step {
    this.#match(BLANKS);
    if (this.#take('*')) return { kind: 'wildcard' };
    if (this.#take('?')) return this.#filter();
    const first = this.#quoted();
    if (first !== undefined) return { kind: 'field', names: [first, ...this.#more(() => this.#quoted() ?? this.#fail('a quoted name'))] };
    const start = this.#integer();
    if (this.#take(':')) return { kind: 'slice', start, end: this.#integer() };
    if (start === undefined) throw new Unexpected("expected a number, *, 'name' or ?(@.field=='value')");
    return { kind: 'index', indices: [start, ...this.#more(() => this.#integer() ?? this.#fail('a number'))] };
  }

  #filter(): Step {
    this.#expect('(');
    const left = this.#operand();
    this.#match(BLANKS);
    const operator = OPERATORS.find((candidate) => this.#take(candidate));
    const comparison = operator && { operator, right: this.#operand() };
    this.#expect(')');
    return { kind: 'filter', left, comparison };
  }

  #operand(): Operand {
    this.#match(BLANKS);
    const text = this.#quoted();
    if (text !== undefined) return { literal: text };
    const literal = this.#match(NUMBER) ?? this.#match(WORD_LITERAL);
    if (literal !== undefined) return { literal: JSON.parse(literal) as number | boolean | null };
    if (!/[@$]/.test(this.#peek())) this.#fail('@.field, a quoted text, a number, true, false or null');
    return this.#path();
  }

  /** `, item` any number of times. */
  #more<T>(item: () => T): readonly T[] {
    const items: T[] = [];
    for (;;) {
      this.#match(BLANKS);
      if (!this.#take(',')) return items;
      this.#match(BLANKS);
      items.push(item());
    }
  }

  #integer(): number | undefined {
    const text = this.#match(INTEGER);
    return text === undefined ? undefined : Number(text);
  }

  #quoted(): string | undefined {
    const raw = this.#match(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/y);
    return raw?.slice(1, -1).replace(/\\(.)/g, (_whole, character: string) => ESCAPES[character] ?? character);
  }

  #peek(): string {
    return this.#text.charAt(this.position);
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.#text)?.[0];
    this.position += found?.length ?? 0;
    return found;
  }

  #expect(text: string): void {
    this.#match(BLANKS);
    if (!this.#take(text)) this.#fail(`'${text}'`);
  }

  #fail(expected: string): never {
    throw new Unexpected(`expected ${expected}`);
  }
}

const FIELD_START = /[\w*]/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
