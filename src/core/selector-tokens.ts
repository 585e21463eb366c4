import { assert, unreachable } from './assert.ts';

/** Longest label name of a selector, characters (data model §7.6). */
const LABEL_LENGTH_MAX = 512;

export type Operator = '==' | '!=' | 'contains' | 'starts with' | 'ends with' | 'in' | 'not in';

/** One token; `at` is its offset in the text, in UTF-16 code units. */
export type Token = { readonly at: number } & (
  | { readonly kind: 'label' | 'string' | 'has'; readonly value: string }
  | { readonly kind: 'operator'; readonly operator: Operator }
  | { readonly kind: 'all' | 'global' | '(' | ')' | '{' | '}' | ',' | '!' | '&&' | '||' | 'end' }
);

export interface Problem {
  readonly kind: 'problem';
  readonly at: number;
  readonly message: string;
}

type Scanned = Token | Problem;

export const OPERATORS_HINT = '==, !=, in, not in, contains, starts with or ends with';

const BLANKS = /[ \t]*/y;
const LABEL = /[A-Za-z0-9_./-]+/y;
const WORD_OPERATOR = /(contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in)(?![A-Za-z0-9_./-])/y;
const WORD_OPERATORS: Readonly<Record<string, Operator>> = {
  contains: 'contains',
  startswith: 'starts with',
  endswith: 'ends with',
  in: 'in',
  notin: 'not in',
};
const CALL = /(has|all|global)\(/y;
const SYMBOL = /==|!=|&&|\|\||[(){},!]/y;

/**
 * Cuts `text` into tokens, the last of which is `end`. The whole text is cut before anything is parsed, as Calico does:
 * so `a === 'b'` is answered with `expected ==` (PL-11).
 */
export function tokenize(text: string): readonly Token[] | Problem {
  const tokens: Token[] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const afterLabel = tokens.at(-1)?.kind === 'label' ? tokens.at(-1) : undefined;
    const found = scan(text, at, afterLabel);
    if (found.token.kind === 'problem') return found.token;
    tokens.push(found.token);
    at = skipBlanks(text, found.end);
  }
  tokens.push({ kind: 'end', at });
  return tokens;
}

/** How a token is named in a message. */
export function tokenText(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end of the selector';
    case 'label':
    case 'string':
      return JSON.stringify(token.value);
    case 'has':
      return `has(${token.value})`;
    case 'operator':
      return token.operator;
    case 'all':
    case 'global':
      return `${token.kind}()`;
    case '(':
    case ')':
    case '{':
    case '}':
    case ',':
    case '!':
    case '&&':
    case '||':
      return token.kind;
    default:
      return unreachable(token);
  }
}

function scan(text: string, at: number, label: Token | undefined): { token: Scanned; end: number } {
  const symbol = matchAt(SYMBOL, text, at);
  if (symbol !== undefined) return { token: symbolToken(symbol, at), end: at + symbol.length };
  const char = text.charAt(at);
  if (char === '"' || char === "'") return scanString(text, at, char);
  if (char === '=') return problem(at, 'expected == (a single = is no operator)');
  if (char === '&') return problem(at, 'expected && (a single & is no operator)');
  if (char === '|') return problem(at, 'expected || (a single | is no operator)');
  if (label?.kind === 'label') return scanWordOperator(text, at, label.value);
  const call = matchAt(CALL, text, at);
  if (call !== undefined) return scanCall(text, at, call);
  const name = matchAt(LABEL, text, at);
  if (name === undefined) return problem(at, `unexpected character ${JSON.stringify(char)}`);
  return { token: nameToken('label', name, at), end: at + name.length };
}

function symbolToken(symbol: string, at: number): Token {
  if (symbol === '==' || symbol === '!=') return { kind: 'operator', operator: symbol, at };
  return { kind: symbol as '(' | ')' | '{' | '}' | ',' | '!' | '&&' | '||', at };
}

function scanString(text: string, at: number, quote: string): { token: Scanned; end: number } {
  const close = text.indexOf(quote, at + 1);
  if (close < 0) return problem(at, `unterminated string: no closing ${quote}`);
  return { token: { kind: 'string', value: text.slice(at + 1, close), at }, end: close + 1 };
}

function scanWordOperator(text: string, at: number, label: string): { token: Scanned; end: number } {
  const words = matchAt(WORD_OPERATOR, text, at);
  if (words === undefined) return problem(at, `expected operator after label "${label}": ${OPERATORS_HINT}`);
  const operator = WORD_OPERATORS[words.replace(/[ \t]/g, '')];
  assert(operator !== undefined, `${words} is no operator`);
  return { token: { kind: 'operator', operator, at }, end: at + words.length };
}

function scanCall(text: string, at: number, call: string): { token: Scanned; end: number } {
  const inside = skipBlanks(text, at + call.length);
  const name = call === 'has(' ? matchAt(LABEL, text, inside) : '';
  if (name === undefined) return problem(inside, 'expected a label name after has(');
  const close = skipBlanks(text, inside + name.length);
  if (text.charAt(close) !== ')') return problem(close, `no closing ')' after ${call}`);
  const token = call === 'has(' ? nameToken('has', name, at) : ({ kind: call === 'all(' ? 'all' : 'global', at } as const);
  return { token, end: close + 1 };
}

function nameToken(kind: 'label' | 'has', value: string, at: number): Scanned {
  if (value.length <= LABEL_LENGTH_MAX) return { kind, value, at };
  return { kind: 'problem', at, message: `label too long: ${value.length} characters, at most ${LABEL_LENGTH_MAX}` };
}

function problem(at: number, message: string): { token: Problem; end: number } {
  return { token: { kind: 'problem', at, message }, end: at };
}

function skipBlanks(text: string, at: number): number {
  return at + (matchAt(BLANKS, text, at)?.length ?? 0);
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
