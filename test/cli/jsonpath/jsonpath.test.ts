import { describe, expect, it } from 'vitest';
import { evaluate, valuesOf } from '../../../src/cli/jsonpath/evaluate.ts';
import { parseTemplate } from '../../../src/cli/jsonpath/parse.ts';

const LIST = {
  kind: 'List',
  items: [
    {
      kind: 'None',
      metadata: { name: '127.0.0.1', labels: { 'kubernetes.io/hostname': '127.0.0.1' } },
      status: { capacity: { cpu: '4' }, addresses: [{ type: 'LegacyHostIP', address: '127.0.0.1' }] },
    },
    {
      kind: 'None',
      metadata: { name: '127.0.0.2' },
      status: {
        capacity: { cpu: '8' },
        addresses: [
          { type: 'LegacyHostIP', address: '127.0.0.2' },
          { type: 'another', address: '127.0.0.3' },
        ],
      },
    },
  ],
  users: [
    { name: 'myself', user: {}, age: 7, admin: true },
    { name: 'e2e', user: { username: 'admin', password: 'secret' }, age: 40, admin: false },
  ],
};

function printed(template: string, document: unknown = LIST): string {
  const parsed = parseTemplate(template);
  if (parsed.kind !== 'template') throw new Error(parsed.reason);
  return evaluate(parsed, document);
}

describe('a JSONPath template', () => {
  it.each([
    ['text', 'kind is {.kind}', 'kind is List'],
    ['the whole', '{@}', JSON.stringify(LIST)],
    ['child operator', "{['kind']}", 'List'],
    ['recursive descent', '{..name}', '127.0.0.1 127.0.0.2 myself e2e'],
    ['wildcard', '{.items[*].metadata.name}', '127.0.0.1 127.0.0.2'],
    ['index', '{.users[0].name}', 'myself'],
    ['index from the end', '{.users[-1].name}', 'e2e'],
    ['several indices', '{.users[0,1].name}', 'myself e2e'],
    ['slice', '{.items[0:1].metadata.name}', '127.0.0.1'],
    ['open slice', '{.items[1:].metadata.name}', '127.0.0.2'],
    ['several names', "{.users[0]['name','age']}", 'myself 7'],
    ['filter', '{.users[?(@.name=="e2e")].user.password}', 'secret'],
    ['filter by number', '{.users[?(@.age > 10)].name}', 'e2e'],
    ['filter by flag', '{.users[?(@.admin==true)].name}', 'myself'],
    ['filter by what is not', "{.users[?(@.name!='e2e')].name}", 'myself'],
    ['filter by presence', '{.users[?(@.user.username)].name}', 'e2e'],
    ['range', '{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}', '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] '],
    [
      'range in a range',
      '{range .items[*]}{.metadata.name}:{range .status.addresses[*]} {.address}{end};{end}',
      '127.0.0.1: 127.0.0.1;127.0.0.2: 127.0.0.2 127.0.0.3;',
    ],
    ['the root in a range', '{range .users[*]}{$.kind} {end}', 'List List '],
    ['quoted text', '{range .users[*]}{.name}{"\\t"}{.age}{"\\n"}{end}', 'myself\t7\ne2e\t40\n'],
    ['escaped dot', '{.items[0].metadata.labels.kubernetes\\.io/hostname}', '127.0.0.1'],
    ['without a dot in front', '{kind}', 'List'],
    ['what is not there', '{.items[7].nothing}', ''],
    ['an object as JSON', '{.users[1].user}', '{"username":"admin","password":"secret"}'],
  ])('%s: %s', (_what, template, expected) => {
    expect(printed(template)).toBe(expected);
  });

  it('takes members of an object of its own only', () => {
    expect(printed('{.constructor}{.toString}', {})).toBe('');
  });

  it('gives values for columns', () => {
    const parsed = parseTemplate('{.users[*].age}');
    expect(parsed.kind === 'template' && valuesOf(parsed, LIST)).toEqual([7, 40]);
  });

  it.each([
    ['', 'a template is missing', 0],
    ['{.items[*}', "expected ']'", 9],
    ['{.items', "expected '}'", 7],
    ['{range .items[*]}{.kind}', '{end}', 24],
    ['x{end}', '{end} without {range}', 1],
    ['{.a[]}', 'expected a number', 4],
    ['{.a[?(@.b=c)]}', "expected ')'", 9],
    ['{.a..}', 'the name of a field', 5],
  ])('%j is refused with its place', (template, reason, position) => {
    const parsed = parseTemplate(template);
    expect(parsed).toMatchObject({ kind: 'bad-template', position });
    expect(parsed.kind === 'bad-template' && parsed.reason).toContain(reason);
  });
});
