import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLine, useSession } from '../session.ts';

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

describe('completion', () => {
  const { ok, store } = useSession();
  const candidates = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await runLine(['__complete', ...words], { env: { PLAT_STORE: store() } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
  };

  it('knows commands, at every level, by any name', async () => {
    expect(await candidates('')).toEqual(expect.arrayContaining(['get', 'apply', 'ipam', 'completion']));
    expect(await candidates('ip')).toEqual(['ipam']);
    expect(await candidates('get', '')).toEqual(['ippool', 'ipreservation', 'node', 'ipamconfig']);
    expect(await candidates('delete', 'ip')).toEqual(['ippool', 'ipreservation']);
    expect(await candidates('--store', store(), 'ipam', 'auto')).toEqual(['auto-assign']);
  });

  it('knows options and their values', async () => {
    expect(await candidates('ipam', 'auto-assign', '--nu')).toEqual(['--num4', '--num6']);
    expect(await candidates('get', 'pools', '--sto')).toEqual(['--store']);
    expect(await candidates('get', 'pools', '-o', 'j')).toEqual(['json', 'jsonpath=']);
    expect(await candidates('get', 'pools', '--output=ya')).toEqual(['--output=yaml']);
    expect(await candidates('patch', 'pool', 'p', '--type', '')).toEqual(['merge', 'json', 'strategic']);
    expect(await candidates('--log-level', 'w')).toEqual(['warn']);
    expect(await candidates('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await candidates('ipam', 'assign', '--ip', '')).toEqual([]);
    expect(await candidates('delete', 'ippool', 'p1', '--dr')).toEqual(['--dry-run', '--drain']);
    expect(await candidates('ipam', 'repair', '--kind', 'handle-l')).toEqual(['handle-leaked']);
    expect(await candidates('why-not', '--use', '')).toEqual(['Workload', 'Tunnel', 'LoadBalancer']);
    expect(await candidates('create', 'ippool', 'p', '--allowed-uses=T')).toEqual(['--allowed-uses=Tunnel']);
  });

  it('knows names of the store in effect, each once', async () => {
    await ok('create ippool a --cidr 10.1.0.0/24');
    await ok('create ippool b --cidr 10.2.0.0/24');
    await ok('create node worker-1');
    await ok('create ipreservation r --cidr 10.1.0.0/32');
    expect(await candidates('get', 'ippool', '')).toEqual(['a', 'b']);
    expect(await candidates('delete', 'pool', 'a', '')).toEqual(['b']);
    expect(await candidates('describe', 'node', 'w')).toEqual(['worker-1']);
    expect(await candidates('ipam', 'auto-assign', '--host', '')).toEqual(['worker-1']);
    expect(await candidates('ipam', 'auto-assign', '--pool', '')).toEqual(['a', 'b']);
    expect(await candidates('delete', 'reservation', '')).toEqual(['r']);
    expect(await candidates('--store', `${store()}-none`, 'get', 'ippool', '')).toEqual([]);
  });

  it('neither creates a store nor says a word when there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plat-completion-'));
    try {
      const env = { PLAT_STORE: `lmdb:${folder}/none` };
      expect(await runLine(['__complete', 'get', 'ippool', ''], { env })).toEqual({ code: 0, stdout: '', stderr: '' });
      await expect(stat(`${folder}/none`)).rejects.toThrow('ENOENT');
      expect(await runLine(['__complete', 'get', 'node', ''], { env: { PLAT_STORE: 'etcd://127.0.0.1:1' } })).toMatchObject({
        code: 0,
        stderr: '',
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the completion script', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plat-shells-'));
    // What the scripts call: says what it was asked, and knows some words.
    await writeFile(
      join(folder, 'plat'),
      '#!/bin/sh\nfor last; do :; done\nprintf "%s\\tmeaning\\n" "--output=json" "etcd://h:1" "ippool" "asked-$#" | grep -e "^$last"\n',
    );
    await chmod(join(folder, 'plat'), 0o755);
    for (const shell of ['bash', 'zsh', 'fish']) await writeFile(join(folder, shell), (await runLine(['completion', shell])).stdout);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const inShell = (shell: string, script: string) =>
    execFileSync(shell, ['-c', script], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env['PATH']}`, HOME: folder },
    });

  const bash = (line: string) =>
    inShell(
      'bash',
      `. ${folder}/bash; compopt() { :; }; COMP_LINE='${line}'; COMP_POINT=${line.length}; _plat; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ).trim();

  it('of bash asks with the words up to the cursor, and gives what follows = and :', () => {
    expect(bash('plat get ipp')).toBe('ippool');
    expect(bash('plat get ')).toContain('asked-3');
    expect(bash('plat --output=j')).toBe('json');
    expect(bash('plat --store etcd:')).toBe('//h:1');
  });

  // skip: where there is no zsh.
  it.runIf(has('zsh'))('of zsh is read by it', () => {
    const script = `compdef() { :; }; _describe() { print -rl -- $candidates; }; _files() { :; }; . ${folder}/zsh; words=(plat get et); CURRENT=3; _plat`;
    expect(inShell('zsh', script)).toBe('etcd\\://h\\:1:meaning\n');
  });

  // skip: where there is no fish.
  it.runIf(has('fish'))('of fish is read by it', () => {
    expect(inShell('fish', `source ${folder}/fish; complete -C 'plat get ipp'`)).toBe('ippool\tmeaning\n');
  });

  it('is refused for another shell', async () => {
    expect(await runLine(['completion', 'tcsh'])).toMatchObject({ code: 2, stderr: expect.stringContaining('bash, zsh, fish') });
  });
});
