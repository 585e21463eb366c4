import { describe, expect, it } from 'vitest';
import { codeOf, ipsOf, openWorld } from '../support/ipam.ts';

const ONE_BLOCK = { link: { subnet: 'block' }, blocksUsedMax: 1 } as const;

describe('one block for a host', () => {
  it('XR-02 twelve first requests at once, each its own process: all from one block', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/20', blockSize: 26 }], walkStart: 'hashed' });
    const given = await Promise.all(
      Array.from({ length: 12 }, (_, n) => world.process().ipam.autoAssign({ host: 'host-a', num4: 1, handle: `c${n}`, ...ONE_BLOCK })),
    );
    expect(new Set(given.flatMap(ipsOf)).size).toBe(12);
    expect(new Set(given.map(({ v4 }) => v4?.addresses[0]?.block)).size).toBe(1);
    expect(Object.keys(await world.affinities())).toHaveLength(1);
  });

  it('XR-02 the same where addresses are asked for by name: one of two blocks wins, the other request is refused', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/20', blockSize: 26 }] });
    const codes = await Promise.all(
      ['10.0.1.7', '10.0.2.7'].map((ip) =>
        world
          .process()
          .ipam.autoAssign({ host: 'host-a', ips: [ip], handle: ip, ...ONE_BLOCK })
          .then(
            () => 'given',
            ({ code }) => code,
          ),
      ),
    );
    expect(codes.sort()).toEqual(['block-limit', 'given']);
    expect(Object.keys(await world.affinities())).toHaveLength(1);
  });

  it('refuses an address by name in another block, and one in a block of another host', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 28 }] });
    await world.ipam.autoAssign({ host: 'host-a', num4: 1, handle: 'a', ...ONE_BLOCK });
    await world.ipam.claimAffinity({ host: 'host-b', cidr: '10.0.0.48/28' });
    const before = await world.dump();
    for (const ip of ['10.0.0.37', '10.0.0.50'])
      expect(await codeOf(world.ipam.autoAssign({ host: 'host-a', ips: [ip], handle: 'b', ...ONE_BLOCK }))).toBe('block-limit');
    expect(await world.dump()).toEqual(before);
    expect(ipsOf(await world.ipam.autoAssign({ host: 'host-a', ips: ['10.0.0.7'], handle: 'b', ...ONE_BLOCK }))).toEqual(['10.0.0.7']);
  });

  it('goes on with the block that holds addresses where there are two, and does not begin the other when it is full', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 29 }] });
    for (const cidr of ['10.0.0.0/29', '10.0.0.8/29']) await world.ipam.claimAffinity({ host: 'host-a', cidr });
    await world.ipam.assignIp({ ip: '10.0.0.10', host: 'host-a', handle: 'first' });
    const given: string[] = [];
    for (let n = 0; n < 4; n++)
      given.push(...ipsOf(await world.ipam.autoAssign({ host: 'host-a', num4: 1, handle: `c${n}`, ...ONE_BLOCK })));
    expect(given).toEqual(['10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.14']);
    expect(await codeOf(world.ipam.autoAssign({ host: 'host-a', num4: 1, handle: 'c4', ...ONE_BLOCK }))).toBe('block-limit');
  });
});

describe('one block of each pool', () => {
  it('two networks with a pool each, and a network of ranges, do not hinder each other on one host', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', '10.1.0.0/24'] });
    const add = (handle: string, pool: string) =>
      world.ipam.autoAssign({ host: 'host-a', num4: 1, handle, pools4: [pool], ifHeld: 'return', ...ONE_BLOCK });
    const slots = [[{ subnet: '10.2.0.0/24' }]];
    const given: string[] = [];
    for (const n of [1, 2]) {
      given.push(...ipsOf(await add(`a${n}`, '10.0.0.0/24')), ...ipsOf(await add(`b${n}`, '10.1.0.0/24')));
      given.push(...(await world.ipam.assignFromNetwork({ host: 'host-a', network: 'lan', handle: `c${n}`, slots })).map(({ ip }) => ip));
    }
    expect(given).toEqual(['10.0.0.2', '10.1.0.2', '10.2.0.2', '10.0.0.3', '10.1.0.3', '10.2.0.3']);
  });

  it('a repeat that asks for other addresses than are held is refused, whatever the other family holds', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', 'fd00::/64'] });
    const ask = (ips: readonly string[]) => world.ipam.autoAssign({ host: 'host-a', ips, handle: 'a', ifHeld: 'return', maxPerHandle: 1 });
    await ask(['10.0.0.9']);
    for (const ips of [
      ['10.0.0.20', 'fd00::19', 'fd00::1a'],
      ['10.0.0.9', '10.0.0.10'],
    ])
      expect(await codeOf(ask(ips))).toBe('handle-limit');
    expect(await world.held()).toEqual({ '10.0.0.9': 'a' });
    expect(ipsOf(await ask(['10.0.0.9']))).toEqual(['10.0.0.9']);
  });

  it("a pool's gateway that somebody holds is told, and nothing is given", async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-b', handle: 'router' });
    expect(await codeOf(world.ipam.autoAssign({ host: 'host-a', num4: 1, handle: 'a', link: { subnet: 'pool' } }))).toBe('address-in-use');
    await world.ipam.releaseByHandle({ handle: 'router' });
    expect(ipsOf(await world.ipam.autoAssign({ host: 'host-a', num4: 1, handle: 'a', link: { subnet: 'pool' } }))).toHaveLength(1);
  });
});
