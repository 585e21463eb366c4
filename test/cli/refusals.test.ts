import { describe, expect, it } from 'vitest';
import { runLine, useSession } from './session.ts';

describe('a refusal', () => {
  const { store, run, ok, json, refused } = useSession();

  it('with --partial gives what there is and says what is missing', async () => {
    await ok('create ippool p --cidr 10.0.0.0/30 --block-size 30');
    const { code, stdout, stderr } = await run('-o json ipam auto-assign --num4 6 --partial --host a');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ips: { length: 4 },
      shortfalls: [{ family: 4, requested: 6, missing: 2, code: 'no-free-address' }],
    });
    expect(stderr).toMatch(/^plat: .*10\.0\.0\.0\/30/);
    expect(await refused('ipam auto-assign --num4 1 --partial --host a')).toContain('10.0.0.0/30');
  });

  it('AA-20 a full pool is named, with what to do', async () => {
    await ok('create ippool tiny --cidr 10.0.0.0/30 --block-size 30');
    await ok('ipam auto-assign --num4 4 --host a');
    expect(await refused('ipam auto-assign --host b')).toMatch(/tiny.*10\.0\.0\.0\/30.*add a pool/i);
  });

  it('PV-02 refuses pools that overlap, exist already or have a block size out of range', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    expect(await refused('create ippool q --cidr 10.0.0.0/16')).toMatch(/p\b.*10\.0\.0\.0\/24/);
    expect(await refused('create ippool p --cidr 10.9.0.0/24')).toMatch(/exists already/);
    expect(await refused('create ippool r --cidr 10.8.0.0/24 --block-size 19')).toMatch(/between 20 and 32/);
    const { stderr } = await run('-o json create ippool q --cidr 10.0.0.0/16');
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'pool-overlap', details: { violations: { length: 1 } } });
  });

  it('deletes a pool in use only when told so, and leaves its addresses with their holders', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam auto-assign --num4 3 --host a --handle h');
    const refusal = await refused('delete ippool p');
    expect(refusal).toMatch(/'p' \(10\.0\.0\.0\/24\) has 3 addresses in use, in 1 block.*--yes/);
    expect((await json('get pools')).items).toHaveLength(1);
    expect(await json('delete ippool p --yes')).toMatchObject({ name: 'p', deleted: true, addressesLeftInUse: 3 });
    expect(await json('ipam release --handle h')).toMatchObject({ released: { length: 3 } });
  });

  it('asks before it deletes a pool in use where somebody can answer', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam auto-assign --host a');
    const questions: string[] = [];
    const deleteWith = (answer: boolean) =>
      runLine(['--store', store(), 'delete', 'ippool', 'p'], {
        confirm: async (question) => {
          questions.push(question);
          return answer;
        },
      });
    expect(await deleteWith(false)).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was done') });
    expect((await json('get pools')).items).toHaveLength(1);
    expect(await deleteWith(true)).toMatchObject({ code: 0, stderr: '' });
    expect((await json('get pools')).items).toEqual([]);
    expect(questions).toEqual(Array(2).fill(expect.stringMatching(/1 address in use.*Delete it\?$/)));
  });

  it('asks nothing about a pool of which nothing is in use', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('delete ippool p');
  });

  it.each([
    ['an address', 'ipam assign --ip 010.0.0.1 --host a'],
    ['an address to release', 'ipam release --ip 10.0.0.0/24'],
    ['an address to show', 'ipam show --ip nonsense'],
    ['a handle', 'ipam auto-assign --host a --handle a/b'],
    ['a host', 'ipam auto-assign --host a/b'],
    ['a name', 'create node a/b'],
    ['a network', 'create ippool p --cidr 10/8'],
  ])('refuses %s that is none', async (_what, line) => {
    const { code, stdout, stderr } = await run(line);
    expect({ code: code === 0, stdout }).toEqual({ code: false, stdout: '' });
    const [word = ''] = line.split(' ').filter((part) => /^(010|10\/8|10\.|nonsense|a\/b)/.test(part));
    expect(stderr).toMatch(/^plat: [^\n]+\n$/);
    expect(stderr).toContain(word);
  });
});
