import { describe, expect, it } from 'vitest';
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
});
