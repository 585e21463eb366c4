import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Block, Pool, Reservation } from '../../src/core/records.ts';
import { ORPHANED_BLOCKS, type PoolUtilization, utilization } from '../../src/core/utilization.ts';
import { block, pool, reservation } from '../support/records.ts';

function show(pools: readonly Pool[], blocks: readonly Block[], reservations: readonly Reservation[] = [], only?: readonly string[]) {
  return utilization({ pools, reservations, blocks, only });
}

/** Capacity, in use, reserved, available. */
function columns({ capacity, inUse, reserved, available }: Omit<PoolUtilization, 'name' | 'cidr' | 'blocks'>): bigint[] {
  return [capacity, inUse, reserved, available];
}

const NO_ORPHANS = { name: ORPHANED_BLOCKS, cidr: '0.0.0.0/0', capacity: 0n, inUse: 0n, reserved: 0n, available: 0n, blocks: [] };

describe('counts', () => {
  it.each<[string[], bigint[], bigint[]]>([
    [['10.0.0.32/30'], [256n, 1n, 4n, 251n], [64n, 1n, 4n, 59n]],
    [['10.0.0.128/25'], [256n, 1n, 128n, 127n], [64n, 1n, 0n, 63n]],
    [['10.0.0.5/32'], [256n, 1n, 1n, 255n], [64n, 1n, 1n, 63n]],
    [
      ['10.0.0.0/25', '10.0.0.5/32', '10.0.0.64/26'],
      [256n, 1n, 128n, 128n],
      [64n, 1n, 64n, 0n],
    ],
  ])('GU-02, GU-03 with %o reserved', (reserved, ofPool, ofBlock) => {
    const [entry] = show([pool('p', '10.0.0.0/24')], [block('10.0.0.0/26', [5])], [reservation('r', ...reserved)]);
    expect(columns(entry!)).toEqual(ofPool);
    expect(columns(entry!.blocks[0]!)).toEqual(ofBlock);
  });

  it.each<[string, string[], string[], bigint, bigint, bigint]>([
    ['10.0.0.0/24', [], [], 256n, 0n, 256n],
    ['10.0.0.0/24', ['10.0.0.32/30'], [], 256n, 4n, 252n],
    ['10.0.0.0/24', ['10.0.0.0/25', '10.0.0.5/32', '10.0.0.64/26', '10.0.0.0/25'], [], 256n, 128n, 128n],
    ['10.0.0.0/24', ['10.0.0.0/16'], [], 256n, 256n, 0n],
    ['10.0.0.0/24', ['192.168.0.0/24', 'fd00::/120'], [], 256n, 0n, 256n],
    ['10.0.0.0/24', [], ['10.0.0.0/26', '10.0.0.64/26'], 256n, 0n, 128n],
    ['10.0.0.0/24', ['10.0.0.32/30'], ['10.0.0.0/26'], 256n, 4n, 192n],
    ['10.0.0.0/24', ['10.0.0.128/25'], ['10.0.0.0/26'], 256n, 128n, 64n],
    ['fd00::/120', ['fd00::/126'], [], 256n, 4n, 252n],
    ['fd00::/8', [], [], 1n << 120n, 0n, 1n << 120n],
  ])('BM-10 space of %s with %o reserved and blocks %o', (network, reserved, blocks, capacity, reservedCount, outside) => {
    const full = blocks.map((text) => block(text, ordinalsOf(text)));
    const [entry] = show([pool('p', network)], full, [reservation('r', ...reserved)]);
    expect([entry!.capacity, entry!.reserved, entry!.available]).toEqual([capacity, reservedCount, outside]);
  });

  it.each<[number[], string[], bigint, bigint]>([
    [[10, 20], [], 254n, 0n],
    [[10, 20, 210, 220], ['100.64.0.128/25'], 126n, 128n],
    [[], ['100.64.0.0/24'], 0n, 256n],
    [[10], ['100.64.0.0/16'], 0n, 256n],
  ])('BK-11, BK-12 with %o held and %o reserved', (held, reserved, available, reservedCount) => {
    const [entry] = show([pool('p', '100.64.0.0/16', { blockSize: 24 })], [block('100.64.0.0/24', held)], [reservation('r', ...reserved)]);
    expect(entry!.blocks[0]).toMatchObject({ available, reserved: reservedCount, inUse: BigInt(held.length) });
  });

  it('RS-04 counts a reserved address that is held once as reserved and once as in use', () => {
    const held = Array.from({ length: 64 }, (_, ordinal) => ordinal).filter((ordinal) => ![17, 33, 34, 35].includes(ordinal));
    const reserved = reservation('r3', '10.0.0.1/32', '10.0.0.2/32', '10.0.0.4/32', '10.0.0.17/32');
    const [entry] = show([pool('p', '10.0.0.0/26')], [block('10.0.0.0/26', held)], [reserved]);
    expect(columns(entry!)).toEqual([64n, 60n, 4n, 3n]);
  });

  it('GU-05, CD-07 count a cooling address as in use, however long ago it was released', () => {
    const cooling = { ...block('10.0.0.12/30', [0]), attributes: [attribute('2001-01-01T00:00:00Z')] };
    const [entry] = show([pool('pz', '10.0.0.0/28', { blockSize: 30 })], [cooling]);
    expect(columns(entry!)).toEqual([16n, 1n, 0n, 15n]);
  });

  it('GU-06 does not overflow: a /48 with one block', () => {
    const [entry] = show([pool('six', 'fd00::/48')], [block('fd00::/122', [0, 1, 2, 3, 4, 5, 6])]);
    expect(columns(entry!)).toEqual([1n << 80n, 7n, 0n, (1n << 80n) - 7n]);
  });

  it('adds up: each address of a pool is in use, available, or free and reserved', () => {
    const setup = fc.record({
      held: fc.array(fc.uniqueArray(fc.nat(15), { maxLength: 16 }), { minLength: 4, maxLength: 4 }),
      present: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      reserved: fc.array(
        fc.record({ at: fc.nat(63), length: fc.integer({ min: 26, max: 32 }) }).map(({ at, length }) => `10.0.0.${at}/${length}`),
        { maxLength: 6 },
      ),
    });
    fc.assert(
      fc.property(setup, ({ held, present, reserved }) => {
        const blocks = held.map((ordinals, index) => block(`10.0.0.${16 * index}/28`, ordinals)).filter((_, index) => present[index]);
        const record = reservation('r', ...reserved);
        const [entry] = show([pool('p', '10.0.0.0/26', { blockSize: 28 })], blocks, [record]);
        const isHeld = new Set(
          blocks.flatMap((each) =>
            each.allocations.flatMap((index, ordinal) => (index === null ? [] : [each.cidr.base + BigInt(ordinal)])),
          ),
        );
        const isReserved = (value: bigint) =>
          record.cidrs.some((each) => value >= each.base && value < each.base + (1n << BigInt(32 - each.prefixLength)));
        const pool64 = Array.from({ length: 64 }, (_, ordinal) => 0x0a000000n + BigInt(ordinal));
        expect(entry!.inUse).toBe(BigInt(isHeld.size));
        expect(entry!.reserved).toBe(BigInt(pool64.filter(isReserved).length));
        expect(entry!.available).toBe(BigInt(pool64.filter((value) => !isHeld.has(value) && !isReserved(value)).length));
      }),
    );
  });
});

describe('entries', () => {
  const pools = [
    pool('pa', '20.0.0.0/28', { blockSize: 30, disabled: true }),
    pool('pz', '10.0.0.0/28', { blockSize: 30 }),
    pool('six', 'fd00::/120', { blockSize: 126 }),
  ];
  const blocks = [block('10.0.0.12/30', [0]), block('20.0.0.12/30', [0], null), block('30.0.0.12/30', [0]), block('fd00::98/126', [0])];

  it('GU-01 shows every pool, disabled ones too, then the orphans', () => {
    expect(show(pools, blocks)).toEqual([
      entry('pa', '20.0.0.0/28', 16n, [blockEntry('20.0.0.12/30', null)]),
      entry('pz', '10.0.0.0/28', 16n, [blockEntry('10.0.0.12/30')]),
      entry('six', 'fd00::/120', 256n, [blockEntry('fd00::98/126')]),
      { ...NO_ORPHANS, blocks: [blockEntry('30.0.0.12/30')] },
    ]);
    expect(show([], [])).toEqual([NO_ORPHANS]);
  });

  it('GU-06 shows orphans of IPv6 under ::/0', () => {
    const shown = show([], [block('30.0.0.12/30', [0]), block('fd01::98/126', [0])]);
    expect(shown).toEqual([
      { ...NO_ORPHANS, blocks: [blockEntry('30.0.0.12/30')] },
      { ...NO_ORPHANS, cidr: '::/0', blocks: [blockEntry('fd01::98/126')] },
    ]);
  });

  it('GU-04, GU-09 filter by name or stored text, once each, in name order, without orphans', () => {
    const names = (only: string[]) => show(pools, blocks, [], only).map(({ name }) => name);
    expect(names(['pz', 'pa'])).toEqual(['pa', 'pz']);
    expect(names(['20.0.0.0/28', 'pa'])).toEqual(['pa']);
    for (const nothing of [ORPHANED_BLOCKS, '0.0.0.0/0', 'nosuch', '20.0.0.0/28 ', '20.0.0.1/28']) expect(names([nothing])).toEqual([]);
    expect(names([])).toEqual([]);
    expect(show(pools, blocks, [], ['20.0.0.0/28'])[0]?.blocks).toEqual([blockEntry('20.0.0.12/30', null)]);
  });

  it('GU-09 filters by the text as stored and shows the canonical network', () => {
    const old = [pool('old', '10.0.0.1/28', { blockSize: 30 })];
    expect(show(old, blocks, [], ['10.0.0.0/28'])).toEqual([]);
    expect(show(old, blocks, [], ['10.0.0.1/28'])[0]?.cidr).toBe('10.0.0.0/28');
  });

  it('GU-07 counts a block in the most specific pool that holds it, whatever the filter', () => {
    const nested = [pool('a', '10.0.0.0/16'), pool('b', '10.0.0.0/24'), pool('c', '10.0.0.0/24'), pool('d', '10.0.0.0/28')];
    const counted = (only?: string[]) =>
      show(nested, [block('10.0.0.0/26', [0])], [], only)
        .filter(({ blocks: shown }) => shown.length > 0)
        .map(({ name }) => name);
    expect(counted()).toEqual(['b']);
    expect(counted(['a'])).toEqual([]);
    expect(counted(['b'])).toEqual(['b']);
  });

  it('RG-04 shows a block larger than its pool with the pool', () => {
    const [shown] = show([pool('small', '10.0.0.0/28')], [block('10.0.0.0/26', [0, 1])]);
    expect(columns(shown!)).toEqual([16n, 2n, 0n, 62n]);
  });

  it('GU-08 skips a pool whose CIDR is no network', () => {
    expect(show([pool('broken', '10.0.0.0/33'), pool('p', '10.0.0.0/28')], [])).toEqual([
      entry('p', '10.0.0.0/28', 16n, [], 0n),
      NO_ORPHANS,
    ]);
    expect(show([pool('broken', '10.0.0.0/33')], [], [], ['broken'])).toEqual([]);
  });
});

function entry(name: string, cidrText: string, capacity: bigint, blocks: PoolUtilization['blocks'], inUse = 1n): PoolUtilization {
  return { name, cidr: cidrText, capacity, inUse, reserved: 0n, available: capacity - inUse, blocks };
}

/** A /30 or /126 with one address held. */
function blockEntry(cidrText: string, affinity: string | null = 'host:a') {
  return { cidr: cidrText, affinity, capacity: 4n, inUse: 1n, reserved: 0n, available: 3n };
}

function attribute(releasedAt: string) {
  return { handleId: undefined, secondary: undefined, alternate: undefined, releasedAt, extra: [] };
}

function ordinalsOf(cidrText: string): number[] {
  return Array.from({ length: block(cidrText).allocations.length }, (_, ordinal) => ordinal);
}
