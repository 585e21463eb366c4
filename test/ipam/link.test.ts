import { describe, expect, it } from 'vitest';
import type { AutoAssignOptions } from '../../src/ipam/api.ts';
import { codeOf, ipsOf, keys, openWorld, refusalOf, storedBlock, type World } from '../support/ipam.ts';

const BLOCK = { link: { subnet: 'block' } } as const;
const POOL = { link: { subnet: 'pool' } } as const;

/** `count` addresses one by one, each for a handle of its own. */
async function fill(world: World, host: string, count: number, options: Partial<AutoAssignOptions>): Promise<string[]> {
  const given: string[] = [];
  for (let n = 0; n < count; n++) given.push(...ipsOf(await world.ipam.autoAssign({ host, num4: 1, handle: `${host}-${n}`, ...options })));
  return given;
}

describe('block segments', () => {
  it('SS-18 never gives network, gateway and broadcast address of any block', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/27', blockSize: 29 }] });
    const given = await fill(world, 'host-a', 10, BLOCK);
    expect(given).toEqual([
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.5',
      '10.0.0.6',
      '10.0.0.10',
      '10.0.0.11',
      '10.0.0.12',
      '10.0.0.13',
      '10.0.0.14',
    ]);
  });

  it('SS-18 IPv6: the network address and the gateway alone', async () => {
    const world = await openWorld({ pools: [{ cidr: 'fd00::/120', blockSize: 126 }] });
    expect(await fill(world, 'host-a', 4, { ...BLOCK, num4: 0, num6: 1 })).toEqual(['fd00::2', 'fd00::3', 'fd00::6', 'fd00::7']);
  });

  it('takes a gateway that is named where it lies in the block, the first usable address in others', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/27', blockSize: 29 }] });
    const link = { subnet: 'block', gateways: ['10.0.0.4'] } as const;
    expect(await fill(world, 'host-a', 6, { link })).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.5', '10.0.0.6', '10.0.0.10']);
  });

  it('passes over a block whose gateway another writer has given to somebody', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 29 }] });
    await world.put(keys.block('10.0.0.0/29'), storedBlock('10.0.0.0/29', 'host:host-a', { 1: 'tunnel' }));
    await world.put(keys.affinity('host-a', '10.0.0.0/29'), '{"state":"confirmed","deleted":false}');
    expect(await fill(world, 'host-a', 2, BLOCK)).toEqual(['10.0.0.10', '10.0.0.11']);
    expect(await fill(world, 'host-a', 1, { handle: 'plain' })).toEqual(['10.0.0.0']);
  });

  it.each([
    ['10.0.0.0', 'network'],
    ['10.0.0.9', 'gateway'],
    ['10.0.0.15', 'broadcast'],
  ])('SS-21 refuses %s, the %s address of its block, by name', async (ip, role) => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 29 }] });
    const before = await world.dump();
    const refusal = await refusalOf(world.ipam.autoAssign({ host: 'host-a', ips: [ip], handle: 'c', ...BLOCK }));
    expect([refusal.code, refusal.message]).toEqual([
      'address-in-use',
      expect.stringMatching(new RegExp(`${ip} is the ${role} address of 10\\.0\\.0\\.`)),
    ]);
    expect(await world.dump()).toEqual(before);
    expect(ipsOf(await world.ipam.autoAssign({ host: 'host-a', ips: ['10.0.0.3'], handle: 'c', ...BLOCK }))).toEqual(['10.0.0.3']);
  });
});

describe('pool segments', () => {
  it('SS-18 keep the first usable address of the pool and its last one, not those of each block', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 29 }] });
    const given = await fill(world, 'host-a', 13, POOL);
    expect(given).toEqual(Array.from({ length: 13 }, (_, n) => `10.0.0.${n + 2}`));
    expect(await codeOf(world.v4('host-a', 1, { handle: 'one more', ...POOL }))).toBe('no-free-address');
  });

  it('SS-18 keep gateways that are named, of whichever pool', async () => {
    const world = await openWorld({
      pools: [
        { cidr: '10.0.0.0/29', blockSize: 29 },
        { cidr: 'fd00::/125', blockSize: 125 },
      ],
    });
    const link = { subnet: 'pool', gateways: ['10.0.0.3', 'fd00::2'] } as const;
    expect(await fill(world, 'host-a', 3, { link, num6: 1 })).toEqual([
      '10.0.0.1',
      'fd00::1',
      '10.0.0.2',
      'fd00::3',
      '10.0.0.4',
      'fd00::4',
    ]);
    expect(await codeOf(world.ipam.autoAssign({ host: 'host-a', ips: ['fd00::2'], handle: 'x', link }))).toBe('address-in-use');
  });

  it('two nodes get different addresses of one segment', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 26 }] });
    expect([await fill(world, 'host-a', 1, POOL), await fill(world, 'host-b', 1, POOL)]).toEqual([['10.0.0.2'], ['10.0.0.64']]);
  });
});

describe('a single block', () => {
  const SINGLE = { ...BLOCK, blocksUsedMax: 1 };

  it('is used to its end; then the node is told so, and another node has one of its own', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 29 }] });
    expect(await fill(world, 'host-a', 5, SINGLE)).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    const before = await world.dump();
    expect(await codeOf(world.v4('host-a', 1, { handle: 'x', ...SINGLE }))).toBe('block-limit');
    expect(await world.dump()).toEqual(before);
    expect(await fill(world, 'host-b', 1, SINGLE)).toEqual(['10.0.0.10']);
  });

  it('is one per family', async () => {
    const world = await openWorld({
      pools: [
        { cidr: '10.0.0.0/28', blockSize: 29 },
        { cidr: 'fd00::/120', blockSize: 125 },
      ],
    });
    expect(await fill(world, 'host-a', 2, { ...SINGLE, num6: 1 })).toEqual(['10.0.0.2', 'fd00::2', '10.0.0.3', 'fd00::3']);
  });

  it('is the first in key order where the node has several from before', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/27', blockSize: 29 }] });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.16/29' });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.24/29' });
    expect(await fill(world, 'host-a', 5, SINGLE)).toEqual(['10.0.0.18', '10.0.0.19', '10.0.0.20', '10.0.0.21', '10.0.0.22']);
    expect(await codeOf(world.v4('host-a', 1, { handle: 'x', ...SINGLE }))).not.toBe('');
    expect(await world.blocks()).toEqual({ '10.0.0.16/29': 'host:host-a', '10.0.0.24/29': 'host:host-a' });
  });

  it('is shared by ten requests at once: ten addresses of it', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 28 }], walkStart: 'hashed' });
    const given = await Promise.all(
      Array.from({ length: 10 }, (_, n) => world.process().ipam.autoAssign({ host: 'host-a', num4: 1, handle: `c${n}`, ...SINGLE })),
    );
    expect(new Set(given.flatMap(ipsOf)).size).toBe(10);
    expect(Object.keys(await world.blocks())).toHaveLength(1);
  });
});

describe('given addresses beside automatic ones', () => {
  it('come in one commit, each family its own way', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', 'fd00::/112'] });
    const { result, calls } = await world.main.counted(() =>
      world.ipam.autoAssign({ host: 'host-a', ips: ['10.0.0.7', '10.0.0.99'], num6: 1, handle: 'c', ...POOL }),
    );
    expect(ipsOf(result)).toEqual(['10.0.0.7', '10.0.0.99', 'fd00::2']);
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
  });

  it('AI-02 I7 one that is taken: nothing of the other family is kept', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', 'fd00::/112'] });
    await world.ipam.assignIp({ host: 'host-b', ip: '10.0.0.7', handle: 'other' });
    const before = await world.dump();
    const refusal = await refusalOf(world.ipam.autoAssign({ host: 'host-a', ips: ['10.0.0.7'], num6: 1, handle: 'c' }));
    expect([refusal.code, refusal.message]).toEqual(['address-in-use', expect.stringContaining('handle other')]);
    expect(await world.dump()).toEqual(before);
  });

  it.each<[string, Partial<AutoAssignOptions>]>([
    ['an address twice', { ips: ['10.0.0.7', '10.0.0.7'] }],
    ['an address and a number of the same family', { ips: ['10.0.0.7'], num4: 1 }],
    ['text that is no address', { ips: ['10.0.0'] }],
    ['an unknown segment', { num4: 1, link: { subnet: 'node' as 'pool' } }],
    ['a gateway that is no address', { num4: 1, link: { subnet: 'pool', gateways: ['first'] } }],
    ['no block at all', { num4: 1, blocksUsedMax: 0 }],
  ])('are refused with %s', async (_, options) => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    expect(await codeOf(world.ipam.autoAssign({ host: 'host-a', handle: 'c', ...options }))).toBe('invalid-argument');
  });
});

describe('checkAutoAssign', () => {
  it('sees a full pool when it may read everything, and a missing pool or node with one read', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/29', blockSize: 29 }] });
    await fill(world, 'host-a', 5, POOL);
    const before = await world.dump();
    const check = (options: Partial<AutoAssignOptions & { whole: boolean }>) =>
      world.ipam.checkAutoAssign({ host: 'host-a', num4: 1, ...POOL, ...options });
    expect(await codeOf(check({ whole: true }))).toBe('no-free-address');
    const { calls } = await world.main.counted(async () => {
      await check({});
      expect(await codeOf(check({ pools4: ['nosuch'] }))).toBe('pool-not-found');
      expect(await codeOf(check({ host: 'stranger' }))).toBe('node-not-found');
      await check({ host: 'stranger', registerNode: true });
    });
    expect(calls.map(({ verb }) => verb)).toEqual(['read', 'read', 'read', 'read']);
    expect(await world.dump()).toEqual(before);
  });
});

describe('former handles', () => {
  const FORMER = { handles: ['net.c1', 'ns.pod'], unlessAttribute: 'network' };

  it('SS-04 SS-28 are released with the handle, in one commit', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    for (const handle of ['net:c1:eth1', 'net.c1', 'ns.pod', 'bystander']) await world.v4('host-a', 1, { handle });
    const { result, calls } = await world.main.counted(() =>
      world.ipam.releaseByHandle({ handle: 'net:c1:eth1', host: 'host-a', final: true, former: FORMER }),
    );
    expect(result).toEqual({ found: true, released: ['10.0.0.0', '10.0.0.1', '10.0.0.2'] });
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
    expect(await world.held()).toEqual({ '10.0.0.3': 'bystander' });
  });

  it("SS-03 stay when one of their addresses has the attribute that tells them another's", async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1, { handle: 'net.c1', attrs: { network: 'net' } });
    await world.v4('host-a', 1, { handle: 'ns.pod' });
    expect(await world.ipam.releaseByHandle({ handle: 'net:c1:eth1', former: FORMER })).toEqual({ found: true, released: ['10.0.0.1'] });
    expect(await world.held()).toEqual({ '10.0.0.0': 'net.c1' });
  });

  it('SS-29 none of them there: nothing is found, twice', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    for (let n = 0; n < 2; n++) {
      expect(await world.ipam.releaseByHandle({ handle: 'net.c1', final: true, former: FORMER })).toEqual({ found: false, released: [] });
    }
  });
});

describe('unlessReleased: recently', () => {
  it('I11 refuses where the release was answered before the first read; `true` does not', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.releaseByHandle({ handle: 'c', final: true });
    const before = await world.dump();
    expect(await codeOf(world.v4('host-a', 1, { handle: 'c', unlessReleased: 'recently' }))).toBe('released-meanwhile');
    expect(await world.dump()).toEqual(before);
    expect(await world.v4('host-a', 1, { handle: 'other', unlessReleased: 'recently' })).toEqual(['10.0.0.0']);
    expect(await world.v4('host-a', 1, { handle: 'c', unlessReleased: true })).toEqual(['10.0.0.1']);
  });

  it('I11 beforeCommit that refuses leaves nothing behind', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const before = await world.dump();
    const gone = Promise.reject(new Error('nobody waits'));
    await expect(world.v4('host-a', 1, { handle: 'c', unlessReleased: 'recently', beforeCommit: () => gone })).rejects.toThrow(
      'nobody waits',
    );
    expect(await world.dump()).toEqual(before);
  });
});
