import { describe, expect, it } from 'vitest';
import { type Files, runOver } from './planted.ts';

/** Keeps every house rule, those with exceptions included. */
const CLEAN: Files = {
  'README.md': '# It\n\nSee [the errors](docs/errors.md#no-room) and `[code](nowhere.md)`.\n\n```\n[code](nowhere.md)\n```\n',
  'docs/errors.md': '# Errors\n\n### `no-room`\n\nBack to [invariants](invariants.md), or <https://example.org>.\n\n### `gone`\n',
  'docs/invariants.md': '# Invariants\n\n## I1 One holder\n',
  'package-lock.json': '{ "packages": { "node_modules/x": { "version": "1.0.0" } } }\n',
  'src/ipam/errors.ts': "export type IpamErrorCode =\n  /** Full. */\n  | 'no-room'\n  | 'gone';\n",
  'src/core/block.ts': '/** I1 holds: see docs/invariants.md. */\nexport const size = 64;\n',
  'src/platform/clock.ts': 'export const now = () => Date.now() + Math.random();\n',
  'src/cli/main.ts': 'process.exit(process.argv.length);\n',
  'src/store/keys.ts': "export const BLOCKS = '/calico/ipam/v2/assignment/';\n",
  'src/ipam/open.ts': "export const folder = '/var/lib/plat/store';\n// Date.now() in words is no call\n",
  'test/core/block.test.ts':
    "it('I1 has one holder', () => {});\n// skip: needs root\nit.skipIf(true)('mounts', () => {});\nit('x', (context) => context.skip('no disk'));\n",
};

describe('tidy', () => {
  it('passes a project that keeps the rules, and prints its longest files and functions', () => {
    const { status, stdout, problems } = runOver('tidy.mjs', CLEAN);
    expect(problems).toEqual([]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/longest files\n +4 {2}src\/ipam\/errors\.ts\n/);
    expect(stdout).toMatch(/longest functions\n +1 {2}src\/platform\/clock\.ts:1\n/);
  });

  it('names every breach that was planted, and nothing else', () => {
    const unfinished = ['TO', 'DO'].join('');
    const machinePath = ['', 'home', 'someone'].join('/');
    const { status, problems } = runOver('tidy.mjs', {
      ...CLEAN,
      'README.md':
        'See [a file](docs/gone.md), [a heading](docs/errors.md#no-such-code).\n\n[named]: docs/away.md\n\n`src/core/block.ts` and `src/core/gone.ts`\n',
      'docs/errors.md': '### `no-room`\n\n### `old-code`\n',
      'docs/invariants.md': '## I1 One holder\n\n## I2 Free, held or cooling\n',
      'package-lock.json': '{ "resolved": "https://registry.example/x.tgz" }\n',
      'src/core/block.ts': '// I1, docs/missing.md\nexport async function f() {\n  await f();\n}\n',
      'src/ipam/loop.ts': [
        "import { setTimeout } from 'node:timers/promises';",
        'export const f = () => [Date.now(), new Date(), new Date(0), Math.random(), process.env, process.exitCode];',
        `// ${unfinished}: more, ${machinePath}`,
        `export const g = (id: string) => [\`/plat/v1/marks/\${id}\`, '/calico', '/calicoctl'];`,
      ].join('\n'),
      'test/core/block.test.ts': [
        "it.only('I1 a', () => {});",
        "describe.skip.each([1])('b', () => {});",
        "it('c', (context) => context.skip());",
        "it.todo('d');",
      ].join('\n'),
    });
    expect(problems.toSorted()).toEqual(
      [
        'README.md:1: link to docs/gone.md leads nowhere',
        'README.md:1: link to docs/errors.md#no-such-code leads nowhere',
        'README.md:3: link to docs/away.md leads nowhere',
        'README.md:5: src/core/gone.ts does not exist',
        'docs/errors.md: gone is not documented',
        'docs/errors.md: old-code is no code of src/ipam/errors.ts',
        'docs/invariants.md: I2 is cited by no source',
        'docs/invariants.md: I2 is cited by no test',
        'package-lock.json:1: names a download host',
        'src/core/block.ts:1: docs/missing.md does not exist',
        'src/core/block.ts:2: async code in src/core, which is pure',
        'src/core/block.ts:3: async code in src/core, which is pure',
        'src/ipam/loop.ts:1: import of node:timers/promises outside src/platform and main.ts',
        'src/ipam/loop.ts:1: setTimeout outside src/platform and main.ts',
        'src/ipam/loop.ts:2: Date.now outside src/platform and main.ts',
        'src/ipam/loop.ts:2: Math.random outside src/platform and main.ts',
        'src/ipam/loop.ts:2: new Date() without a time outside src/platform and main.ts',
        'src/ipam/loop.ts:2: process.env outside src/platform and main.ts',
        `src/ipam/loop.ts:3: ${unfinished}: finish it or open an issue`,
        `src/ipam/loop.ts:3: path of one machine: ${machinePath}`,
        'src/ipam/loop.ts:4: key literal /calico outside src/store/keys.ts',
        'src/ipam/loop.ts:4: key literal /plat/v1/marks/ outside src/store/keys.ts',
        'test/core/block.test.ts:1: .only( in a test',
        'test/core/block.test.ts:2: .skip( without a reason',
        'test/core/block.test.ts:3: .skip( without a reason',
        'test/core/block.test.ts:4: .todo( in a test',
      ].toSorted(),
    );
    expect(status).toBe(1);
  });

  it('fails on an empty project: a gate that saw nothing is closed', () => {
    const { status, problems } = runOver('tidy.mjs', {});
    expect(status).toBe(1);
    expect(problems).toEqual(['docs/invariants.md: no invariant found', 'src/ipam/errors.ts: no code found in IpamErrorCode']);
  });
});
