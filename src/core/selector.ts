/**
 * The selector language of pools (data model §7.6): which nodes and namespaces a pool serves.
 *
 *     or    = and { "||" and }
 *     and   = term { "&&" term }
 *     term  = { "!" } ( "(" or ")" | all() | global() | has(label) | label operator string | label [not] in { strings } )
 */
import { assert, unreachable } from './assert.ts';
import { OPERATORS_HINT, type Operator, type Problem, type Token, tokenize, tokenText } from './selector-tokens.ts';

/** Longest selector, characters (data model §7.6). It also bounds the depth of nesting. */
const SELECTOR_LENGTH_MAX = 1024;

export type Labels = Readonly<Record<string, string>>;
type SetOperator = 'in' | 'not in';

export type Selector =
  | { readonly kind: 'all' }
  /** True for everything; meant for network policies, refused in pools (PV). */
  | { readonly kind: 'global' }
  | { readonly kind: 'has'; readonly label: string }
  | { readonly kind: 'compare'; readonly label: string; readonly operator: Exclude<Operator, SetOperator>; readonly value: string }
  | { readonly kind: 'set'; readonly label: string; readonly operator: SetOperator; readonly values: readonly string[] }
  | { readonly kind: 'not'; readonly term: Selector }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Selector[] };

export interface BadSelector {
  readonly kind: 'bad-selector';
  /** Offset of the first character that does not fit, in UTF-16 code units; the length of the text when it ends too early. */
  readonly position: number;
  /** What was expected there. */
  readonly message: string;
  /** Two lines: the selector (its part around the place when it is long), and a caret under the place with the message. */
  readonly rendering: string;
}

export type ParsedSelector = { readonly kind: 'selector'; readonly selector: Selector } | BadSelector;

/** Parses a selector (PL-11, PL-21). Empty or blank text is `all()`. */
export function parseSelector(text: string): ParsedSelector {
  if (text.length > SELECTOR_LENGTH_MAX) {
    return bad(text, {
      kind: 'problem',
      at: SELECTOR_LENGTH_MAX,
      message: `selector too long: ${text.length} characters, at most ${SELECTOR_LENGTH_MAX}`,
    });
  }
  const tokens = tokenize(text);
  if ('kind' in tokens) return bad(text, tokens);
  if (tokens[0]?.kind === 'end') return { kind: 'selector', selector: { kind: 'all' } };
  const cursor = new Cursor(tokens);
  const selector = parseOr(cursor);
  if (selector.kind === 'problem') return bad(text, selector);
  if (cursor.peek().kind !== 'end') return bad(text, cursor.expected('expected && or ||'));
  return { kind: 'selector', selector };
}

/** True when an object with these labels is selected. `!=` and `not in` hold for an absent label (data model §7.6). */
export function matches(selector: Selector, labels: Labels): boolean {
  switch (selector.kind) {
    case 'all':
    case 'global':
      return true;
    case 'has':
      return Object.hasOwn(labels, selector.label);
    case 'compare':
      return compares(selector.operator, labelValue(labels, selector.label), selector.value);
    case 'set': {
      const value = labelValue(labels, selector.label);
      return (value !== undefined && selector.values.includes(value)) === (selector.operator === 'in');
    }
    case 'not':
      return !matches(selector.term, labels);
    case 'and':
      return selector.terms.every((term) => matches(term, labels));
    case 'or':
      return selector.terms.some((term) => matches(term, labels));
    default:
      return unreachable(selector);
  }
}

/** True for `all()` and for the empty selector, which is the same. */
export function selectsEverything(selector: Selector): boolean {
  return selector.kind === 'all';
}

/** True when `global()` occurs anywhere in `selector`. */
export function mentionsGlobal(selector: Selector): boolean {
  switch (selector.kind) {
    case 'global':
      return true;
    case 'not':
      return mentionsGlobal(selector.term);
    case 'and':
    case 'or':
      return selector.terms.some(mentionsGlobal);
    case 'all':
    case 'has':
    case 'compare':
    case 'set':
      return false;
    default:
      return unreachable(selector);
  }
}

function labelValue(labels: Labels, label: string): string | undefined {
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

function compares(operator: Exclude<Operator, SetOperator>, value: string | undefined, wanted: string): boolean {
  switch (operator) {
    case '==':
      return value === wanted;
    case '!=':
      return value !== wanted;
    case 'contains':
      return value?.includes(wanted) ?? false;
    case 'starts with':
      return value?.startsWith(wanted) ?? false;
    case 'ends with':
      return value?.endsWith(wanted) ?? false;
    default:
      return unreachable(operator);
  }
}

class Cursor {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token {
    const token = this.#tokens[this.#next];
    assert(token !== undefined, 'a selector was read past its end');
    return token;
  }

  skip(): void {
    this.#next++;
  }

  /** The problem that the next token is not what `expectation` says. */
  expected(expectation: string): Problem {
    const token = this.peek();
    return { kind: 'problem', at: token.at, message: `${expectation}, found ${tokenText(token)}` };
  }
}

type Parsed = Selector | Problem;

function parseOr(cursor: Cursor): Parsed {
  return parseJoined(cursor, '||', 'or', parseAnd);
}

function parseAnd(cursor: Cursor): Parsed {
  return parseJoined(cursor, '&&', 'and', parseTerm);
}

function parseJoined(cursor: Cursor, joint: '||' | '&&', kind: 'or' | 'and', parsePart: (cursor: Cursor) => Parsed): Parsed {
  const terms: Selector[] = [];
  for (;;) {
    const term = parsePart(cursor);
    if (term.kind === 'problem') return term;
    terms.push(term);
    if (cursor.peek().kind !== joint) return terms.length === 1 ? term : { kind, terms };
    cursor.skip();
  }
}

function parseTerm(cursor: Cursor): Parsed {
  let negated = false;
  while (cursor.peek().kind === '!') {
    negated = !negated;
    cursor.skip();
  }
  const term = parsePlainTerm(cursor);
  return negated && term.kind !== 'problem' ? { kind: 'not', term } : term;
}

function parsePlainTerm(cursor: Cursor): Parsed {
  const token = cursor.peek();
  switch (token.kind) {
    case 'all':
    case 'global':
      cursor.skip();
      return { kind: token.kind };
    case 'has':
      cursor.skip();
      return { kind: 'has', label: token.value };
    case 'label':
      cursor.skip();
      return parseComparison(cursor, token.value);
    case '(':
      cursor.skip();
      return parseGroup(cursor);
    default:
      return cursor.expected('expected a label, has(), all(), ! or (');
  }
}

function parseGroup(cursor: Cursor): Parsed {
  const inner = parseOr(cursor);
  if (inner.kind === 'problem') return inner;
  if (cursor.peek().kind !== ')') return cursor.expected('expected ), && or ||');
  cursor.skip();
  return inner;
}

function parseComparison(cursor: Cursor, label: string): Parsed {
  const token = cursor.peek();
  if (token.kind !== 'operator') return cursor.expected(`expected operator after label "${label}": ${OPERATORS_HINT}`);
  cursor.skip();
  if (token.operator === 'in' || token.operator === 'not in') return parseSet(cursor, label, token.operator);
  const value = cursor.peek();
  if (value.kind !== 'string') return cursor.expected('expected string in quotes');
  cursor.skip();
  return { kind: 'compare', label, operator: token.operator, value: value.value };
}

/** A set may be empty and may end with a comma, as Calico accepts both. */
function parseSet(cursor: Cursor, label: string, operator: SetOperator): Parsed {
  if (cursor.peek().kind !== '{') return cursor.expected("expected set literal such as {'a', 'b'}");
  cursor.skip();
  const values: string[] = [];
  for (let value = cursor.peek(); value.kind === 'string'; value = cursor.peek()) {
    values.push(value.value);
    cursor.skip();
    if (cursor.peek().kind !== ',') break;
    cursor.skip();
  }
  if (cursor.peek().kind !== '}') return cursor.expected('expected }');
  cursor.skip();
  return { kind: 'set', label, operator, values };
}

const SHOWN_BEFORE = 48;
const SHOWN_AFTER = 24;

function bad(text: string, problem: Problem): BadSelector {
  const from = Math.max(0, problem.at - SHOWN_BEFORE);
  const to = problem.at + SHOWN_AFTER;
  const ellipsis = from > 0 ? '…' : '';
  // Tabs and line breaks would move the caret away from its place.
  const shown = text.slice(from, to).replace(/\p{Cc}/gu, ' ');
  const caret = ' '.repeat(ellipsis.length + problem.at - from);
  return {
    kind: 'bad-selector',
    position: problem.at,
    message: problem.message,
    rendering: `${ellipsis}${shown}${to < text.length ? '…' : ''}\n${caret}^ ${problem.message}`,
  };
}
