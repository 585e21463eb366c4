import { describe, expect, it } from 'vitest';
import { keys, openWorld, storedBlock } from '../support/ipam.ts';

const figures = ({ capacity, inUse, reserved, available }: { capacity: bigint; inUse: bigint; reserved: bigint; available: bigint }) =>
  [capacity, inUse, reserved, available].join('/');

describe('utilisation', () => {
  it('GU-01, GU-02 shows every pool in name order, then the blocks outside all pools', async () => {
    const world = await openWorld({
      pools: [
        { name: 'z', cidr: '10.0.0.0/24' },
        { name: 'a', cidr: '20.0.0.0/24', disabled: true },
      ],
    });
    await world.v4('host-a', 3);
    await world.put(keys.block('30.0.0.0/26'), storedBlock('30.0.0.0/26', 'host:host-b', { 5: 'h' }));
    const shown = await world.ipam.getUtilization();
    expect(shown.map(({ name, cidr, blocks }) => [name, cidr, blocks.length])).toEqual([
      ['a', '20.0.0.0/24', 0],
      ['z', '10.0.0.0/24', 1],
      ['orphaned allocation blocks', '0.0.0.0/0', 1],
    ]);
    expect(figures(shown[1]!)).toBe('256/3/0/253');
    expect(shown[1]?.blocks).toMatchObject([{ cidr: '10.0.0.0/26', affinity: 'host:host-a' }]);
    expect(figures(shown[1]!.blocks[0]!)).toBe('64/3/0/61');
  });

  it.each([
    [['10.0.0.32/30'], '256/1/4/251', '64/1/4/59'],
    [['10.0.0.128/25'], '256/1/128/127', '64/1/0/63'],
    [['10.0.0.5/32'], '256/1/1/255', '64/1/1/63'],
    [['10.0.0.0/25', '10.0.0.5/32', '10.0.0.64/26'], '256/1/128/128', '64/1/64/0'],
  ])('GU-03 with %o reserved: pool %s, block %s', async (reservedCIDRs, pool, block) => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.assignIp({ ip: '10.0.0.5', host: 'host-a' });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs } });
    const [shown] = await world.ipam.getUtilization();
    expect([figures(shown!), figures(shown!.blocks[0]!)]).toEqual([pool, block]);
  });

  it('GU-04, GU-09 filters by exact text', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', '20.0.0.0/24'] });
    const inUse = async (pools?: string[]) =>
      (await world.ipam.getUtilization(pools ? { pools } : {})).map(({ name, inUse: used }) => `${name} ${used}`);
    await world.v4('host-a', 1, { pools4: ['10.0.0.0/24'] });
    expect(await inUse()).toEqual(['pool1 1', 'pool2 0', 'orphaned allocation blocks 0']);
    expect(await inUse(['20.0.0.0/24'])).toEqual(['pool2 0']);
    await world.v4('host-a', 1, { pools4: ['20.0.0.0/24'] });
    expect(await inUse(['pool2'])).toEqual(['pool2 1']);
    expect(await inUse(['orphaned allocation blocks', '0.0.0.0/0', '20.0.0.1/24'])).toEqual([]);
  });

  it('GU-06, WT-13 is exact for pools of 2^80 addresses, and shows IPv6 blocks outside all pools', async () => {
    const world = await openWorld({ pools: [{ cidr: 'fd00::/48' }] });
    await world.ipam.autoAssign({ host: 'host-a', num6: 7 });
    await world.put(keys.block('fe00::/122'), storedBlock('fe00::/122', null, { 0: 'h' }));
    const shown = await world.ipam.getUtilization();
    expect(shown[0]).toMatchObject({ capacity: 1n << 80n, inUse: 7n, available: (1n << 80n) - 7n });
    expect(shown.at(-1)).toMatchObject({ cidr: '::/0', blocks: [{ cidr: 'fe00::/122' }] });
  });

  it('GU-07, GU-08 counts a block once, filter or not, and skips a pool whose CIDR is no network', async () => {
    const world = await openWorld();
    await world.put(keys.pool('a'), '{"spec":{"cidr":"10.0.0.0/16"}}');
    await world.put(keys.pool('b'), '{"spec":{"cidr":"10.0.0.0/24"}}');
    await world.put(keys.pool('c'), '{"spec":{"cidr":"nonsense"}}');
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', 'host:host-a', { 0: 'h' }));
    const shown = await world.ipam.getUtilization();
    expect(shown.map(({ name, inUse }) => `${name} ${inUse}`)).toEqual(['a 0', 'b 1', 'orphaned allocation blocks 0']);
    expect(await world.ipam.getUtilization({ pools: ['a', 'b'] })).toMatchObject([{ inUse: 0n }, { inUse: 1n }]);
  });
});
