import { describe, expect, it } from 'vitest';
import { etcdStage, lmdbStage, useSession } from './session.ts';

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('plat on %s', (_name, openStage) => {
  const { run, ok, json, refused } = useSession(openStage);

  it('needs no set-up: the first command works, and says which command makes a pool', async () => {
    expect(await refused('ipam auto-assign --host a --handle h')).toContain('plat create ippool');
    expect(await run('ipam show')).toMatchObject({ code: 0, stderr: expect.stringContaining('plat create ippool') });
    expect(await json('ipam show')).toEqual({ pools: [] });
    const { code, stderr } = await run('-o json ipam auto-assign --host a');
    expect({ code, error: JSON.parse(stderr).error }).toMatchObject({
      code: 1,
      error: { code: 'no-qualified-pool', details: { host: 'a' } },
    });
  });

  it('assigns from a new pool and registers the node on first use', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24 --block-size 28');
    const first = await json('ipam auto-assign --host a --handle web --num4 2');
    expect(first).toEqual({
      ips: [expect.stringMatching(/^10\.0\.0\.\d+$/), expect.any(String)],
      blocks: [expect.stringMatching(/\/28$/)],
      handle: 'web',
    });
    expect((await json('get nodes')).items).toMatchObject([{ kind: 'Node', metadata: { name: 'a' } }]);
    const second = await json('ipam auto-assign --host a');
    expect(second).toEqual({ ips: [expect.any(String)], blocks: first.blocks, handle: null });
    expect(new Set([...first.ips, ...second.ips]).size).toBe(3);
  });

  it('I7 assigns both families in one request, and gives none when one family is short', async () => {
    await ok('create ippool four --cidr 10.0.0.0/30 --block-size 30');
    await ok('create ippool six --cidr fd00::/120 --block-size 126');
    const { ips, blocks } = await json('ipam auto-assign --num4 3 --num6 2 --host a --handle x');
    expect(ips.filter((ip: string) => ip.includes(':'))).toHaveLength(2);
    expect(blocks).toEqual(['10.0.0.0/30', expect.stringMatching(/^fd00::.*\/126$/)]);
    await refused('ipam auto-assign --num4 2 --num6 2 --host a --handle y');
    expect((await json('ipam show')).pools).toMatchObject([
      { name: 'four', inUse: 3 },
      { name: 'six', inUse: 2 },
    ]);
  });

  it('assigns a certain address once; the second time is refused, or returned when asked', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const line = 'ipam assign --ip 10.0.0.9 --host a --handle h --attr pod=web-1';
    expect(await json(line)).toEqual({ ips: ['10.0.0.9'], blocks: ['10.0.0.0/26'], handle: 'h' });
    expect(await refused(line)).toMatch(/10\.0\.0\.9 .*held.* h/);
    expect(await json(`${line} --if-held return`)).toMatchObject({ ips: ['10.0.0.9'] });
    expect(await refused('ipam assign --ip 192.0.2.1 --host a')).toContain('192.0.2.1');
  });

  it('registers an unknown node that asks for a certain address', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam assign --ip 10.0.0.9 --host fresh --handle h');
    expect((await json('get nodes')).items).toMatchObject([{ kind: 'Node', metadata: { name: 'fresh' } }]);
  });

  it('AT-02 finds the holder of an address whose pool is gone, and says that it is in none', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam assign --ip 10.0.0.9 --host a --handle h');
    expect(await json('ipam show --ip 10.0.0.9')).toMatchObject({ assigned: true, pool: 'p' });
    await ok('delete ippool p --yes');
    expect(await ok('ipam show --ip 10.0.0.9')).toMatch(/10\.0\.0\.9 is in use\nHandle ID: h\nBlock: 10\.0\.0\.0\/26, in no IP pool/);
    expect(await json('ipam show --ip 10.0.0.9')).toMatchObject({ assigned: true, handle: 'h', pool: null });
    expect(await ok('ipam show --ip 192.0.2.1')).toBe('192.0.2.1 is not assigned\n');
    expect(await json('ipam show --ip 192.0.2.1')).toEqual({ ip: '192.0.2.1', assigned: false });
  });

  it('shows who holds an address', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam assign --ip 10.0.0.9 --host a --handle h --attr pod=web-1 --attr namespace=shop');
    expect(await ok('ipam show --ip 10.0.0.9')).toBe(
      [
        'IP 10.0.0.9 is in use',
        'Handle ID: h',
        'Block: 10.0.0.0/26',
        'Affinity: host:a',
        'Active Owner Attributes:',
        '  namespace: shop',
        '  node: a',
        '  pod: web-1',
        '',
      ].join('\n'),
    );
    const shown = await json('ipam show --ip 10.0.0.9');
    expect(shown).toMatchObject({ assigned: true, handle: 'h', block: '10.0.0.0/26', affinity: 'host:a', attributes: { alternate: null } });
    // Beyond 2^53, where a number would be rounded.
    expect(shown.sequenceNumber).toMatch(/^\d{19}$/);
    expect(await ok('ipam show --ip 10.0.0.10')).toBe('10.0.0.10 is not assigned\n');
    expect(await json('ipam show --ip 10.0.0.10')).toEqual({ ip: '10.0.0.10', assigned: false });
  });

  it('releases by handle and by address; what nobody holds is said and is no error', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const { ips } = await json('ipam auto-assign --num4 2 --host a --handle h');
    expect(await json('ipam release --handle h')).toMatchObject({ handle: 'h', found: true, released: { length: 2 } });
    expect(await json('ipam release --handle h')).toEqual({ handle: 'h', found: false, released: [] });
    await ok('ipam assign --ip 10.0.0.9 --host a');
    expect(await ok(`ipam release --ip 10.0.0.9 --ip ${ips[0]}`)).toBe(
      `Successfully released IP address 10.0.0.9\n${ips[0]} is not assigned\n`,
    );
    expect((await json('ipam show')).pools).toMatchObject([{ inUse: 0 }]);
  });

  it('shows pools and blocks as calicoctl does, and as exact numbers', async () => {
    await ok('create ippool p --cidr 10.0.0.0/29 --block-size 30');
    await ok('create ippool wide --cidr fd00::/48');
    await ok('ipam assign --ip 10.0.0.5 --host a --handle h');
    expect(await ok('ipam show --show-blocks')).toBe(
      `
+----------+-------------+------------+------------+--------------+-------------------+
| GROUPING | CIDR        | IPS TOTAL  | IPS IN USE | IPS RESERVED | IPS FREE          |
+----------+-------------+------------+------------+--------------+-------------------+
| IP Pool  | 10.0.0.0/29 |          8 |    1 (12%) |       0 (0%) |           7 (88%) |
| Block    | 10.0.0.4/30 |          4 |    1 (25%) |       0 (0%) |           3 (75%) |
| IP Pool  | fd00::/48   | 1.2089e+24 |     0 (0%) |       0 (0%) | 1.2089e+24 (100%) |
+----------+-------------+------------+------------+--------------+-------------------+
`.trimStart(),
    );
    const { pools } = await json('ipam show --show-blocks');
    expect(pools).toEqual([
      {
        name: 'p',
        cidr: '10.0.0.0/29',
        total: 8,
        inUse: 1,
        reserved: 0,
        free: 7,
        blocks: [{ cidr: '10.0.0.4/30', total: 4, inUse: 1, reserved: 0, free: 3, affinity: 'host:a' }],
      },
      { name: 'wide', cidr: 'fd00::/48', total: (2n ** 80n).toString(), inUse: 0, reserved: 0, free: (2n ** 80n).toString(), blocks: [] },
    ]);
  });

  it('gives up the blocks of a deleted node, and finds it done the second time', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam auto-assign --host a --handle h');
    expect(await refused('delete node a')).toContain('--yes');
    await ok('delete node a --yes');
    expect((await json('ipam show --map')).blocks).toMatchObject([{ affinity: null }]);
    await ok('ipam release --handle h');
    expect((await json('ipam show --map')).blocks).toEqual([]);
    expect(await refused('delete node a')).toContain('a');
  });
});
