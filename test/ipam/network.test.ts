import { describe, expect, it } from 'vitest';
import type { NetworkAssignOptions, RangeInput } from '../../src/ipam/api.ts';
import type { Fault } from '../../src/store/memory.ts';
import { codeOf, keys, openWorld, type Process, refusalOf, storedBlock, type World } from '../support/ipam.ts';

const NETWORK = 'lab';
/** Four addresses for containers: .2 to .5. */
const SMALL: RangeInput = { subnet: '10.22.0.0/29', rangeEnd: '10.22.0.5' };

interface Wanted extends Partial<Omit<NetworkAssignOptions, 'slots'>> {
  readonly slots?: readonly (readonly RangeInput[])[];
}

/** The addresses for one container, each as text. */
async function assign({ ipam }: World | Process, handle: string, { slots = [[SMALL]], ...options }: Wanted = {}): Promise<string[]> {
  const given = await ipam.assignFromNetwork({ host: 'host-a', network: NETWORK, handle, slots, ...options });
  return given.map(({ ip }) => ip);
}

async function assignMany(world: World, count: number, wanted: Wanted = {}, prefix = 'c'): Promise<string[]> {
  const given: string[] = [];
  for (let n = 0; n < count; n++) given.push(...(await assign(world, `${prefix}${n}`, wanted)));
  return given;
}

describe('assignFromNetwork: automatic addresses', () => {
  it('SS-16, SS-18 gives them in order, without network, gateway and broadcast address', async () => {
    const world = await openWorld();
    expect(await assignMany(world, 5, { slots: [[{ subnet: '10.22.0.0/29' }]] })).toEqual([
      '10.22.0.2',
      '10.22.0.3',
      '10.22.0.4',
      '10.22.0.5',
      '10.22.0.6',
    ]);
    expect(await codeOf(assign(world, 'one more', { slots: [[{ subnet: '10.22.0.0/29' }]] }))).toBe('no-free-address');
  });

  it('tells subnet and gateway of each', async () => {
    const world = await openWorld();
    const slots = [[{ subnet: '10.22.0.0/16', gateway: '10.22.3.4' }], [{ subnet: 'fd00:22::/64' }]];
    const given = await world.ipam.assignFromNetwork({ host: 'host-a', network: NETWORK, handle: 'c', slots });
    expect(given).toMatchObject([
      { ip: '10.22.0.1', subnet: '10.22.0.0/16', gateway: '10.22.3.4', existing: false, poolCidr: '10.22.0.0/16' },
      { ip: 'fd00:22::2', subnet: 'fd00:22::/64', gateway: 'fd00:22::1', existing: false, poolCidr: 'fd00:22::/64' },
    ]);
  });

  it('SS-16, SS-22 goes on behind the last one although addresses before it are free, and wraps around', async () => {
    const world = await openWorld();
    expect(await assignMany(world, 3)).toEqual(['10.22.0.2', '10.22.0.3', '10.22.0.4']);
    await world.ipam.releaseByHandle({ handle: 'c0' });
    await world.ipam.releaseByHandle({ handle: 'c1' });
    expect(await assignMany(world, 3, {}, 'd')).toEqual(['10.22.0.5', '10.22.0.2', '10.22.0.3']);
  });

  it('SS-17 finds the one free address wherever the cursor stands', async () => {
    const world = await openWorld();
    await assignMany(world, 4);
    for (const [handle, next] of [
      ['c1', 'd1'],
      ['c3', 'd3'],
      ['c0', 'd0'],
      ['d3', 'e3'],
    ] as const) {
      const [freed] = await world.ipam.ipsByHandle({ handle });
      await world.ipam.releaseByHandle({ handle });
      expect(await assign(world, next)).toEqual([freed]);
    }
  });

  it('SS-16 goes through the ranges of a set in the order in which they are listed', async () => {
    const world = await openWorld();
    const slots = [
      [
        { subnet: '10.22.2.0/24', rangeStart: '10.22.2.10', rangeEnd: '10.22.2.11' },
        { subnet: '10.22.1.0/24', rangeStart: '10.22.1.10', rangeEnd: '10.22.1.11' },
      ],
    ];
    expect(await assignMany(world, 4, { slots })).toEqual(['10.22.2.10', '10.22.2.11', '10.22.1.10', '10.22.1.11']);
    await world.ipam.releaseByHandle({ handle: 'c1' });
    expect(await assign(world, 'd', { slots })).toEqual(['10.22.2.11']);
  });

  it('SS-14 starts inside a new range when the cursor is outside of it; what is held stays and can be released', async () => {
    const world = await openWorld();
    await assignMany(world, 2);
    const moved = { slots: [[{ subnet: '10.22.0.0/29', rangeStart: '10.22.0.6' }]] };
    expect(await assign(world, 'd', moved)).toEqual(['10.22.0.6']);
    expect(await assign(world, 'c0', moved)).toEqual(['10.22.0.2']);
    const elsewhere = { slots: [[{ subnet: '10.99.0.0/24' }]] };
    const held = await world.ipam.assignFromNetwork({ host: 'host-a', network: NETWORK, handle: 'c0', ...elsewhere });
    expect(held).toMatchObject([{ ip: '10.22.0.2', subnet: '10.22.0.0/29', gateway: undefined, existing: true }]);
    expect(await world.ipam.releaseByHandle({ handle: 'c0' })).toEqual({ found: true, released: ['10.22.0.2'] });
  });

  it('SS-15 gives one per set, in their order, both families in one commit', async () => {
    const world = await openWorld();
    const slots = [[{ subnet: 'fd00:22::/64' }], [SMALL], [{ subnet: '10.23.0.0/24' }]];
    const { result, calls } = await world.main.counted(() => assign(world, 'c', { slots }));
    expect(result).toEqual(['fd00:22::2', '10.22.0.2', '10.23.0.2']);
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
    expect(await world.handles()).toEqual({ c: { 'fd00:22::/122': 1, '10.22.0.0/29': 1, '10.23.0.0/26': 1 } });
  });

  it('SS-19, SS-93 passes over exclusions and reservations', async () => {
    const world = await openWorld();
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.22.0.4/32'] } });
    const slots = [[{ ...SMALL, exclude: ['10.22.0.2/31'] }]];
    expect(await assign(world, 'c', { slots })).toEqual(['10.22.0.5']);
    expect(await codeOf(assign(world, 'd', { slots }))).toBe('no-free-address');
  });

  it('never gives the gateway that another range of the same subnet names', async () => {
    const world = await openWorld();
    const slots = [
      [
        { subnet: '10.22.0.0/24', rangeStart: '10.22.0.2', rangeEnd: '10.22.0.4' },
        { subnet: '10.22.0.0/24', rangeStart: '10.22.0.8', rangeEnd: '10.22.0.9', gateway: '10.22.0.3' },
      ],
    ];
    expect(await assignMany(world, 4, { slots })).toEqual(['10.22.0.2', '10.22.0.4', '10.22.0.8', '10.22.0.9']);
  });

  it.each(['255.255.255.248/29', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff8/125'])(
    'fills %s, where the address space ends',
    async (subnet) => {
      const world = await openWorld();
      const slots = [[{ subnet }]];
      const free = subnet.includes(':') ? 6 : 5;
      expect(new Set(await assignMany(world, free, { slots })).size).toBe(free);
      expect(await codeOf(assign(world, 'one more', { slots }))).toBe('no-free-address');
    },
  );

  it('leaves a cooling address alone until it has cooled', async () => {
    const world = await openWorld({ config: { ipCooldownSeconds: 60 } });
    await assignMany(world, 4);
    await world.ipam.releaseByHandle({ handle: 'c2' });
    expect(await codeOf(assign(world, 'd'))).toBe('no-free-address');
    world.clock.advance(61);
    expect(await assign(world, 'd')).toEqual(['10.22.0.4']);
  });

  it('passes over blocks of others where affinity is strict, and blocks that nobody can read', async () => {
    const world = await openWorld({ pools: ['10.22.0.0/24'], config: { strictAffinity: true } });
    await world.ipam.claimAffinity({ host: 'host-b', cidr: '10.22.0.0/26' });
    await world.put(keys.block('10.22.0.64/26'), '{"cidr":');
    expect(await assign(world, 'c', { slots: [[{ subnet: '10.22.0.0/24' }]] })).toEqual(['10.22.0.128']);
  });
});

describe('assignFromNetwork: large ranges', () => {
  it('SS-17 a range of a quarter of a million addresses, all taken but the last: found with few reads', async () => {
    const world = await openWorld({ pools: [{ name: 'p', cidr: '10.0.0.0/14', assignmentMode: 'Manual' }] });
    const everything = Object.fromEntries(Array.from({ length: 64 }, (_, ordinal) => [ordinal, 'other']));
    const blocks = Array.from({ length: 4_096 }, (_, n) => `10.${n >> 10}.${(n >> 2) & 255}.${(n & 3) * 64}/26`);
    await world.putAll(blocks.map((cidr) => [keys.block(cidr), storedBlock(cidr, 'host:host-a', everything)] as const));
    const { 62: _, ...butOne } = everything;
    await world.put(keys.block('10.3.255.192/26'), storedBlock('10.3.255.192/26', 'host:host-a', butOne));

    const slots = [[{ subnet: '10.0.0.0/14' }]];
    const { result, calls } = await world.main.counted(() => assign(world, 'c', { slots }));
    expect(result).toEqual(['10.3.255.254']);
    expect(calls.length).toBeLessThan(30);
    const { message, code } = await refusalOf(assign(world, 'd', { slots }));
    expect(code).toBe('no-free-address');
    for (const word of ['network lab', 'slot 1', '10.0.0.1-10.3.255.254 of 10.0.0.0/14', 'Release addresses'])
      expect(message).toContain(word);
  });

  it('a huge IPv6 range ends at once, also where all but its last address is excluded', async () => {
    const world = await openWorld();
    const exclude = Array.from(
      { length: 63 },
      (_, n) =>
        `fd00:0:0:0:${(2n ** 64n - 2n ** BigInt(64 - n))
          .toString(16)
          .padStart(16, '0')
          .replace(/(....)(?=.)/g, '$1:')}/${65 + n}`,
    );
    const last = 'fd00::ffff:ffff:ffff:fffe/127';
    expect(await assignMany(world, 2, { slots: [[{ subnet: 'fd00::/64', exclude }]] })).toEqual([
      'fd00::ffff:ffff:ffff:fffe',
      'fd00::ffff:ffff:ffff:ffff',
    ]);
    const { result, calls } = await world.main.counted(() =>
      refusalOf(assign(world, 'x', { slots: [[{ subnet: 'fd00::/64', exclude: [...exclude, last] }]] })),
    );
    expect(result.code).toBe('no-free-address');
    expect(calls.length).toBeLessThan(5);
  });
});

describe('assignFromNetwork: given addresses', () => {
  const TWO = [[{ subnet: '10.22.0.0/24' }], [{ subnet: '10.23.0.0/24' }]];

  it('SS-15, SS-20 several of one set in the order asked for, an automatic one in the other', async () => {
    const world = await openWorld();
    const ips = ['10.22.0.9', '10.22.0.7'];
    expect(await assign(world, 'c', { slots: TWO, ips })).toEqual(['10.22.0.9', '10.22.0.7', '10.23.0.2']);
  });

  it('SS-20 two sets of one subnet: a given address counts for the set that gives it out', async () => {
    const world = await openWorld();
    const slots = [
      [{ subnet: '10.22.0.0/24', rangeStart: '10.22.0.10', rangeEnd: '10.22.0.19' }],
      [{ subnet: '10.22.0.0/24', rangeStart: '10.22.0.20', rangeEnd: '10.22.0.29' }],
    ];
    expect(await assign(world, 'c', { slots, ips: ['10.22.0.22'] })).toEqual(['10.22.0.10', '10.22.0.22']);
    expect(await assign(world, 'd', { slots, ips: ['10.22.0.12', '10.22.0.99'] })).toEqual(['10.22.0.12', '10.22.0.99', '10.22.0.20']);
  });

  it('SS-22 moves no cursor, nor does its release', async () => {
    const world = await openWorld();
    await assign(world, 'c0');
    expect(await assign(world, 's', { ips: ['10.22.0.4'] })).toEqual(['10.22.0.4']);
    expect(await assign(world, 'c1')).toEqual(['10.22.0.3']);
    await world.ipam.releaseByHandle({ handle: 's' });
    expect(await assign(world, 'c2')).toEqual(['10.22.0.4']);
  });

  it('lies anywhere in the subnet, also outside the range', async () => {
    const world = await openWorld();
    expect(await assign(world, 'c', { ips: ['10.22.0.6'] })).toEqual(['10.22.0.6']);
  });

  it.each([
    ['in no subnet', ['10.99.0.1'], 'invalid-argument', ['10.99.0.1', 'not in any subnet of network lab', '10.22.0.0/29']],
    ['of another family', ['fd00::7'], 'invalid-argument', ['fd00::7', 'not in any subnet']],
    ['asked for twice', ['10.22.0.3', '10.22.0.3'], 'invalid-argument', ['10.22.0.3', 'twice']],
    ['the gateway', ['10.22.0.1'], 'address-in-use', ['10.22.0.1', 'gateway']],
    ['the network address', ['10.22.0.0'], 'address-in-use', ['10.22.0.0', 'network']],
    ['the broadcast address', ['10.22.0.7'], 'address-in-use', ['10.22.0.7', 'broadcast']],
    ['excluded', ['10.22.0.5'], 'use-not-allowed', ['10.22.0.5', 'excluded']],
    ['held', ['10.22.0.2'], 'address-in-use', ['10.22.0.2', 'handle c0']],
    ['free beside one that is held', ['10.22.0.3', '10.22.0.2'], 'address-in-use', ['10.22.0.2']],
  ])('SS-21, SS-19, SS-23 one that is %s is refused by name, and nothing is written', async (_, ips, code, words) => {
    const world = await openWorld();
    const slots = [[{ ...SMALL, exclude: ['10.22.0.5'] }]];
    await assign(world, 'c0', { slots });
    const before = await world.dump();
    const refusal = await refusalOf(assign(world, 'd', { slots, ips }));
    expect(refusal.code).toBe(code);
    for (const word of words) expect(refusal.message).toContain(word);
    expect(await world.dump()).toEqual(before);
  });
});

describe('assignFromNetwork: all or nothing', () => {
  it('SS-23 a set without a free address: nothing of the others is kept, no cursor moves', async () => {
    const world = await openWorld();
    const slots = [[{ subnet: '10.23.0.0/24' }], [SMALL]];
    await assignMany(world, 4);
    const before = await world.dump();
    const refusal = await refusalOf(assign(world, 'd', { slots }));
    expect(refusal.code).toBe('no-free-address');
    expect(refusal.message).toContain('slot 2 (10.22.0.1-10.22.0.5 of 10.22.0.0/29)');
    expect(await world.dump()).toEqual(before);
  });

  it('SS-02 a repeat gives the same and writes nothing; other addresses than those held are refused', async () => {
    const world = await openWorld();
    const slots = [[SMALL], [{ subnet: 'fd00:22::/64' }]];
    const first = await assign(world, 'c', { slots });
    const before = await world.dump();
    expect(await assign(world, 'c', { slots })).toEqual(first);
    expect(await assign(world, 'c', { slots: slots.toReversed() })).toEqual(first.toReversed());
    expect(await assign(world, 'c', { slots, ips: ['10.22.0.2'] })).toEqual(first);
    const refusal = await refusalOf(assign(world, 'c', { slots, ips: ['10.22.0.4'] }));
    expect([refusal.code, refusal.message]).toEqual([
      'handle-limit',
      expect.stringMatching(/10\.22\.0\.4.*holds 10\.22\.0\.2, fd00:22::2/),
    ]);
    expect(await world.dump()).toEqual(before);
  });

  it('makes a pool of each new subnet, from which nothing is given but by name; networks that share it share its addresses', async () => {
    const world = await openWorld();
    await assign(world, 'c', { registerNode: true });
    const [pool] = await world.ipam.pools.list();
    expect(pool).toMatchObject({
      name: 'subnet-10-22-0-0-29',
      annotations: { 'plat/network': NETWORK },
      spec: { cidr: '10.22.0.0/29', blockSize: 29, assignmentMode: 'Manual', allowedUses: ['Workload'] },
    });
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-qualified-pool');
    expect(await assign(world, 'd', { network: 'other' })).toEqual(['10.22.0.3']);
    expect(await world.ipam.pools.list()).toHaveLength(1);
  });

  it('a subnet that crosses an existing pool is refused with both', async () => {
    const world = await openWorld({ pools: ['10.22.0.0/24'] });
    const before = await world.dump();
    const refusal = await refusalOf(assign(world, 'c', { slots: [[{ subnet: '10.22.0.0/16' }]] }));
    expect([refusal.code, refusal.message]).toEqual(['pool-overlap', expect.stringMatching(/10\.22\.0\.0\/16.*10\.22\.0\.0\/24/)]);
    expect(await world.dump()).toEqual(before);
  });

  it.each<[string, Wanted]>([
    ['no ranges', { slots: [] }],
    ['a bad range', { slots: [[{ subnet: '10.22.0.0/33' }]] }],
    ['a network that is no name', { network: 'a/b' }],
    ['an address that is none', { ips: ['10.22.0.300'] }],
  ])('refuses %s before the store is asked', async (_, wanted) => {
    const world = await openWorld();
    const { result, calls } = await world.main.counted(() => codeOf(assign(world, 'c', wanted)));
    expect([result, calls.length]).toEqual(['invalid-argument', 0]);
  });
});

describe('assignFromNetwork: at once', () => {
  it('two clients ask for their first address at the same moment: one pool, two addresses', async () => {
    const world = await openWorld();
    const [a, b] = [world.process(), world.process()];
    const both = barrier(2);
    a.fault = b.fault = ({ verb }) => (verb === 'commit' ? both() : 'none');
    expect((await Promise.all([assign(a, 'c'), assign(b, 'd')])).flat().toSorted()).toEqual(['10.22.0.2', '10.22.0.3']);
    expect(await world.ipam.pools.list()).toHaveLength(1);
  });

  it('two networks whose subnets cross are first used at the same moment: one pool, the other network is refused', async () => {
    const world = await openWorld();
    const [a, b] = [world.process(), world.process()];
    const both = barrier(2);
    a.fault = b.fault = ({ verb }) => (verb === 'commit' ? both() : 'none');
    const inner = assign(a, 'c', { slots: [[{ subnet: '10.22.0.0/24' }]], network: 'inner' });
    const outer = assign(b, 'd', { slots: [[{ subnet: '10.22.0.0/16' }]], network: 'outer' });
    const settled = await Promise.allSettled([inner, outer]);
    const pools = (await world.ipam.pools.list()).map(({ spec }) => spec.cidr);
    expect(pools).toHaveLength(1);
    // The larger one's pool holds the smaller one's subnet.
    if (pools[0] === '10.22.0.0/16') expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    else expect(settled).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'pool-overlap' } }]);
  });

  it('SS-16, SS-23 eight clients on two hosts with two families: no address twice, none passed over', async () => {
    const world = await openWorld();
    const slots = [[{ subnet: '10.22.0.0/28' }], [{ subnet: 'fd00:22::/64' }]];
    const given = await Promise.all(
      Array.from({ length: 8 }, (_, n) => assign(world.process(), `c${n}`, { slots, host: n % 2 === 0 ? 'host-a' : 'host-b' })),
    );
    const expected = [2, 3, 4, 5, 6, 7, 8, 9];
    expect(given.map(([v4]) => v4).toSorted()).toEqual(expected.map((n) => `10.22.0.${n}`));
    expect(given.map(([, v6]) => v6).toSorted()).toEqual(expected.map((n) => `fd00:22::${n}`));
  });

  it('the last address, wanted by two: one gets it, the other is told that there is none', async () => {
    const world = await openWorld();
    await assignMany(world, 3);
    const settled = await Promise.allSettled([assign(world.process(), 'd'), assign(world.process(), 'e')]);
    expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(settled).toContainEqual(expect.objectContaining({ reason: expect.objectContaining({ code: 'no-free-address' }) }));
    expect(await world.held()).toMatchObject({ '10.22.0.5': expect.stringMatching(/[de]/) });
  });

  it.each<Fault>(['lost-reply', 'lost-request', 'late', 'conflict'])(
    'I8 a commit with fault %s: one address, recorded once',
    async (fault) => {
      const world = await openWorld();
      await assign(world, 'c0');
      const process = world.process();
      let faults = 1;
      process.fault = ({ verb }) => (verb === 'commit' && faults-- > 0 ? fault : 'none');
      expect(await assign(process, 'c')).toEqual(['10.22.0.3']);
      world.store.applyLate();
      expect(await world.held()).toEqual({ '10.22.0.2': 'c0', '10.22.0.3': 'c' });
      expect(await world.handles()).toMatchObject({ c: { '10.22.0.0/29': 1 } });
    },
  );

  it('a pool that another process makes between two reads of the plan is seen, and no refusal', async () => {
    const world = await openWorld();
    const slow = world.process();
    let reads = 0;
    slow.fault = async ({ verb }): Promise<Fault> => {
      if (verb === 'read' && ++reads === 2) await assign(world, 'c0');
      return 'none';
    };
    expect(await assign(slow, 'c')).toEqual(['10.22.0.3']);
    expect(await world.held()).toEqual({ '10.22.0.2': 'c0', '10.22.0.3': 'c' });
  });

  it('I11 a final release that is answered before the commit: nothing is assigned', async () => {
    const world = await openWorld();
    await assign(world, 'c0');
    const slow = world.process();
    let releases = 1;
    slow.fault = async ({ verb }): Promise<Fault> => {
      if (verb === 'commit' && releases-- > 0) await world.ipam.releaseByHandle({ handle: 'c', final: true });
      return 'none';
    };
    expect(await codeOf(assign(slow, 'c', { unlessReleased: true }))).toBe('released-meanwhile');
    expect(await world.held()).toEqual({ '10.22.0.2': 'c0' });
  });
});

describe('checkAssignFromNetwork', () => {
  it('tells what an assignment would be refused for, and writes nothing', async () => {
    const world = await openWorld();
    const check = (slots: RangeInput[][]) =>
      world.ipam.checkAssignFromNetwork({ host: 'host-a', network: NETWORK, handle: 'x', slots, whole: true });
    const before = await world.dump();
    await check([[SMALL], [{ subnet: 'fd00:22::/64' }]]);
    expect(await world.dump()).toEqual(before);
    await assignMany(world, 4);
    const full = await world.dump();
    expect(await codeOf(check([[SMALL]]))).toBe('no-free-address');
    expect(await world.dump()).toEqual(full);
  });

  it('takes one read when it is not to look at everything', async () => {
    const world = await openWorld();
    await assignMany(world, 4);
    const { calls } = await world.main.counted(() =>
      world.ipam.checkAssignFromNetwork({ host: 'host-a', network: NETWORK, handle: 'x', slots: [[SMALL]] }),
    );
    expect(calls.map(({ verb }) => verb)).toEqual(['read']);
  });
});

/** Lets `count` calls go on together, once; later ones are not held. */
function barrier(count: number): () => Promise<Fault> {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let waiting = 0;
  return async () => {
    if (++waiting === count) open();
    await opened;
    return 'none';
  };
}
