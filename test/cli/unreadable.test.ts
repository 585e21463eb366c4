import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { keys } from '../support/ipam.ts';
import { change } from '../support/store.ts';
import { useSession } from './session.ts';

describe('a stored value that cannot be read', () => {
  const { store, run, ok, json } = useSession();

  async function plant(key: string): Promise<void> {
    const open = await openStore(store());
    await change(open, { put: { [key]: '{' } });
    await open.close();
  }

  it.each([
    ['ippools', 'create ippool p --cidr 10.0.0.0/24', 'p', keys.pool('broken')],
    ['nodes', 'create node p', 'p', keys.node('broken')],
  ])('is left out of get %s, and named', async (list, create, name, key) => {
    await ok(create);
    await plant(key);
    const { code, stdout, stderr } = await run(`get ${list} -o json`);
    expect({ code, list: JSON.parse(stdout) }).toMatchObject({ code: 0, list: { items: [{ metadata: { name } }] } });
    expect(stderr).toMatch(/^plat: [^\n]+\n$/);
    expect(stderr).toContain(`${key} cannot be read`);
  });

  it('among the blocks of a pool stops its deletion until told to go on; that of another pool does not', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('create ippool q --cidr 10.1.0.0/24');
    const key = keys.block('10.0.0.64/26');
    await plant(key);
    await ok('delete ippool q');
    const { code, stdout, stderr } = await run('delete ippool p');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`${key} cannot be read`);
    expect(stderr).toMatch(/'p' .* and 1 block that cannot be read.*--yes/);
    expect((await json('get ippools')).items).toHaveLength(1);
    expect(await run('delete ippool p --yes')).toMatchObject({ code: 0, stderr: expect.stringContaining(key) });
  });

  it('leaves it open whether an address is in a pool', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam assign --ip 10.0.0.9 --host a --handle h');
    await ok('delete ippool p --yes');
    await plant(keys.pool('broken'));
    expect(await ok('ipam show --ip 10.0.0.9')).toMatch(/^Block: 10\.0\.0\.0\/26$/m);
    expect(await json('ipam show --ip 10.0.0.9')).not.toHaveProperty('pool');
  });
});
