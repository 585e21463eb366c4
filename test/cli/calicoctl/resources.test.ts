import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { etcdStage, lmdbStage, useSession } from '../session.ts';
import { finalStore, furnishStore, readTranscript, type Spoken } from './transcripts.ts';

/** Headings and cells of a blank-padded table, without the padding. */
function cellsOf(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const starts = [...(lines[0] ?? '').matchAll(/\S+/g)].map(({ index }) => index);
  return lines.map((line) => starts.map((start, column) => line.slice(start, starts[column + 1]).trim()));
}

/** What Go leaves out: `false`, and empty texts. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== false && member !== '');
  return Object.fromEntries(members.map(([name, member]) => [name, withoutZeros(member)]));
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name?: string };
  readonly items?: readonly Resource[];
}

/** Uids, times and revisions are those of another run. */
function facts({ kind, metadata, items, ...rest }: Resource): unknown {
  return { kind, name: metadata?.name, ...(withoutZeros(rest) as object), ...(items && { items: items.map(facts) }) };
}

const GO_TEMPLATE = /^get ippool -o go-template=/;
const WITH_JSONPATH = ['get', 'ippool', '-o', 'jsonpath={range .items[*]}{.metadata.name} {end}'];

/** The same table: every column of calicoctl's with the same cells; plat may have more to the right. */
function expectTable(printed: string, expected: string): void {
  const [headings = [], ...rows] = cellsOf(expected);
  const [ours = [], ...ourRows] = cellsOf(printed);
  expect(ours.filter((heading) => headings.includes(heading))).toEqual(headings);
  const part = (row: readonly string[]) => headings.map((heading) => row[ours.indexOf(heading)] ?? '');
  expect(ourRows.map(part)).toEqual(rows.map((row) => headings.map((_heading, index) => row[index] ?? '')));
}

function expectSame({ args, stdout, stderr, exit }: Spoken, run: { code: number; stdout: string; stderr: string }): void {
  const line = args.join(' ');
  expect({ line, code: run.code }).toEqual({ line, code: exit });
  if (exit !== 0) {
    const [, kind = '', name = ''] = /(IPPool|Node|IPReservation)\(([^)]+)\)/.exec(stderr) ?? [];
    expect(kind).not.toBe('');
    expect(run.stderr).toContain(`'${name}'`);
  } else if (/-o (yaml|json)/.test(line)) expect(facts(parseYaml(run.stdout) as Resource)).toEqual(facts(parseYaml(stdout) as Resource));
  else if (args[0] === 'delete') expect(run.stdout).toContain(stdout.trim());
  else if (GO_TEMPLATE.test(line)) expect(run.stdout).toBe(stdout);
  else if (cellsOf(stdout).length > 1) expectTable(run.stdout, stdout);
  // calicoctl prints headings over nothing.
  else expect(run.stdout).toMatch(/^No /);
}

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('calicoctl’s transcripts of resources on %s', (_store, openStage) => {
  const session = useSession(openStage);

  it.each(['show', 'show-pools', 'show-reserved', 'show-v6', 'show-orphan', 'configure-split', 'release'])(
    '%s.txt: PV-01 CF-01 same facts, same columns, same exit code',
    async (name) => {
      const { history, commands } = readTranscript(name);
      await furnishStore(session.store(), finalStore(history));
      for (const command of commands.filter(({ args }) => args[0] === 'get' || args[0] === 'delete')) {
        const [first = '', ...rest] = GO_TEMPLATE.test(command.args.join(' ')) ? WITH_JSONPATH : command.args;
        // What is in use is deleted here only when told so.
        const run = await session.run(first, ...rest, ...(first === 'delete' ? ['--yes'] : []));
        expectSame(command, run);
      }
    },
  );
});
