import { describe, expect, it } from 'vitest';
import { etcdStage, lmdbStage, runLine, useSession } from '../session.ts';

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('plat delete on %s', (_name, openStage) => {
  const { run, ok, json, refused, store } = useSession(openStage);
  const specOf = async (name: string) => ((await json(`get ippool ${name}`)) as unknown as { spec: { disabled: boolean } }).spec;
  const inUse = async () => {
    await ok('create ippool p --cidr 10.0.0.0/24 --block-size 28');
    await ok('ipam auto-assign --num4 3 --host a --handle h');
  };

  it('PV-01 of a pool in use is refused with the count and the ways out', async () => {
    await inUse();
    const told = await refused('delete ippool p');
    expect(told).toContain('has 3 addresses in use, in 1 block');
    expect(told).toContain('plat delete ippool p --disable');
    expect(told).toContain('plat delete ippool p --drain');
    expect(await ok('delete ippool p --dry-run')).toContain('ippool p deleted (dry run); 3 addresses stay in use');
    expect(await ok('delete --dry-run ippool p')).toContain('deleted (dry run)');
    expect((await specOf('p')).disabled).toBe(false);
  });

  it('--disable stops new addresses and keeps the rest', async () => {
    await inUse();
    expect(await ok('delete ippool p --disable --dry-run')).toContain('disabled (dry run)');
    expect((await specOf('p')).disabled).toBe(false);
    expect(await json('delete ippool p --disable')).toMatchObject({ kind: 'IPPool', name: 'p', deleted: false, disabled: true, inUse: 3 });
    expect((await specOf('p')).disabled).toBe(true);
    await refused('ipam auto-assign --host a');
    expect((await json('ipam show --ip 10.0.0.0')).ips).toBeUndefined();
    expect(await run('delete ippool p --disable --drain')).toMatchObject({ code: 2 });
  });

  it('--drain deletes the pool once its last address is released', async () => {
    await inUse();
    const drained = run('delete ippool p --drain --yes');
    await expect.poll(async () => (await specOf('p')).disabled, { timeout: 30_000 }).toBe(true);
    await ok('ipam release --handle h');
    expect(await drained).toMatchObject({ code: 0, stdout: expect.stringContaining('ippool p deleted') });
    expect(await ok('get ippools -o name')).toBe('');
    expect((await json('ipam show --map')).blocks).toEqual([]);
  });

  it('--drain of a pool in use asks, refuses where nobody can be asked, and --disable never does', async () => {
    await inUse();
    const told = await refused('delete ippool p --drain');
    expect(told).toMatch(/has 3 addresses in use, in 1 block.* deleted once all are released\. Nothing was done.*--disable.*--yes/);
    const questions: string[] = [];
    const confirm = async (question: string) => {
      questions.push(question);
      await ok('patch ippool p -p', '{"spec":{"natOutgoing":true}}');
      return true;
    };
    const changed = await runLine(['--store', store(), 'delete', 'ippool', 'p', '--drain'], { confirm });
    expect(changed).toMatchObject({ code: 1, stderr: expect.stringContaining('changed since it was read') });
    expect(questions).toEqual([expect.stringMatching(/Drain it\?$/)]);
    expect((await specOf('p')).disabled).toBe(false);
    expect(await ok('delete ippool p --drain --dry-run')).toContain('once 3 addresses of it are released');
    await runLine(['--store', store(), 'delete', 'ippool', 'p', '--disable'], { confirm });
    expect(questions).toHaveLength(1);
    expect((await specOf('p')).disabled).toBe(true);
  });

  it('a table shows that a pool is disabled, to the right of calicoctl’s columns', async () => {
    await inUse();
    await ok('create ippool q --cidr 10.1.0.0/24');
    expect((await ok('get ippools')).split('\n')[0]).toBe('NAME   CIDR          SELECTOR');
    await ok('delete ippool p --disable');
    expect(await ok('get ippools')).toBe(
      'NAME   CIDR          SELECTOR   DISABLED\np      10.0.0.0/24   all()      true\nq      10.1.0.0/24   all()      false\n',
    );
    expect((await ok('get ippool q')).split('\n')[0]).toBe('NAME   CIDR          SELECTOR');
  });

  it('says one address in the singular', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam auto-assign --host a --handle h');
    expect(await ok('delete node a --dry-run')).toContain('; 1 address stays in use until released');
    expect(await ok('delete ippool p --drain --dry-run')).toContain('; once 1 address of it is released');
    expect(await ok('delete ippool p --yes')).toContain('; 1 address stays in use until released');
  });

  it('--drain ends when it has waited long enough, and when somebody enables the pool again', async () => {
    await inUse();
    expect(await refused('delete ippool p --drain --wait 1ms --yes')).toMatch(
      /still has 3 addresses in use after .*plat delete ippool p --drain/,
    );
    expect((await specOf('p')).disabled).toBe(true);
    await ok('patch ippool p -p', '{"spec":{"disabled":false}}');
    const drained = run('delete ippool p --drain --yes');
    await expect.poll(async () => (await specOf('p')).disabled, { timeout: 30_000 }).toBe(true);
    await ok('patch ippool p -p', '{"spec":{"disabled":false}}');
    expect(await drained).toMatchObject({ code: 1, stderr: expect.stringContaining('changed by somebody else') });
    expect((await specOf('p')).disabled).toBe(false);
  });

  it('is refused when the world changed while the answer was awaited', async () => {
    await inUse();
    const line = ['--store', store(), 'delete', 'ippool', 'p'];
    const grown = await runLine(line, {
      confirm: async () => {
        await ok('ipam auto-assign --host b --handle late');
        return true;
      },
    });
    expect(grown).toMatchObject({ code: 1, stderr: expect.stringContaining('has 4 addresses in use by now, not 3. Nothing was done') });
    const changed = await runLine(line, {
      confirm: async () => {
        await ok('patch ippool p -p', '{"spec":{"natOutgoing":true}}');
        return true;
      },
    });
    expect(changed).toMatchObject({ code: 1, stderr: expect.stringContaining('changed since it was read') });
    expect(await ok('get ippools -o name')).toBe('ippool/p\n');
  });

  it('of several goes on after one that cannot be deleted', async () => {
    await inUse();
    await ok('create ippool q --cidr 10.1.0.0/24');
    const { code, stdout, stderr } = await run('delete ippool none p q');
    expect({ code, stdout }).toEqual({ code: 1, stdout: "ippool q deleted\nSuccessfully deleted 1 'IPPool' resource(s)\n" });
    expect(stderr).toMatch(
      /^plat: 2 of 3 resources not deleted\. ippool none: there is no IP pool 'none'.*; ippool p: .* has 3 addresses in use/,
    );
  });

  it('of a node asks where somebody can answer, and of a reservation never', async () => {
    await inUse();
    const questions: string[] = [];
    const declined = await runLine(['--store', store(), 'delete', 'node', 'a'], {
      confirm: async (question) => {
        questions.push(question);
        return false;
      },
    });
    expect(declined).toMatchObject({ code: 1, stderr: expect.stringContaining('plat node remove a') });
    expect(questions).toEqual([expect.stringMatching(/Node 'a' has 3 addresses in use, in 1 block/)]);
    expect(await ok('delete node a --dry-run')).toContain('node a deleted (dry run)');
    expect(await ok('get nodes -o name')).toBe('node/a\n');
    await ok('create ipreservation r --cidr 10.0.0.0/32');
    expect(await ok('delete ipreservation r --dry-run')).toBe('ipreservation r deleted (dry run)\n');
    expect(await ok('delete reservation r')).toContain('ipreservation r deleted');
    expect(await refused('delete reservation r')).toContain('plat get ipreservations');
    expect(await ok('delete reservation r --skip-not-exists')).toBe('ipreservation r was not there\n');
  });
});
