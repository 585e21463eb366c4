import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Labels, matches, mentionsGlobal, parseSelector, type Selector, selectsEverything } from '../../src/core/selector.ts';

function parsed(text: string): Selector {
  const result = parseSelector(text);
  if (result.kind === 'bad-selector') throw new Error(result.rendering);
  return result.selector;
}

function refusal(text: string) {
  const result = parseSelector(text);
  if (result.kind === 'selector') throw new Error(`${text} was accepted`);
  return result;
}

const EAST = { region: 'east', environment: 'production' };

describe('evaluation', () => {
  it.each<[string, Labels, boolean]>([
    ['', { a: 'b' }, true],
    ['region == "east"', EAST, true],
    ['region == "east" && environment == "production"', { ...EAST, team: 'backend' }, true],
    ['region in {"east", "west"}', { region: 'west' }, true],
    ['has(region)', EAST, true],
    ['region == "east"', { region: 'west', environment: 'production' }, false],
    ['region == "east"', { environment: 'production' }, false],
    ['region == "east"', {}, false],
    ['region == "us-east-1"', { region: 'us-east-1' }, true],
  ])('PL-21 %s on %o is %s', (text, labels, expected) => {
    expect(matches(parsed(text), labels)).toBe(expected);
  });

  it.each<[string, Labels, boolean]>([
    ['   ', {}, true],
    ['all()', {}, true],
    [' all(  )\t', { a: 'b' }, true],
    ['global()', {}, true],
    ['has(a)', { a: '' }, true],
    ['has( a )', { b: 'a' }, false],
    ['!has(a)', { b: 'b' }, true],
    ['!!has(a)', { a: 'b' }, true],
    ['! ! !has(a)', { a: 'b' }, false],
    ["a == 'x'", { a: 'x' }, true],
    [`a == '"'`, { a: '"' }, true],
    [`a == "'"`, { a: "'" }, true],
    ["a == '\\n'", { a: '\\n' }, true],
    ["a == ''", { a: '' }, true],
    ["a == ''", {}, false],
    ["a != 'x'", { a: 'x' }, false],
    ["a != 'x'", { a: 'y' }, true],
    ["a != 'x'", {}, true],
    ["!a == 'x'", { a: 'y' }, true],
    ["a in {'x'}", { a: 'x' }, true],
    ["a in {'x', 'y',}", { a: 'y' }, true],
    ['a in {}', { a: '' }, false],
    ["a in{'x'}", { a: 'x' }, true],
    ["a in {'x'}", {}, false],
    ["a in {''}", {}, false],
    ["a not in {'x'}", {}, true],
    ["a not in {''}", {}, true],
    ["a not in {'x'}", { a: 'x' }, false],
    ["a notin {'x'}", { a: 'y' }, true],
    ["a not \t in {'x'}", { a: 'x' }, false],
    ["a contains 'bc'", { a: 'abcd' }, true],
    ["a contains 'bc'", { a: 'acbd' }, false],
    ["a contains ''", {}, false],
    ["a starts with 'ab'", { a: 'abc' }, true],
    ["a startswith 'bc'", { a: 'abc' }, false],
    ["a starts with ''", {}, false],
    ["a ends with 'bc'", { a: 'abc' }, true],
    ["a endswith 'ab'", { a: 'abc' }, false],
    ["a contains'b'", { a: 'b' }, true],
    ["topology.kubernetes.io/zone_1-x == 'z'", { 'topology.kubernetes.io/zone_1-x': 'z' }, true],
    ["in in {'in'}", { in: 'in' }, true],
    ["not not in {'x'}", { not: 'x' }, false],
    ["contains contains 'x'", { contains: 'x' }, true],
    ["all == 'x'", { all: 'x' }, true],
    ["has == 'x'", { has: 'x' }, true],
    ["a=='1'&&b=='2'", { a: '1', b: '2' }, true],
    ["a == '1' || b == '2'", { b: '2' }, true],
    ["a == '1' || b == '2'", { c: '2' }, false],
    ["a == '1' || b == '2' && c == '3'", { a: '1' }, true],
    ["(a == '1' || b == '2') && c == '3'", { a: '1' }, false],
    ["((a == '1'))", { a: '1' }, true],
    ['!(has(b) || !has(a))', { a: '1' }, true],
  ])('reads %s as the data model §7.6 says: on %o it is %s', (text, labels, expected) => {
    expect(matches(parsed(text), labels)).toBe(expected);
  });

  it('takes only labels that the object has itself', () => {
    expect(matches(parsed('has(constructor)'), {})).toBe(false);
    expect(matches(parsed("toString != 'x'"), {})).toBe(true);
    expect(matches(parsed("__proto__ contains ''"), {})).toBe(false);
  });

  it('knows the selectors that select everything and those with global()', () => {
    expect(['', ' ', 'all()', '(all())'].map((text) => selectsEverything(parsed(text)))).toEqual([true, true, true, true]);
    expect(['has(a)', 'global()', 'all() || has(a)'].map((text) => selectsEverything(parsed(text)))).toEqual([false, false, false]);
    expect(mentionsGlobal(parsed("a == 'global()' && !(has(b) || global())"))).toBe(true);
    expect(mentionsGlobal(parsed("a == 'global()' && !(has(b) || all())"))).toBe(false);
  });
});

describe('refusals', () => {
  it.each([
    ['invalid selector syntax [', 8, 'expected operator after label "invalid"'],
    ['region == ', 10, 'expected string'],
    ['region === "east"', 9, 'expected =='],
  ])('PL-11 %s fails at %i: %s', (text, position, phrase) => {
    const { position: found, message } = refusal(text);
    expect(message).toContain(phrase);
    expect(found).toBe(position);
  });

  it.each([
    ['b', 1, 'expected operator after label "b"'],
    ['b == b', 5, 'expected string'],
    ["'b' == b", 0, 'expected a label'],
    ['a b', 2, 'expected operator after label "a"'],
    ['a (b)', 2, 'expected operator after label "a"'],
    ["a instance 'x'", 2, 'expected operator after label "a"'],
    ["a starts 'x'", 2, 'expected operator after label "a"'],
    ['!', 1, 'expected a label'],
    ["a = 'b'", 2, 'expected =='],
    ["a == 'b' & c == 'd'", 9, 'expected &&'],
    ["a == 'b' |", 9, 'expected ||'],
    ["a == 'b' &&", 11, 'expected a label'],
    ["a == 'b' c == 'd'", 9, 'expected && or ||'],
    ["a == 'b')", 8, 'expected && or ||'],
    ["a in 'b'", 5, 'expected set literal'],
    ["a in {'b', ||", 11, 'expected }'],
    ["a in {'b' 'c'}", 10, 'expected }'],
    ["a == 'b", 5, 'unterminated string'],
    ['a == "b\'', 5, 'unterminated string'],
    ['(', 1, 'expected a label'],
    ['()', 1, 'expected a label'],
    ["(a == 'b'", 9, 'expected )'],
    ['has(', 4, 'expected a label name'],
    ['has()', 4, 'expected a label name'],
    ['has(a', 5, "no closing ')' after has("],
    ['all(x)', 4, "no closing ')' after all("],
    ['global(', 7, "no closing ')' after global("],
    ['%', 0, 'unexpected character "%"'],
    ["a == 'b'\n", 8, 'unexpected character'],
  ])('data model §7.6: %j fails at %i: %s', (text, position, phrase) => {
    const { position: found, message } = refusal(text);
    expect(message).toContain(phrase);
    expect(found).toBe(position);
  });

  it('PL-11 shows the place under the selector', () => {
    expect(refusal('region === "east"').rendering).toBe('region === "east"\n         ^ expected == (a single = is no operator)');
    expect(refusal('a\tb').rendering.split('\n')[0]).toBe('a b');
  });

  it('shows only the part of a long selector around the place', () => {
    const { rendering } = refusal(`${"a == 'b' && ".repeat(20)}%${" && a == 'b'".repeat(20)}`);
    const [shown = '', below = ''] = rendering.split('\n');
    expect(shown.length).toBeLessThan(80);
    expect(shown.charAt(below.indexOf('^'))).toBe('%');
    expect(shown.startsWith('…') && shown.endsWith('…')).toBe(true);
  });

  it('allows labels of 512 and selectors of 1024 characters, no longer', () => {
    const label = 'x'.repeat(512);
    expect(matches(parsed(`has(${label})`), { [label]: '' })).toBe(true);
    expect(matches(parsed(`${label} == 'y'`), { [label]: 'y' })).toBe(true);
    expect(refusal(`has(${label}x)`).message).toContain('label too long');
    expect(refusal(`${label}x == 'y'`).message).toContain('label too long');
    const longest = `a == '${'y'.repeat(1024 - 7)}'`;
    expect(matches(parsed(longest), { a: 'y'.repeat(1017) })).toBe(true);
    expect(refusal(`${longest} `)).toMatchObject({ position: 1024, message: expect.stringContaining('selector too long') });
    expect(refusal('('.repeat(1024)).position).toBe(1024);
  });
});

const label = fc.constantFrom('a', 'b', 'in', 'not', 'region', 'k8s.io/x-1_y');
const value = fc.constantFrom('', 'x', 'y', 'xyx', '"', 'a && b');
const leaf = fc.oneof(
  fc.record({ kind: fc.constant('all' as const) }),
  fc.record({ kind: fc.constant('global' as const) }),
  fc.record({ kind: fc.constant('has' as const), label }),
  fc.record({
    kind: fc.constant('compare' as const),
    label,
    operator: fc.constantFrom('==' as const, '!=' as const, 'contains' as const, 'starts with' as const, 'ends with' as const),
    value,
  }),
  fc.record({
    kind: fc.constant('set' as const),
    label,
    operator: fc.constantFrom('in' as const, 'not in' as const),
    values: fc.array(value, { maxLength: 3 }),
  }),
);
const { selector } = fc.letrec<{ selector: Selector }>((tie) => ({
  selector: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc.record({ kind: fc.constant('not' as const), term: tie('selector') }).filter(({ term }) => term.kind !== 'not'),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), terms: fc.array(tie('selector'), { minLength: 2, maxLength: 3 }) }),
  ),
}));

function quoted(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}

/** Text with all parentheses written; a space wherever `gap` says so. */
function printed(node: Selector, gap: string): string {
  switch (node.kind) {
    case 'all':
    case 'global':
      return `${node.kind}(${gap})`;
    case 'has':
      return `has(${gap}${node.label}${gap})`;
    case 'compare':
      return `${node.label} ${node.operator}${gap}${quoted(node.value)}`;
    case 'set':
      return `${node.label} ${node.operator}${gap}{${node.values.map(quoted).join(`${gap},`)}}`;
    case 'not':
      return `!${gap}(${printed(node.term, gap)})`;
    case 'and':
    case 'or':
      return node.terms.map((term) => `(${printed(term, gap)})`).join(`${gap}${node.kind === 'and' ? '&&' : '||'}${gap}`);
  }
}

describe('laws', () => {
  it('gives back the selector that was printed, whatever the blanks', () => {
    fc.assert(
      fc.property(selector, fc.constantFrom('', ' ', '\t '), (node, gap) => {
        const text = printed(node, gap);
        fc.pre(text.length <= 1024);
        expect(parsed(text)).toEqual(node);
      }),
    );
  });

  it('answers every text with a selector, or with a place inside it and a caret below', () => {
    const pieces = fc.array(
      fc.constantFrom('a', "'x'", '==', '!=', 'in', 'not', '{', '}', '(', ')', '&&', '||', '!', 'has(', 'all()', ' ', '=', '%', '"'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          pieces.map((parts) => parts.join('')),
          fc.string(),
        ),
        (text) => {
          const result = parseSelector(text);
          if (result.kind === 'selector') return;
          expect(result.position).toBeGreaterThanOrEqual(0);
          expect(result.position).toBeLessThanOrEqual(text.length);
          expect(result.rendering.split('\n')).toHaveLength(2);
          expect(result.rendering).toContain(`^ ${result.message}`);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
