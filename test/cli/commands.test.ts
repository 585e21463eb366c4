import { hostname } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { startEtcd } from '../support/etcd.ts';
import { etcdApi } from '../support/etcd-api.ts';
import { type Installed, install } from '../support/installed.ts';

let plat: Installed;
beforeAll(async () => {
  plat = await install();
});
afterAll(() => plat.remove());

interface Stage {
  /** URL of an empty store. */
  fresh(): Promise<string>;
  stop(): Promise<void>;
}

async function lmdbStage(): Promise<Stage> {
  return { fresh: async () => `lmdb:${await plat.folder()}/store`, stop: async () => {} };
}

async function etcdStage(): Promise<Stage> {
  const { endpoints, stop } = await startEtcd();
  const [endpoint = ''] = endpoints;
  const everything = Buffer.from('\0').toString('base64');
  return {
    fresh: async () => {
      await etcdApi(endpoint, 'kv/deleterange', { key: everything, range_end: everything });
      return `etcd://${endpoints.join(',')}`;
    },
    stop,
  };
}

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('plat on %s', (_name, openStage) => {
  let stage: Stage;
  let store: string;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.stop());
  beforeEach(async () => {
    store = await stage.fresh();
  });

  const run = (line: string, ...more: string[]) => plat.run(['--store', store, ...line.split(' '), ...more]);
  /** Runs a line that must succeed without a word on stderr. */
  const ok = async (line: string, ...more: string[]) => {
    const { code, stdout, stderr } = await run(line, ...more);
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    return stdout;
  };
  const json = async (line: string, ...more: string[]) => JSON.parse(await ok(`-o json ${line}`, ...more));
  /** Runs a line that must fail with nothing on stdout and one paragraph on stderr. */
  const refused = async (line: string, ...more: string[]) => {
    const { code, stdout, stderr } = await run(line, ...more);
    expect({ line, code, stdout }).toEqual({ line, code: 1, stdout: '' });
    expect(stderr).toMatch(/^plat: [^\n]+\n$/);
    return stderr;
  };

  it('needs no set-up: the first command works, and says which command makes a pool', async () => {
    expect(await refused('ipam auto-assign --host a --handle h')).toContain('plat create ippool');
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

  it('asks for one IPv4 address for this machine when nothing else is said', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const { ips } = await json('ipam auto-assign');
    expect(ips).toHaveLength(1);
    expect(await ok('get nodes')).toContain(hostname().toLowerCase());
    expect((await json(`ipam show --ip ${ips[0]}`)).attributes.active).toEqual({ node: hostname().toLowerCase() });
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

  it('assigns a certain address once; the second time is refused, or returned when asked', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const line = 'ipam assign --ip 10.0.0.9 --host a --handle h --attr pod=web-1';
    expect(await json(line)).toEqual({ ips: ['10.0.0.9'], blocks: ['10.0.0.0/26'], handle: 'h' });
    expect(await refused(line)).toMatch(/10\.0\.0\.9 .*held.* h/);
    expect(await json(`${line} --if-held return`)).toMatchObject({ ips: ['10.0.0.9'] });
    expect(await refused('ipam assign --ip 192.0.2.1 --host a')).toContain('192.0.2.1');
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
    expect(await ok('get ippools')).toMatch(/^NAME +CIDR .*\np +10\.0\.0\.0\/24 +26 .* true +rack == 'r1'\n$/);
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

  it('gives up the blocks of a deleted node, and finds it done the second time', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam auto-assign --host a --handle h');
    await ok('delete node a');
    expect((await json('ipam show --map')).blocks).toMatchObject([{ affinity: null }]);
    await ok('ipam release --handle h');
    expect((await json('ipam show --map')).blocks).toEqual([]);
    expect(await refused('delete node a')).toContain('a');
  });

  it('I1 gives eight processes at once eight different addresses', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24 --block-size 29');
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) => json(`ipam auto-assign --host n${index % 2} --handle h${index}`)),
    );
    expect(new Set(results.flatMap(({ ips }) => ips)).size).toBe(8);
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
