import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/index.ts';
import { historyFiles, historyText } from './files.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const [FIRST = ''] = historyFiles();

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function replay(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', MAIN, ...args], { maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('npm run replay', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plat-replay-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function file(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  it('ends with 0 when every difference is on purpose, and counts them by kind', async () => {
    const { code, stdout } = await replay(FIRST);
    expect(code).toBe(0);
    expect(stdout).toMatch(/1 histories, 14 steps on memory; differences:\n +0 {2}kind 1: handle counts\n/);
    expect(stdout).toContain('kind 5: repeated release');
  });

  it('prints the same as JSON', async () => {
    const { code, stdout } = await replay(FIRST, '-o', 'json', '--store', `lmdb:${join(folder, 'store')}`);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ histories: 1, steps: 14, ok: true, counts: { kind5: 1, unexpected: 0 } });
  });

  it('ends with 1 and says what differs when a recorded value is not what the library does', async () => {
    const altered = await file('altered.json', historyText(FIRST).replace('\\"unallocated\\":[1,2,3,', '\\"unallocated\\":[1,3,2,'));
    const { code, stdout } = await replay(altered);
    expect(code).toBe(1);
    expect(stdout).toContain('01-first-block step 3 autoAssign: unexpected\n  at       /calico/ipam/v2/assignment/ipv4/block/10.0.0.0-26');
  });

  it('takes a difference that the allow file names, and no other', async () => {
    const altered = await file('allowed.json', historyText(FIRST).replace('"10.0.0.1/26"', '"10.0.0.9/26"'));
    const right = await file('right.txt', '# departs on purpose\n01-first-block 4 BK-20\n');
    const wrong = await file('wrong.txt', '01-first-block 5 BK-20\n');
    expect(await replay(altered, '--allow', right)).toMatchObject({ code: 0, stdout: expect.stringContaining('allowed (BK-20)') });
    expect(await replay(altered, '--allow', wrong)).toMatchObject({ code: 1, stdout: expect.stringContaining('allow file line 1') });
  });

  it('ends with 2 when the store is not empty, and leaves it as it is', async () => {
    const url = `lmdb:${join(folder, 'used')}`;
    const put = await file('put.json', '{"name":"n","steps":[{"op":"put","key":"/calico/x","value":"y","changes":{"/calico/x":"y"}}]}');
    expect(await replay(put, '--store', url)).toMatchObject({ code: 0 });
    const store = await openStore(url);
    await store.commit({ guards: [], writes: [{ key: '/calico/x', value: new TextEncoder().encode('y') }], deletes: [] });
    await store.close();
    expect(await replay(put, '--store', url)).toMatchObject({ code: 2, stderr: expect.stringContaining('is in use') });
    const again = await openStore(url);
    expect((await again.read({ keys: ['/calico/x'] })).entries.size).toBe(1);
    await again.close();
  });

  it.each([
    ['no file', [], 'no history file given'],
    ['an unknown option', [FIRST, '--fast'], '--fast'],
    ['an unknown output', [FIRST, '-o', 'xml'], 'wanted text or json'],
    ['an unknown store', [FIRST, '--store', 'sqlite:x'], 'sqlite:x'],
    ['a file that is not there', ['/nowhere/x.json'], '/nowhere/x.json'],
  ])('ends with 2 for %s', async (_, args, message) => {
    expect(await replay(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });

  it.each([
    ['what is not JSON', '{', 'not JSON'],
    ['an unknown operation', '{"name":"n","steps":[{"op":"shrinkPool"}]}', 'step 0: unknown op "shrinkPool"'],
    ['an unknown argument', '{"name":"n","steps":[{"op":"sleep","hours":1}]}', 'step 0 (sleep): unknown argument "hours"'],
    ['an argument of another type', '{"name":"n","steps":[{"op":"createNode","name":7}]}', 'argument "name" must be a text'],
    ['a history without steps', '{"name":"n"}', '"steps" must be a list'],
  ])('ends with 2 for %s in a history', async (name, text, message) => {
    const path = await file(`${name.replaceAll(' ', '-')}.json`, text);
    expect(await replay(path)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });

  it.each([
    ['AA-07', 'no claim marked [W]'],
    ['', 'wanted "history step claim"'],
  ])('ends with 2 for an allow file with %s', async (claim, message) => {
    const path = await file('bad.txt', `01-first-block 4 ${claim}\n`);
    expect(await replay(FIRST, '--allow', path)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});
