import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld, refusalOf, storedBlock } from '../support/ipam.ts';

const POOL_4 = '192.168.1.0/24';
const POOL_6 = 'fd80:24e2:f998:72d6::/120';

/** `10.0.0.1` and so on, as options. */
const options = (...ips: readonly string[]) => ips.map((ip) => ({ ip }));

describe('what is released', () => {
  it.each(['', '10.0.0.300', ' 10.0.0.1', '10.0.0.1/32', '010.0.0.1', 'fe80::1%eth0'])(
    'RI-01, RI-18 nothing, when one text is %j',
    async (text) => {
      const world = await openWorld({ pools: ['10.0.0.0/24'] });
      const [held = ''] = await world.v4('host-a', 1);
      const { calls } = await world.main.counted(() => refusalOf(world.ipam.releaseIps({ ips: options(held, text) })));
      expect(calls).toEqual([]);
      expect(await codeOf(world.ipam.releaseIps({ ips: options(held, text) }))).toBe('invalid-argument');
      expect(await world.held()).toEqual({ '10.0.0.0': null });
    },
  );

  it('RI-02 in a disabled pool, outside all pools in both families at once, and nowhere', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1);
    await world.ipam.pools.replace({ name: 'pool1', spec: { disabled: true } });
    await world.put(keys.block('20.0.0.0/28'), storedBlock('20.0.0.0/28', 'host:host-a', { 1: null }));
    await world.put(keys.block('fd00::/125'), storedBlock('fd00::/125', 'host:host-a', { 1: null, 2: null }));
    const ips = options('10.0.0.0', '20.0.0.1', 'fd00::1', '1.1.1.1');
    const { released, unallocated } = await world.ipam.releaseIps({ ips });
    expect([...released].sort()).toEqual(['10.0.0.0', '20.0.0.1', 'fd00::1']);
    expect(unallocated).toEqual(['1.1.1.1']);
    expect(await world.held()).toEqual({ 'fd00::2': null });
  });

  it('RI-03 says what nobody held', async () => {
    const world = await openWorld({ pools: [POOL_4, POOL_6] });
    expect(await world.ipam.releaseIps({ ips: options('1.1.1.1') })).toEqual({ released: [], unallocated: ['1.1.1.1'] });
    expect(await world.ipam.releaseIps({ ips: options('192.168.1.0') })).toMatchObject({ unallocated: ['192.168.1.0'] });
    await world.ipam.assignIp({ ip: '192.168.1.0', host: 'host-a' });
    expect(await world.ipam.releaseIps({ ips: options('192.168.1.0') })).toEqual({ released: ['192.168.1.0'], unallocated: [] });
    expect(await world.ipam.releaseIps({ ips: options('192.168.1.1') })).toEqual({
      released: ['192.168.1.1'],
      unallocated: ['192.168.1.1'],
    });
    const many = await world.v4('host-a', 66);
    expect(Object.keys(await world.blocks())).toHaveLength(2);
    expect(await world.ipam.releaseIps({ ips: options(...many) })).toMatchObject({ unallocated: [] });
    expect(await world.held()).toEqual({});
  });

  it.each([
    [{}, undefined],
    [{ sequenceNumber: 0n }, undefined],
    [{ sequenceNumber: 1n }, 'bad-sequence-number'],
    [{ handle: 'fakehandle' }, 'wrong-handle'],
  ])('RI-04 with %o in a block of nobody whose number was 0: %s', async (belief, code) => {
    const world = await openWorld({ pools: ['192.168.0.0/24'] });
    await world.put(
      keys.block('192.168.0.0/26'),
      storedBlock('192.168.0.0/26', null).replace('"sequenceNumber":1000', '"sequenceNumber":0'),
    );
    expect(await world.ipam.assignIp({ ip: '192.168.0.1', host: 'host-a' })).toMatchObject({ sequenceNumber: 0n });
    const call = world.ipam.releaseIps({ ips: [{ ip: '192.168.0.1', ...belief }] });
    if (code) expect(await codeOf(call)).toBe(code);
    else expect(await call).toEqual({ released: ['192.168.0.1'], unallocated: [] });
    expect(await world.held()).toEqual(code ? { '192.168.0.1': null } : {});
  });
});

describe('sequence numbers', () => {
  it('RI-05, XR-08, WT-19, I6 go up by one with each write, and an old one releases nothing', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }] });
    const request = { host: 'host-a', handle: 'h', use: 'Tunnel' } as const;
    let expected: bigint | undefined;
    for (let round = 0; round < 10; round++) {
      const { v4 } = await world.ipam.autoAssign({ ...request, num4: 1 });
      const { ip = '', sequenceNumber: n = 0n } = v4?.addresses[0] ?? {};
      expect(n).toBe(expected ?? n);
      await world.ipam.releaseByHandle({ handle: 'h' });
      expect(await world.ipam.assignIp({ ...request, ip })).toMatchObject({ sequenceNumber: n + 2n });
      const refusal = await refusalOf(world.ipam.releaseIps({ ips: [{ ip, handle: 'h', sequenceNumber: n }] }));
      expect(refusal).toMatchObject({
        code: 'bad-sequence-number',
        details: { ip, given: n, stored: n + 2n, released: [], unallocated: [] },
      });
      expect(await world.ipam.releaseIps({ ips: [{ ip, handle: 'h', sequenceNumber: n + 2n }] })).toEqual({
        released: [ip],
        unallocated: [],
      });
      expected = n + 4n;
    }
  });

  it('RI-06 never come again when the block is made anew', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }] });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 1, handle: 'h' });
    const { ip = '', sequenceNumber: old = 0n } = v4?.addresses[0] ?? {};
    await world.ipam.releaseHostAffinities({ host: 'host-a' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await world.blocks()).toEqual({});
    const { sequenceNumber } = await world.ipam.assignIp({ ip, host: 'host-a', handle: 'h' });
    expect(sequenceNumber).toBeGreaterThan(old);
    expect(await refusalOf(world.ipam.releaseIps({ ips: [{ ip, sequenceNumber: old }] }))).toMatchObject({
      details: { released: [], unallocated: [] },
    });
    expect(await world.ipam.releaseIps({ ips: [{ ip, sequenceNumber }] })).toEqual({ released: [ip], unallocated: [] });
  });
});

describe('many at once', () => {
  it('RI-07 a hundred over four nodes, two families, and a pool that was disabled since', async () => {
    const selected = (names: string) => `kubernetes in {${names}}`;
    const world = await openWorld({
      pools: [
        { cidr: '10.0.0.0/24', blockSize: 30, nodeSelector: selected('"node1", "node2"') },
        { cidr: '11.0.0.0/24', blockSize: 30, nodeSelector: selected('"node3", "node4"') },
        'fd80:ba:ad:beef::/120',
      ],
      nodes: ['node1', 'node2', 'node3', 'node4'].map((name) => ({ name, labels: { kubernetes: name } })),
    });
    const given: string[] = [];
    for (const host of ['node1', 'node2', 'node3', 'node4']) {
      for (let pod = 0; pod < 6; pod++) {
        const { v4, v6 } = await world.ipam.autoAssign({ host, num4: 1, num6: 1, handle: `${host}-${pod}` });
        given.push(...[...(v4?.addresses ?? []), ...(v6?.addresses ?? [])].map(({ ip }) => ip));
      }
      given.push(...(await world.v4(host, 13, { handle: `${host}-many` })));
    }
    expect(given).toHaveLength(100);
    await world.ipam.pools.replace({ name: 'pool2', spec: { disabled: true } });
    const { released, unallocated } = await world.ipam.releaseIps({ ips: options(...given) });
    expect([released.length, unallocated.length]).toEqual([100, 0]);
    expect(await world.held()).toEqual({});
    expect(await world.handles()).toEqual({});
  });

  it('RI-08, BK-20 frees an address once, however often and in whatever spelling it is named', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/26', 'fd00::/122'] });
    await world.v4('host-a', 64, { handle: 'all' });
    await world.ipam.assignIp({ ip: 'fd00::1', host: 'host-a', handle: 'six' });
    await world.ipam.assignIp({ ip: 'fd00::2', host: 'host-a', handle: 'six' });
    const texts = ['10.0.0.1', '::ffff:10.0.0.1', '10.0.0.1', 'fd00::1', 'FD00:0::1'];
    const { released, unallocated } = await world.ipam.releaseIps({ ips: options(...texts) });
    expect([...released].sort()).toEqual([...texts].sort());
    expect(unallocated).toEqual([]);
    expect(await world.handles()).toEqual({ all: { '10.0.0.0/26': 63 }, six: { 'fd00::/122': 1 } });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' });
    expect(await world.ipam.getAssignmentAttributes({ ip: '10.0.0.1' })).toMatchObject({ handle: undefined, active: undefined });
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-free-address');
  });

  it('BK-20 goes by the last of several options for one address', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/26'] });
    await world.v4('host-a', 1, { handle: 'h' });
    const ips = [
      { ip: '10.0.0.0', handle: 'other' },
      { ip: '::ffff:10.0.0.0', handle: 'h' },
    ];
    expect(await codeOf(world.ipam.releaseIps({ ips: ips.toReversed() }))).toBe('wrong-handle');
    expect(await world.ipam.releaseIps({ ips })).toMatchObject({ unallocated: [] });
  });

  it('RI-09, RI-15, WT-20 writes each block and each handle once, exactly, for one handle in many blocks', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/26', blockSize: 30 }] });
    const ips = await world.v4('host-a', 14, { handle: 'h' });
    const { calls } = await world.main.counted(() => world.ipam.releaseIps({ ips: options(...ips.slice(0, 9)) }));
    const commits = calls.flatMap((call) => (call.verb === 'commit' ? [call.request] : []));
    expect(commits).toHaveLength(1);
    expect(commits[0]?.writes.filter(({ key }) => key.startsWith('/calico/'))).toHaveLength(4);
    expect(await world.handles()).toEqual({ h: { '10.0.0.8/30': 3, '10.0.0.12/30': 2 } });
  });
});

describe('what becomes of the block', () => {
  it('RI-10, CR-13 an empty one of nobody is deleted, an affine one kept', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/29', blockSize: 30 }] });
    const ips = await world.v4('host-a', 5);
    await world.ipam.releaseBlockAffinity({ cidr: '10.0.0.0/30' });
    await world.ipam.releaseIps({ ips: options(...ips) });
    expect(await world.blocks()).toEqual({ '10.0.0.4/30': 'host:host-a' });
  });

  it.each(['by address', 'by handle'])(
    'RI-11, RI-12, RH-02 it goes with its last address when the pool no longer selects the host: %s',
    async (way) => {
      const world = await openWorld({
        pools: [{ cidr: '10.0.0.0/24', nodeSelector: 'foo == "bar"' }],
        nodes: [{ name: 'host-a', labels: { foo: 'bar' } }],
      });
      for (const handle of ['h0', 'h1', 'h2']) await world.v4('host-a', 1, { handle });
      const release = (n: number) =>
        way === 'by handle' ? world.ipam.releaseByHandle({ handle: `h${n}` }) : world.ipam.releaseIps({ ips: options(`10.0.0.${n}`) });
      await release(0);
      expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-a' });
      await world.ipam.pools.replace({ name: 'pool1', spec: { nodeSelector: 'foo != "bar"' } });
      await release(1);
      expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed' });
      await release(2);
      expect(await world.blocks()).toEqual({});
      expect(await world.affinities()).toEqual({});
    },
  );

  it.each(['the node', 'the pool'])('RI-11 it stays when %s is not there to be asked', async (gone) => {
    const world = await openWorld({
      pools: [{ cidr: '10.0.0.0/24', nodeSelector: 'foo == "bar"' }],
      nodes: [{ name: 'host-a', labels: { foo: 'bar' } }],
    });
    await world.v4('host-a', 1);
    await world.ipam.pools.replace({ name: 'pool1', spec: { nodeSelector: 'foo != "bar"' } });
    await world.remove(gone === 'the node' ? keys.node('host-a') : keys.pool('pool1'));
    await world.ipam.releaseIps({ ips: options('10.0.0.0') });
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-a' });
  });

  it('RI-16 one of nobody is not touched when nothing in it was held', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', null));
    const before = await world.dump();
    await world.ipam.releaseIps({ ips: options('10.0.0.1', '10.0.0.1') });
    expect(await world.dump()).toEqual(before);
  });

  it('RI-20, EB-08 what the host keeps for itself is freed by its address, never by its handle', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/29', blockSize: 30 }] });
    const hostReserved4 = { startOfBlock: 1, endOfBlock: 0, handle: 'windows-reserved-ipam-handle', note: 'n' };
    await world.ipam.ensureBlock({ host: 'host-a', hostReserved4 });
    expect(await world.ipam.releaseByHandle({ handle: hostReserved4.handle })).toEqual({ found: false, released: [] });
    expect(await codeOf(world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0', handle: 'h' }] }))).toBe('wrong-handle');
    expect(await world.held()).toEqual({ '10.0.0.0': hostReserved4.handle });
    expect(await world.ipam.releaseIps({ ips: options('10.0.0.0') })).toEqual({ released: ['10.0.0.0'], unallocated: [] });
    expect(await world.held()).toEqual({});
  });
});

describe('what did not match', () => {
  it('RI-13, BK-17 stops its own block; the others are released, and the error says which', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 12, { handle: 'h' });
    const ips = [
      { ip: '10.0.0.0' },
      { ip: '10.0.0.4', handle: 'x' },
      { ip: '10.0.0.5' },
      { ip: '10.0.0.8', sequenceNumber: 1n },
      { ip: '1.1.1.1' },
    ];
    const refusal = await refusalOf(world.ipam.releaseIps({ ips }));
    expect(['wrong-handle', 'bad-sequence-number']).toContain(refusal.code);
    expect(refusal.details).toMatchObject({ released: ['10.0.0.0'], unallocated: ['1.1.1.1'] });
    expect(refusal.details['refused']).toMatchObject([{ code: 'wrong-handle' }, { code: 'bad-sequence-number' }]);
    expect(Object.keys(await world.held())).toHaveLength(11);
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/30': 3, '10.0.0.4/30': 4, '10.0.0.8/30': 4 } });
  });

  it('RI-14 a cooling address is nobody’s; the number of its assignment is refused after a release by address, not by handle', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'], config: { ipCooldownSeconds: 300 } });
    const numberOf = async (handle: string) => {
      const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 1, handle });
      return v4?.addresses[0]?.sequenceNumber ?? 0n;
    };
    const [first, second] = [await numberOf('h'), await numberOf('g')];
    await world.ipam.releaseIps({ ips: options('10.0.0.0') });
    await world.ipam.releaseByHandle({ handle: 'g' });
    expect(await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0', handle: 'whoever' }] })).toEqual({
      released: ['10.0.0.0'],
      unallocated: ['10.0.0.0'],
    });
    expect(await codeOf(world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0', sequenceNumber: first }] }))).toBe('bad-sequence-number');
    expect(await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.1', sequenceNumber: second }] })).toMatchObject({ unallocated: ['10.0.0.1'] });
  });

  it('RI-17 keeps texts and duplicates in "released", each text once in "unallocated"', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1);
    expect(await world.ipam.releaseIps({ ips: [] })).toEqual({ released: [], unallocated: [] });
    const { released, unallocated } = await world.ipam.releaseIps({
      ips: options('::ffff:10.0.0.0', '10.0.0.0', '10.0.0.0', '10.0.0.9', '10.0.0.9'),
    });
    expect([...released].sort()).toEqual(['10.0.0.0', '10.0.0.0', '10.0.0.9', '10.0.0.9', '::ffff:10.0.0.0']);
    expect(unallocated).toEqual(['10.0.0.9']);
  });

  it('RI-19 a block of another size than its pool’s is not looked at', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 28 }] });
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-a', { 1: 'h' }));
    await world.put(keys.handle('h'), '{"block":{"10.0.0.0/30":1},"deleted":false}');
    expect(await world.ipam.releaseIps({ ips: options('10.0.0.1') })).toEqual({ released: ['10.0.0.1'], unallocated: ['10.0.0.1'] });
    expect(await codeOf(world.ipam.getAssignmentAttributes({ ip: '10.0.0.1' }))).toBe('not-found');
    expect(await world.ipam.ipsByHandle({ handle: 'h' })).toEqual(['10.0.0.1']);
    expect(await world.ipam.releaseByHandle({ handle: 'h' })).toEqual({ found: true, released: ['10.0.0.1'] });
  });

  it('RI-21 many conflicts: an error, and nothing released', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1);
    world.main.fault = ({ verb }) => (verb === 'commit' ? 'conflict' : 'none');
    expect(await codeOf(world.ipam.releaseIps({ ips: options('10.0.0.0') }))).toBe('too-much-contention');
    expect(await world.held()).toEqual({ '10.0.0.0': null });
  });
});
