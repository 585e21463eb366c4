import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { dumpWith } from '../ipam/transfer/dumps.ts';
import { keys } from '../support/ipam.ts';
import { etcdStage, lmdbStage, runLine, type Stage, useSession } from './session.ts';

let folder: string;
let stage: Stage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plat-transfer-'));
  stage = await lmdbStage();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await stage.stop();
});

const chunks = (text: string) =>
  async function* () {
    for (let at = 0; at < text.length; at += 100) yield Buffer.from(text.slice(at, at + 100));
  };

const dumpOfNodes = (count: number) =>
  dumpWith(Object.fromEntries(Array.from({ length: count }, (_, index) => [keys.node(`n${String(index).padStart(4, '0')}`), '{}'])));

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('plat dump and load on %s', (name, openStage) => {
  const { store, ok, run, json, refused } = useSession(openStage);
  const file = (of: string) => join(folder, `${name}-${of}`);
  /** On another store, which is LMDB. */
  const there = async (url: string, ...args: string[]) => runLine(['--store', url, ...args]);

  async function furnish(): Promise<string> {
    await ok('create ippool p --cidr 10.0.0.0/24 --block-size 28');
    await ok('create ippool six --cidr fd00::/120');
    await ok('ipam auto-assign --num4 20 --num6 3 --host a --handle web --attr pod=wéb');
    await ok('ipam auto-assign --num4 2 --host b');
    return ok('ipam show --show-blocks');
  }

  it('moves everything to a store of another kind, and back again into this one', async () => {
    const shown = await furnish();
    const other = await stage.fresh();
    expect(await json('dump --to', other)).toMatchObject({
      kind: 'Load',
      store: other.replace('lmdb:', 'lmdb:'),
      extra: 0,
      kinds: { pool: 2, node: 2 },
    });
    expect((await there(other, 'ipam', 'show', '--show-blocks')).stdout).toBe(shown);
    const back = await there(other, '-o', 'json', 'dump', '--to', store());
    expect({ code: back.code, ...JSON.parse(back.stdout) }).toMatchObject({ code: 0, added: 0, different: 0, extra: 0 });
    const released = await there(other, 'ipam', 'release', '--handle', 'web');
    expect(released).toMatchObject({ code: 0, stdout: expect.stringContaining('23 addresses') });
  });

  it('writes a file that is whole, and reads it into an empty store, once and again', async () => {
    const shown = await furnish();
    expect(await ok('dump', file('a'))).toMatch(/: \d+ keys of .* at revision \d+\n$/);
    expect((await stat(file('a'))).mode & 0o077).toBe(0);
    expect(await refused('dump', file('a'))).toContain('--force');
    await ok('dump --force', file('a'));
    expect((await readdir(folder)).filter((each) => each.endsWith('.part'))).toEqual([]);
    const other = await stage.fresh();
    expect(await there(other, 'load', file('a'), '--dry-run')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('would be added'),
    });
    expect((await there(other, 'ipam', 'show')).stdout).not.toContain('10.0.0.0/24');
    expect((await there(other, 'load', file('a'))).code).toBe(0);
    expect((await there(other, 'ipam', 'show', '--show-blocks')).stdout).toBe(shown);
    expect(await there(other, 'load', file('a'))).toMatchObject({ code: 0, stdout: expect.stringContaining('0 keys added') });
  });

  it('goes through a pipe', async () => {
    const shown = await furnish();
    const dump = await ok('dump');
    const other = await stage.fresh();
    const loaded = await runLine(['--store', other, 'load'], { readChunks: chunks(dump) });
    expect(loaded).toMatchObject({ code: 0, stderr: '' });
    expect((await there(other, 'ipam', 'show', '--show-blocks')).stdout).toBe(shown);
    const cut = await runLine(['--store', await stage.fresh(), 'load', '-'], { readChunks: chunks(dump.slice(0, -20)) });
    expect(cut).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('ends early') });
  });

  it('refuses a store that is not empty, merges when told, and replaces after a yes', async () => {
    const shown = await furnish();
    await ok('dump', file('b'));
    const other = await stage.fresh();
    await there(other, 'create', 'node', 'mine');
    const { code, stderr } = await there(other, '-o', 'json', 'load', file('b'));
    expect({ code, error: JSON.parse(stderr).error }).toMatchObject({ code: 1, error: { code: 'store-not-empty', details: { extra: 1 } } });
    expect((await there(other, 'load', file('b'), '--merge')).code).toBe(0);
    expect((await there(other, 'get', 'node', 'mine')).code).toBe(0);
    expect(await there(other, 'load', file('b'), '--replace')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('would lose 1 key'),
    });
    expect((await there(other, 'load', file('b'), '--replace', '--yes')).stdout).toContain('1 deleted');
    expect((await there(other, 'get', 'node', 'mine')).code).toBe(1);
    expect((await there(other, 'ipam', 'show', '--show-blocks')).stdout).toBe(shown);
  });

  it('replaces nothing that was written after the question was asked', async () => {
    await furnish();
    await ok('dump', file('q'));
    const other = await stage.fresh();
    await there(other, 'create', 'node', 'mine');
    const late = await runLine(['--store', other, 'load', file('q'), '--replace'], {
      confirm: async () => {
        await there(other, 'create', 'node', 'late');
        return true;
      },
    });
    expect(late).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('changed by somebody else') });
    expect((await there(other, 'get', 'nodes', '-o', 'name')).stdout).toBe('node/late\nnode/mine\n');
    expect((await there(other, 'get', 'ippools', '-o', 'name')).stdout).toBe('');
  });

  it('says what is wrong with a file, and with a line that makes no sense', async () => {
    expect(await refused('load', file('nosuch'))).toContain('no such file');
    expect(await refused('load', folder)).toContain('folder');
    expect(await refused('dump', join(folder, 'no', 'such'))).toContain('no such file or folder');
    await writeFile(file('text'), 'hello\n');
    expect(await refused('load', file('text'))).toContain('no header');
    expect((await run('dump --to memory: -')).code).toBe(2);
    expect((await run('dump --merge')).code).toBe(2);
    expect((await run('load --merge --replace -')).code).toBe(2);
    const atTerminal = await runLine(['--store', store(), 'load'], { confirm: async () => true });
    expect(atTerminal).toMatchObject({ code: 2, stderr: expect.stringContaining('pipe a dump in') });
  });

  it('interrupted says how many keys are there, and the same again goes on', async () => {
    const large = await dumpOfNodes(5_000);
    await writeFile(file('large'), large);
    const interrupt = new AbortController();
    const loading = runLine(['--store', store(), 'load', file('large')], { signal: interrupt.signal });
    const watched = await openStore(store());
    await expect
      .poll(async () => (await watched.read({ keys: [keys.node('n0000')] })).entries.size, { interval: 1, timeout: 30_000 })
      .toBe(1);
    interrupt.abort();
    await watched.close();
    const { code, stdout, stderr } = await loading;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/^plat: interrupted\. [^\n]* At least \d+ of 5000 keys are there; the same again goes on\.\n$/);
    expect(await ok('load', file('large'))).toMatch(/ there already\n$/);
  });

  it('refused names the option that goes on', async () => {
    await furnish();
    await ok('dump', file('n'));
    const other = await stage.fresh();
    await there(other, 'create', 'node', 'mine');
    expect((await there(other, 'load', file('n'))).stderr).toContain('with --merge, or with --replace --dry-run');
    await ok('ipam release --handle web');
    expect(await refused('load --merge', file('n'))).toMatch(/with --replace --dry-run\n$/);
  });

  it('has one line of JSON a key', async () => {
    await furnish();
    await ok('dump', file('c'));
    const lines = (await readFile(file('c'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ format: 'plat-dump', version: 1 });
    expect(lines.at(-1)).toMatchObject({ entries: lines.length - 2 });
    expect(lines.slice(1, -1).every(({ key, value }) => typeof key === 'string' && typeof value === 'string')).toBe(true);
  });
});
