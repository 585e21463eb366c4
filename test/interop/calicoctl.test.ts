import { beforeEach, describe, expect, it } from 'vitest';
import { columnsLike, tableOf } from '../cli/calicoctl/tables.ts';
import { etcdStage, lmdbStage, useSession } from '../cli/session.ts';
import { CALICOCTL, needsCalicoctl, runCalicoctl } from './calicoctl.ts';

describe('calicoctl and plat on the same etcd', () => {
  // Without calicoctl no etcd is needed either.
  const session = useSession(CALICOCTL === '' ? lmdbStage : etcdStage);
  const { ok, run } = session;
  beforeEach((context) => needsCalicoctl(context as Parameters<typeof needsCalicoctl>[0]));

  const endpoint = () => session.store().replace('etcd://', '');
  const calicoctl = (line: string, ...more: string[]) => runCalicoctl(endpoint(), [...line.split(' '), ...more]);
  const calicoctlOk = async (line: string, input = '') => {
    const { code, stdout, stderr } = await runCalicoctl(endpoint(), line.split(' '), input);
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    return stdout;
  };

  async function furnish(): Promise<void> {
    await ok('create ippool p4 --cidr 10.0.0.0/28 --block-size 30');
    await ok('create ippool p6 --cidr fd00::/120 --block-size 126');
    await ok('create ippool off --cidr 10.9.0.0/24 --disabled');
    await ok('create ipreservation r --cidr 10.0.0.4/31');
    await ok('ipam auto-assign --host a --handle one --num4 3 --num6 2 --attr pod=web-1 --attr namespace=default');
    for (const host of ['b', 'c', 'd'])
      await ok(`ipam auto-assign --host ${host} --handle of-${host} --num4 1 --attr pod=${host} --attr namespace=shop`);
    await ok('ipam auto-assign --host a --handle two --num4 2 --attr pod=web-2 --attr namespace=default');
  }

  it.each([
    'ipam show',
    'ipam show --show-blocks',
    'ipam show --show-borrowed',
    'get ippools',
    'get ippools -o wide',
    'get ipreservation -o wide',
    'get nodes',
  ])('answer "%s" alike', async (line) => {
    await furnish();
    const theirs = tableOf(await calicoctlOk(line));
    const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(theirs.length).toBeGreaterThan(0);
    expect(sorted(columnsLike(tableOf(await ok(line)), theirs))).toEqual(sorted(theirs));
  });

  it('name the same holder of every address', async () => {
    await furnish();
    for (const ip of ['10.0.0.0', '10.0.0.1', '10.0.0.5', '10.0.0.9', '10.0.0.15', 'fd00::', '192.0.2.1']) {
      const [theirs, ours] = [await calicoctl(`ipam show --ip=${ip}`), await run(`ipam show --ip=${ip}`)];
      expect({ ip, code: ours.code }).toEqual({ ip, code: theirs.code });
      for (const each of theirs.stdout.split('\n').filter((text) => !text.includes('Attributes:')))
        expect(ours.stdout.split('\n')).toContain(each);
    }
  });

  it('give the same object', async () => {
    await furnish();
    const line = 'get ippool p4 -o json';
    const specOf = (text: string) => (JSON.parse(text) as { spec: object }).spec;
    expect(specOf(await ok(line))).toMatchObject(specOf(await calicoctlOk(line)));
  });

  it('see each other’s settings', async () => {
    await calicoctlOk('ipam configure --strictaffinity=true');
    const setting = (text: string) => tableOf(text).find((row) => row['PROPERTY'] === 'StrictAffinity')?.['VALUE'];
    expect(setting(await ok('ipam show --show-configuration'))).toBe('true');
    await ok('ipam configure --strictaffinity=false');
    expect(setting(await calicoctlOk('ipam show --show-configuration'))).toBe('false');
  });

  it('see each other’s pools', async () => {
    const manifest = (name: string, cidr: string) =>
      `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata:\n  name: ${name}\nspec:\n  cidr: ${cidr}\n  blockSize: 28\n`;
    await calicoctlOk('create -f -', manifest('theirs', '10.1.0.0/24'));
    expect(await run('get ippool theirs')).toMatchObject({ code: 0, stdout: expect.stringContaining('10.1.0.0/24') });
    await ok('create ippool ours --cidr 10.2.0.0/24 --block-size 28');
    expect(await calicoctlOk('get ippool ours')).toContain('10.2.0.0/24');
    await ok('ipam split 2 --name theirs');
    expect(await calicoctlOk('get ippools')).toMatch(/split-theirs-0 +10\.1\.0\.0\/25/);
    expect(await calicoctlOk('delete ippool split-theirs-0')).toContain('Successfully deleted');
    expect((await run('get ippool split-theirs-0')).code).toBe(1);
    expect((await calicoctl('create -f -')).code).not.toBe(0);
  });

  it('release what the other assigned', async () => {
    await furnish();
    expect(await calicoctlOk('ipam release --ip=10.0.0.0')).toContain('Successfully released IP address 10.0.0.0');
    expect(await ok('ipam show --ip=10.0.0.0')).toContain('is not assigned');
    expect(await ok('ipam release --ip 10.0.0.1')).toContain('Successfully released IP address 10.0.0.1');
    expect(await calicoctlOk('ipam show --ip=10.0.0.1')).toContain('is not assigned');
    const again = [await calicoctl('ipam release --ip=10.0.0.1'), await run('ipam release --ip=10.0.0.1')];
    expect(again.map(({ code }) => code)).toEqual([1, 1]);
  });
});
