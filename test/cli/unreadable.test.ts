import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { keys } from '../support/ipam.ts';
import { bytes, change, text } from '../support/store.ts';
import { useSession } from './session.ts';

const CONFIRMED = '{"state":"confirmed","deleted":false}';

describe('a stored value that cannot be read', () => {
  const { store, run, ok, json } = useSession();

  async function plant(key: string, value = '{'): Promise<void> {
    const open = await openStore(store());
    await change(open, { put: { [key]: value } });
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

  it('among the blocks of a pool stops --drain before the pool is disabled, and what is advised works', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('create node a');
    const key = keys.block('10.0.0.64/26');
    await plant(key);
    await plant(keys.affinity('a', '10.0.0.64/26'), CONFIRMED);
    for (const line of ['delete ippool p --drain --yes', 'delete ippool p --drain --dry-run']) {
      const { code, stderr } = await run(line);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(key) });
      expect(stderr).toMatch(/nothing was done.*plat ipam check.*plat delete ippool p --disable.*plat delete ippool p --yes/);
    }
    expect(await json('get ippool p')).toMatchObject({ spec: { disabled: false } });
    const { stderr } = await run('delete ippool p');
    expect(stderr).not.toContain('--drain');
    expect(await ok('delete ippool p --disable')).toContain('ippool p disabled');
    expect(await run('delete ippool p --yes')).toMatchObject({ code: 0 });
    expect((await json('get ippools')).items).toEqual([]);
    const open = await openStore(store());
    expect(text((await open.read({ keys: [key] })).entries.get(key)?.value ?? bytes(''))).toBe('{');
    await open.close();
  });

  it.each(['delete node a', 'delete node a --dry-run', 'node remove a --yes', 'node remove a --dry-run'])(
    'among the blocks of a node stops %s before anything is written',
    async (line) => {
      await ok('create ippool p --cidr 10.0.0.0/24');
      await ok('ipam assign --ip 10.0.0.1 --host a --handle h');
      const key = keys.block('10.0.0.64/26');
      await plant(key);
      await plant(keys.affinity('a', '10.0.0.64/26'), CONFIRMED);
      const { code, stdout, stderr } = await run(line);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^plat: [^\n]+\n$/);
      expect(stderr).toContain(key);
      expect(stderr).toMatch(/Nothing was done\..*plat ipam check.*plat ipam repair/);
      expect(await ok('get nodes -o name')).toBe('node/a\n');
      expect(await ok('ipam show --ip 10.0.0.1')).toContain('is in use');
    },
  );

  it('leaves it open whether an address is in a pool', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam assign --ip 10.0.0.9 --host a --handle h');
    await ok('delete ippool p --yes');
    await plant(keys.pool('broken'));
    expect(await ok('ipam show --ip 10.0.0.9')).toMatch(/^Block: 10\.0\.0\.0\/26$/m);
    expect(await json('ipam show --ip 10.0.0.9')).not.toHaveProperty('pool');
  });
});
