import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDurationMs } from '../../../src/cli/settings/duration.ts';
import { runLine } from '../session.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plat-settings-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(text: string, name = 'config.yaml'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function view(args: readonly string[], env: Record<string, string> = {}): Promise<Map<string, { value: unknown; source: string }>> {
  const { code, stdout, stderr } = await runLine(['config', 'view', ...args, '-o', 'json'], { env, homeFolder: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { items } = JSON.parse(stdout) as { items: { name: string; value: unknown; source: string }[] };
  return new Map(items.map(({ name, ...rest }) => [name, rest]));
}

describe('settings', () => {
  it('come from the flag, else the variable, else the file, else the default, and say so', async () => {
    const path = await file('store: lmdb:/from/file\ntimeout: 5s\n');
    const env = { PLAT_CONFIG: path, PLAT_STORE: 'lmdb:/from/variable' };
    expect((await view([], {})).get('store')).toMatchObject({ source: 'default', value: `lmdb:${folder}/.local/state/plat` });
    expect((await view(['--config', path])).get('store')).toEqual({ value: 'lmdb:/from/file', source: path });
    expect((await view([], env)).get('store')).toEqual({ value: 'lmdb:/from/variable', source: 'PLAT_STORE' });
    expect((await view(['--store', 'lmdb:/from/flag'], env)).get('store')).toEqual({ value: 'lmdb:/from/flag', source: '--store' });
    expect((await view([], env)).get('timeout')).toEqual({ value: '5s', source: path });
    expect((await view([])).get('timeout')).toEqual({ value: '30s', source: 'default' });
    expect((await view(['--log-level', 'warn'])).get('logLevel')).toEqual({ value: 'warn', source: '--log-level' });
  });

  it('are those of the user’s file when nothing names one', async () => {
    await mkdir(join(folder, '.config/plat'), { recursive: true });
    const own = await file('output: wide', '.config/plat/config.yaml');
    expect((await view([])).get('output')).toEqual({ value: 'json', source: '--output' });
    const { stdout } = await runLine(['config', 'view'], { homeFolder: folder });
    expect(stdout).toMatch(new RegExp(`^Configuration file: ${own}\n\nSETTING +VALUE +FROM\n`));
    expect(stdout).toMatch(new RegExp(`^output +wide +${own}$`, 'm'));
  });

  it('take paths of the file from its folder', async () => {
    const path = await file('store: lmdb:data\netcd: {caFile: ca.pem}');
    const settings = await view(['--config', path]);
    expect(settings.get('store')?.value).toBe(`lmdb:${folder}/data`);
    expect(settings.get('etcd.caFile')).toEqual({ value: join(folder, 'ca.pem'), source: path });
  });

  it('never show a secret, nor what may be one in a URL', async () => {
    await file('hunter2\n', 'password');
    const path = await file('store: etcd://root:hunter3@h:1\netcd: {username: root, passwordFile: password}');
    for (const format of ['table', 'json', 'yaml']) {
      const { stdout } = await runLine(['config', 'view', '--config', path, '-o', format], { env: { ETCD_PASSWORD: '' } });
      expect(stdout).not.toMatch(/hunter/);
      expect(stdout).toContain('(set, not shown)');
    }
  });

  it('choose the etcd of the file when it names no store, and where Calico is told of one', async () => {
    const path = await file('etcd: {endpoints: "http://h:1"}');
    expect((await view(['--config', path])).get('store')).toEqual({ value: 'etcd://', source: path });
    expect((await view(['--config', path], { DATASTORE_TYPE: 'kubernetes' })).get('store')).toEqual({ value: 'etcd://', source: path });
    const settings = await view([], { DATASTORE_TYPE: 'etcdv3' });
    expect(settings.get('store')).toEqual({ value: 'etcd://', source: 'DATASTORE_TYPE' });
    expect(settings.get('etcd.endpoints')).toEqual({ value: 'http://127.0.0.1:2379', source: 'default' });
    const embedded = await file('store: lmdb:/from/file', 'embedded.yaml');
    const env = { ETCD_ENDPOINTS: 'http://h:1', DATASTORE_TYPE: 'kubernetes' };
    expect((await view(['--config', embedded], env)).get('store')).toEqual({ value: 'lmdb:/from/file', source: embedded });
    expect((await view([], { ETCD_ENDPOINTS: 'http://h:1', DATASTORE_TYPE: '' })).get('store')).toEqual({
      value: 'etcd://',
      source: 'ETCD_ENDPOINTS',
    });
  });

  it('open the store: TLS files of the configuration are used', async () => {
    const path = await file('store: etcds://127.0.0.1:1\netcd: {caFile: missing.pem}');
    const { code, stderr } = await runLine(['get', 'nodes', '--config', path]);
    expect({ code, named: stderr.includes(join(folder, 'missing.pem')) }).toEqual({ code: 1, named: true });
  });

  it.each([
    [
      'a setting that is none',
      'stor: x',
      /config\.yaml: 'stor' is not a setting\. Known settings: store, timeout, .*below etcd: endpoints, /,
    ],
    ['one below etcd', 'etcd: {ca: x}', /config\.yaml: 'etcd\.ca' is not a setting\. Known settings: /],
    ['a setting of another type', 'store: 7', /config\.yaml: store: /],
    ['no YAML', 'a: [', /config\.yaml is not YAML/],
    ['a bad duration', 'timeout: soon', /config\.yaml: timeout is 'soon'; expected is a duration/],
    ['a bad level', 'logLevel: loud', /logLevel is 'loud'; levels are debug/],
  ])('%s in the file is refused: exit code 2', async (_what, text, message) => {
    const path = await file(text);
    const { code, stdout, stderr } = await runLine(['get', 'nodes', '--config', path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it.each([
    [['--config'], {}],
    [[], { PLAT_CONFIG: '/nowhere/plat.yaml' }],
  ])('a file that is named and is not there is refused: %j %j', async (flags, env) => {
    const { code, stderr } = await runLine(['get', 'nodes', ...flags.flatMap((flag) => [flag, '/nowhere/plat.yaml'])], { env });
    expect({ code, told: stderr.includes('/nowhere/plat.yaml') }).toEqual({ code: 1, told: true });
  });

  it('a password file that is not there is refused', async () => {
    const path = await file('etcd: {passwordFile: none}');
    const { code, stderr } = await runLine(['get', 'nodes', '--config', path]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/etcd\.passwordFile cannot be read/) });
  });

  it('bound every call with --timeout', async () => {
    const { code, stderr } = await runLine(['--store', `lmdb:${folder}/s`, '--timeout', '0', 'get', 'nodes']);
    expect({ code, told: stderr.includes('--timeout is') }).toEqual({ code: 2, told: true });
    expect((await view(['--timeout', '2m'])).get('timeout')).toEqual({ value: '2m', source: '--timeout' });
  });
});

describe('parseDurationMs', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7', 7_000],
  ])('%s', (text, milliseconds) => {
    expect(parseDurationMs(text)).toBe(milliseconds);
  });

  it.each(['', '0', '0s', '-1s', '1.5s', 's', '1d', '1 h'])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });
});
