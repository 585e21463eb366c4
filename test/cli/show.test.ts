import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { keys, storedBlock } from '../support/ipam.ts';
import { change } from '../support/store.ts';
import { etcdStage, lmdbStage, runLine, useSession } from './session.ts';

describe('plat ipam show', () => {
  const { store, ok, run, json } = useSession();

  async function put(entries: Readonly<Record<string, string>>): Promise<void> {
    const opened = await openStore(store());
    await change(opened, { put: entries });
    await opened.close();
  }

  it('GU-02 orders blocks by number, and those outside all pools at the end', async () => {
    await ok('create ippool p --cidr 10.0.0.0/16');
    const cidrs = ['10.0.9.0/26', '10.0.10.0/26', '10.0.100.0/26', '192.168.0.0/26', '192.168.1.0/26'];
    await put(Object.fromEntries(cidrs.map((cidr) => [keys.block(cidr), storedBlock(cidr, 'host:a')])));
    const rows = (await ok('ipam show --show-blocks')).split('\n').filter((line) => /^\| (Block|IP Pool)/.test(line));
    expect(rows.map((line) => line.split('|')[2]?.trim())).toEqual(['10.0.0.0/16', ...cidrs]);
    const { pools } = await json('ipam show --show-blocks');
    expect(pools).toMatchObject([
      { blocks: cidrs.slice(0, 3).map((cidr) => ({ cidr })) },
      { blocks: cidrs.slice(3).map((cidr) => ({ cidr })) },
    ]);
  });

  it('of several things shows the first: the address, blocks, who borrows, the settings', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const shown = async (options: string) => (await ok(`ipam show ${options}`)).split('\n')[1];
    expect(await ok('ipam show --ip 10.0.0.1 --show-blocks --show-borrowed')).toBe('10.0.0.1 is not assigned\n');
    expect(await shown('--show-configuration --show-borrowed --show-blocks')).toContain('GROUPING');
    expect(await shown('--show-configuration --show-borrowed')).toContain('BORROWING-NODE');
    expect(await shown('--show-configuration')).toContain('PROPERTY');
    expect((await run('ipam show --map --show-blocks')).code).toBe(2);
  });

  it('CD-01 refuses to name a holder of an address that cools, with exit code 1', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam configure --ip-cooldown-seconds=600');
    await ok('ipam assign --ip 10.0.0.9 --host a --handle h');
    await ok('ipam release --handle h');
    expect(await run('ipam show --ip 10.0.0.9')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('address 10.0.0.9 is in cooldown'),
    });
  });

  it('lists what is borrowed by number, with blocks of nobody, machines and other holders, and counts what has no node', async () => {
    const stored = JSON.parse(storedBlock('10.0.9.0/30', 'host:a', { 0: 'one', 1: 'two', 2: null, 3: 'four' }));
    stored.attributes[0].secondary = { node: 'b', 'vmi-name': 'machine', namespace: 'vms' };
    stored.attributes[1].secondary = { node: 'b', type: 'ipipTunnelAddress' };
    stored.attributes[3].secondary = { node: 'a', pod: 'own', namespace: 'default' };
    const ofNobody = JSON.parse(storedBlock('10.0.10.0/30', null, { 0: 'five', 1: 'six' }));
    ofNobody.attributes[0].secondary = { node: 'c', pod: 'web', namespace: 'default' };
    ofNobody.attributes[1] = { releasedAt: '2026-08-22T00:00:00Z' };
    await put({ [keys.block('10.0.9.0/30')]: JSON.stringify(stored), [keys.block('10.0.10.0/30')]: JSON.stringify(ofNobody) });
    expect((await ok('ipam show --show-borrowed')).split('\n')).toEqual([
      '+-----------+----------------+--------------+-------------+-------------------+--------------+',
      '| IP        | BORROWING-NODE | BLOCK        | BLOCK OWNER | TYPE              | ALLOCATED-TO |',
      '+-----------+----------------+--------------+-------------+-------------------+--------------+',
      '| 10.0.9.0  | b              | 10.0.9.0/30  | a           | vmi               | vms/machine  |',
      '| 10.0.9.1  | b              | 10.0.9.0/30  | a           | ipipTunnelAddress |              |',
      '| 10.0.10.0 | c              | 10.0.10.0/30 |             | pod               | default/web  |',
      '+-----------+----------------+--------------+-------------+-------------------+--------------+',
      '',
      'Note: found 1 IP allocations without an explicit node association. Unable to determine if they are borrowed.',
      '',
    ]);
    expect(await json('ipam show --show-borrowed')).toMatchObject({
      items: [{ ip: '10.0.9.0' }, {}, { blockOwner: null }],
      withoutNode: 1,
    });
  });
});

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('plat ipam show --watch on %s', (_name, openStage) => {
  const { store, ok } = useSession(openStage);

  it('shows the table again when it changed, until it is interrupted', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const stop = new AbortController();
    const tables: string[] = [];
    let wake = () => {};
    const shown = async (count: number) => {
      while (tables.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    const watching = runLine(['--store', store(), 'ipam', 'show', '--watch'], {
      signal: stop.signal,
      print: (text) => {
        tables.push(text);
        wake();
      },
    });
    await shown(1);
    expect(tables[0]).toContain('0 (0%)');
    await ok('ipam auto-assign --host a --num4 64');
    await shown(2);
    expect(tables.at(-1)).toContain('64 (25%)');
    stop.abort();
    expect(await watching).toMatchObject({ code: 0, stderr: '' });
  });
});
