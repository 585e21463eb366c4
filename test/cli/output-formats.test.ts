import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { runLine, useSession } from './session.ts';

describe('-o', () => {
  const { run, ok, store } = useSession();
  const twoPools = async () => {
    await ok('create ippool a --cidr 10.1.0.0/24 --block-size 28');
    await ok('create ippool b --cidr 10.2.0.0/24 --disabled');
  };

  it('name gives kind/name, which commands take again', async () => {
    await twoPools();
    expect(await ok('get ippools -o name')).toBe('ippool/a\nippool/b\n');
    expect(await ok('get ippool/b -o name')).toBe('ippool/b\n');
    expect(await ok('delete ippool/a ippool/b')).toContain("Successfully deleted 2 'IPPool' resource(s)");
    expect(await ok('get ippools -o name')).toBe('');
  });

  it('jsonpath gives what the template says and no line break of its own', async () => {
    await twoPools();
    expect(await ok('get ippools', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.spec.blockSize}{"\\n"}{end}')).toBe('a=28\nb=26\n');
    expect(await ok('get ippool a', '-o=jsonpath={.spec.cidr}')).toBe('10.1.0.0/24');
  });

  it('custom-columns takes columns of the table by heading, and paths', async () => {
    await twoPools();
    expect(await ok('get ippools -o custom-columns=NAME,CIDR')).toBe('NAME   CIDR\na      10.1.0.0/24\nb      10.2.0.0/24\n');
    expect(await ok('get ippools -o custom-columns=POOL:.metadata.name,USES:.spec.allowedUses,GONE:.x')).toBe(
      'POOL   USES              GONE\na      Workload,Tunnel   <none>\nb      Workload,Tunnel   <none>\n',
    );
  });

  it('yaml and json give the same, also under other names of the format', async () => {
    await twoPools();
    const json: unknown = JSON.parse(await ok('get ippools -o JSON'));
    expect(parseYaml(await ok('get ippools -o yml'))).toEqual(json);
    expect(await ok('get ippools -o ps')).toBe(await ok('get ippools'));
  });

  it.each([
    ['xml', "--output is 'xml'; expected is table, wide, json, yaml, name, jsonpath="],
    ['jsonpath={.a', "-o jsonpath={.a: expected '}', at character 4"],
    ['jsonpath', 'a template is missing'],
    ['custom-columns', 'needs at least one column'],
    ['custom-columns=NAME,SIZE', "'SIZE' is no column of this table. Expected one of NAME, CIDR"],
    ['custom-columns=:x', "':x' is no column"],
    ['go-template={{.}}', '-o jsonpath='],
  ])('%s is refused with what is expected', async (format, message) => {
    await twoPools();
    const { code, stdout, stderr } = await run('get ippools -o', format);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('name is refused by a command whose result has no names', async () => {
    expect(await run('ipam show -o name')).toMatchObject({ code: 2, stderr: expect.stringContaining('Take -o json') });
  });

  it('comes from PLAT_OUTPUT when no flag says otherwise, for errors too', async () => {
    const env = { PLAT_OUTPUT: 'json' };
    await twoPools();
    const line = ['--store', store(), 'get', 'ippool', 'a'];
    expect(JSON.parse((await runLine(line, { env })).stdout)).toMatchObject({ kind: 'IPPool' });
    expect((await runLine([...line, '-o', 'name'], { env })).stdout).toBe('ippool/a\n');
    expect(JSON.parse((await runLine(['--store', store(), 'get', 'ippool', 'x'], { env })).stderr)).toMatchObject({
      error: { code: 'not-found' },
    });
    expect(await runLine(line, { env: { PLAT_OUTPUT: 'xml' } })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("PLAT_OUTPUT is 'xml'"),
    });
  });

  it.each([
    'ipam auto-assign --host a -o name',
    'ipam assign --ip 10.1.0.9 --host a -o name',
    'ipam auto-assign --host a -o custom-columns=NAME',
    'ipam release --handle h -o name',
    'node remove n --yes -o custom-columns=NAME',
    'ipam split 2 --name a -o name',
    'create node late -o custom-columns=NAME',
    'delete ippool b -o custom-columns=NAME',
    'ipam repair --yes -o name',
  ])('an unfit one is refused before anything is done: %s', async (line) => {
    await twoPools();
    await ok('create node n');
    await ok('ipam assign --ip 10.1.0.1 --host n --handle h');
    const everything = async () => (await ok('dump')).split('\n').slice(1, -2);
    const before = await everything();
    const { code, stdout, stderr } = await run(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^plat: -o (name|custom-columns): [^\n]+\n$/);
    expect(await everything()).toEqual(before);
  });

  it('neither is a store opened for it', async () => {
    const none = `${store()}-none`;
    expect(await runLine(['--store', none, 'ipam', 'release', '--handle', 'h', '-o', 'name'])).toMatchObject({ code: 2 });
    await expect(access(none.slice('lmdb:'.length))).rejects.toThrow('ENOENT');
  });

  it.each(['name', 'custom-columns=NAME'])('%s of PLAT_OUTPUT or the configuration file counts where a command has it', async (format) => {
    await twoPools();
    const folder = await mkdtemp(join(tmpdir(), 'plat-output-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'config.yaml'), `output: ${format}\n`);
    for (const from of [{ PLAT_OUTPUT: format }, { PLAT_CONFIG: join(folder, 'config.yaml') }]) {
      const here = (...line: readonly string[]) => runLine(['--store', store(), ...line], { env: from });
      expect(await here('ipam', 'auto-assign', '--host', 'a', '--handle', 'h')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('10.1.0.'),
        stderr: '',
      });
      expect(await here('ipam', 'release', '--handle', 'h')).toMatchObject({ code: 0, stdout: expect.stringContaining('1 address') });
      expect((await here('get', 'ippools')).stdout).toBe(format === 'name' ? 'ippool/a\nippool/b\n' : 'NAME\na\nb\n');
    }
  });

  it('a file is only what the command line names', async () => {
    expect(await runLine(['--store', store(), 'ipam', 'check'], { env: { PLAT_OUTPUT: 'report.json' } })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("PLAT_OUTPUT is 'report.json'"),
    });
  });
});
