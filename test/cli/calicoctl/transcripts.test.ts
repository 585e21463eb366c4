import { describe, expect, it } from 'vitest';
import { lmdbStage, useSession } from '../session.ts';
import { finalStore, furnishStore, readTranscript, type Spoken } from './transcripts.ts';

/** Where plat does otherwise on purpose: what it prints instead, and why. */
const OTHERWISE: readonly { readonly args: RegExp; readonly why: string; readonly dryRun?: true; readonly run: object }[] = [
  {
    args: /^ipam release$/,
    why: 'to do nothing, and say nothing, is no success',
    run: { code: 2, stdout: '', stderr: expect.stringContaining('Give --ip') },
  },
  {
    args: /^ipam split 2 --name=p$|^ipam split 2 --cidr=10.0.0.0\/29 --name=p$/,
    dryRun: true,
    why: 'one commit needs no locked datastore; run dry here, since the commands that follow expect the pool',
    run: {
      code: 0,
      stdout: expect.stringContaining('would be split into 2 smaller pools.\nWould create split-p-0 with CIDR 10.0.0.0/30.'),
    },
  },
  {
    args: /^ipam split 3 /,
    why: 'the number is looked at, since there is no lock to look at',
    run: { code: 1, stdout: '', stderr: expect.stringContaining('not a valid power of 2: 3') },
  },
];

/** Other tests answer these. */
const ELSEWHERE = /^(get|delete) |^ipam check/;

/** A pointer is what calicoctl prints for the text that it points at; padding follows from it. */
function withoutPointers(text: string): string {
  if (!text.includes('(*ipam.')) return text;
  const table = text.replace(/\(\*ipam\.\w+\)\(0x[0-9a-f]+\)/, 'Enabled').replace(/ +\|$/gm, ' |');
  return table.replace(/-+\+$/gm, '-+');
}

/** Without what differs in padding alone where a pointer was wider than its text. */
function comparable(printed: string, expected: string): string {
  return expected.includes('(*ipam.') ? printed.replace(/ +\|$/gm, ' |').replace(/-+\+$/gm, '-+') : printed;
}

const PREFIXES = /^(error: |Error executing command: )/gm;

function expectSame({ args, stdout, stderr, exit }: Spoken, run: { code: number; stdout: string; stderr: string }): void {
  expect({ args, code: run.code }).toEqual({ args, code: exit });
  if (exit !== 0) {
    const facts = `${stdout}${stderr}`.replace(PREFIXES, '').trim();
    expect(run.stderr).toContain(facts);
    expect(run.stdout).toBe('');
  } else if (args.some((arg) => arg.startsWith('--ip='))) {
    // plat says more about the block: every line of calicoctl's is there, in its order.
    const lines = run.stdout.split('\n');
    expect(lines.filter((line) => stdout.split('\n').includes(line))).toEqual(stdout.split('\n'));
  } else expect(comparable(run.stdout, stdout)).toBe(withoutPointers(stdout));
}

describe('calicoctl’s transcripts', () => {
  const session = useSession(lmdbStage);

  it.each([
    ['show', 'GU-02: pools, blocks, who borrows, who holds an address, the configuration'],
    ['show-pools', 'GU-01: all pools in name order, disabled ones too'],
    ['show-reserved', 'GU-03: reserved addresses'],
    ['show-v6', 'both families'],
    ['show-orphan', 'no pools: a heading'],
    ['configure-split', 'CF-02 CF-04: settings and their refusals; splitting'],
    ['release', 'release, once and again, then settings'],
  ])('%s.txt: same facts, same columns, same exit code (%s)', async (name) => {
    const { history, commands } = readTranscript(name);
    expect(commands.length).toBeGreaterThan(0);
    await furnishStore(session.store(), finalStore(history));
    for (const command of commands) {
      const line = command.args.join(' ');
      if (ELSEWHERE.test(line)) continue;
      const otherwise = OTHERWISE.find(({ args }) => args.test(line));
      const [first = '', ...rest] = [...command.args, ...(otherwise?.dryRun ? ['--dry-run'] : [])];
      const run = await session.run(first, ...rest);
      if (otherwise) expect(run).toMatchObject(otherwise.run);
      else expectSame(command, run);
    }
  });

  it('reads a command line as a shell does', () => {
    const { commands } = readTranscript('show-pools');
    expect(commands.map(({ args }) => args.length)).toEqual([2, 3, 3, 4, 4, 4]);
    expect(commands.at(-1)?.args.at(-1)).toBe('go-template={{range .}}{{range .Items}}{{.ObjectMeta.Name}} {{end}}{{end}}');
  });
});
