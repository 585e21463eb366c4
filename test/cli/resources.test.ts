import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { useSession } from './session.ts';

describe('plat', () => {
  const { run, ok, json, refused } = useSession();

  it('asks for one IPv4 address for this machine when nothing else is said', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const { ips } = await json('ipam auto-assign');
    expect(ips).toHaveLength(1);
    expect(await ok('get nodes')).toContain('this-host');
    expect((await json(`ipam show --ip ${ips[0]}`)).attributes.active).toEqual({ node: 'this-host' });
  });

  it('takes a pool by name or network, of the family that is asked for', async () => {
    await ok('create ippool a --cidr 10.1.0.0/24');
    await ok('create ippool b --cidr 10.2.0.0/24');
    await ok('create ippool six --cidr fd00::/64');
    expect((await json('ipam auto-assign --host n --pool b')).ips[0]).toMatch(/^10\.2\./);
    expect((await json('ipam auto-assign --host n --pool 10.1.0.0/24')).ips[0]).toMatch(/^10\.1\./);
    expect((await json('ipam auto-assign --host n --num6 1 --pool six')).ips[0]).toMatch(/^fd00:/);
    expect(await refused('ipam auto-assign --host n --pool none')).toContain('plat get ippools');
    expect(await run('ipam auto-assign --host n --pool six')).toMatchObject({ code: 2, stderr: expect.stringContaining('--num6 1') });
  });

  it('shows one cell per address on the map', async () => {
    await ok('create ippool p --cidr 10.0.0.0/28 --block-size 29');
    await ok('ipam assign --ip 10.0.0.1 --host a --handle h');
    await ok('ipam assign --ip 10.0.0.2 --host b --handle i');
    const map = await ok('ipam show --map');
    expect(map).toMatch(/^p {2}10\.0\.0\.0\/28 {2}1 block, 2 addresses held, 1 borrowed\n {2}A 10\.0\.0\.0\/29 {2}\.Ab\.\.\.\.\.$/m);
    expect(map).toMatch(/A a {3}B b/);
    expect(await json('ipam show --map')).toMatchObject({
      blocks: [{ cidr: '10.0.0.0/29', pool: 'p', addresses: [{ ip: '10.0.0.1', state: 'held', handle: 'h', node: 'a' }, { node: 'b' }] }],
    });
  });

  it('creates, gets and deletes pools and nodes, in every format and under short names', async () => {
    const created = await json(
      'create pool p --cidr 10.0.0.0/24 --disabled --assignment-mode manual --allowed-uses Workload,Tunnel',
      '--node-selector',
      "rack == 'r1'",
    );
    const spec = { cidr: '10.0.0.0/24', blockSize: 26, disabled: true, assignmentMode: 'Manual', nodeSelector: "rack == 'r1'" };
    expect(created).toMatchObject({ kind: 'IPPool', apiVersion: 'projectcalico.org/v3', metadata: { name: 'p' }, spec });
    expect(await json('get ippool p')).toEqual(created);
    expect(parseYaml(await ok('-o yaml get pools'))).toMatchObject({ kind: 'IPPoolList', items: [created] });
    expect(await ok('get ippools')).toBe("NAME   CIDR          SELECTOR       DISABLED\np      10.0.0.0/24   rack == 'r1'   true\n");
    expect(await ok('-o wide get ippools')).toMatch(/\np +10\.0\.0\.0\/24 .* true .* rack == 'r1' +Manual +26 /);
    await ok('create node n --label rack=r1 --label zone=z');
    expect(await ok('get nodes')).toBe('NAME   LABELS\nn      rack=r1,zone=z\n');
    expect(await json('get node n')).toMatchObject({ kind: 'Node', metadata: { name: 'n', labels: { rack: 'r1', zone: 'z' } } });
    await ok('delete node n');
    await ok('delete pool p');
    expect((await json('get pools')).items).toEqual([]);
    expect(await refused('get ippool p')).toContain("no IP pool 'p'");
    expect(await refused('get node n')).toContain("no node 'n'");
    await refused('delete ippool p');
    await refused('delete node n');
  });
});
