/** What becomes of released addresses: cooling, collected, free again. */
import { describe, expect, it } from 'vitest';
import {
  attributeAt,
  blockFault,
  type Claim,
  collect,
  ordinalsInUse,
  ordinalsOfHandle,
  release,
  releaseHandle,
  sequenceNumberAt,
  stateOf,
  updated,
} from '../../src/core/block.ts';
import type { Block } from '../../src/core/records.ts';
import { ATTRIBUTE, emptyBlock, holding, MADE_NS } from '../support/blocks.ts';

const SECOND = 1_000_000_000n;
const AT_ONCE = { nowNs: MADE_NS, seconds: 0 };

const claim = (ordinal: number, handle?: string, sequenceNumber?: bigint): Claim => ({ ordinal, handle, sequenceNumber });

/** The block after a release by address that must succeed. */
function afterRelease(block: Block, claims: readonly Claim[], seconds: number): Block {
  const outcome = release(block, claims, { nowNs: MADE_NS, seconds });
  if (outcome.kind !== 'released') throw new Error(outcome.kind);
  return outcome.block;
}

describe('collecting', () => {
  const cooling = (ordinals: readonly number[], releasedAt: string, block: Block): Block => {
    const attributes = [...(block.attributes ?? []), { ...ATTRIBUTE, releasedAt }];
    const allocations = ordinals.reduce(
      (all: readonly (number | null)[], ordinal) => all.with(ordinal, attributes.length - 1),
      block.allocations,
    );
    return { ...block, attributes, allocations, unallocated: block.unallocated.filter((each) => !ordinals.includes(each)) };
  };

  it('BK-22 leaves an empty block alone', () => {
    const block = emptyBlock();
    expect(collect(block, { nowNs: MADE_NS, seconds: 30 })).toEqual({ block, changed: false });
  });

  it('BK-22, BK-23 drops entries that nobody refers to and renumbers the others in order', () => {
    const unused = { ...ATTRIBUTE, handleId: 'gone' };
    const last = { ...ATTRIBUTE, handleId: 'last' };
    const block = {
      ...emptyBlock(),
      attributes: [unused, ATTRIBUTE, unused, last],
      allocations: emptyBlock().allocations.with(32, 1).with(40, 3),
    };
    const collected = collect(block, { nowNs: MADE_NS, seconds: 30 });
    expect(collected.changed).toBe(true);
    expect(collected.block.attributes).toEqual([ATTRIBUTE, last]);
    expect([collected.block.allocations[32], collected.block.allocations[40]]).toEqual([0, 1]);
  });

  it('BK-22 frees what was released a minute ago and keeps what will be released in a minute', () => {
    const live = holding({ h: [52, 54] });
    const block = cooling([44, 42], '2026-08-22T06:31:00Z', cooling([33, 31], '2026-08-22T06:29:00Z', live));
    const collected = collect(block, { nowNs: MADE_NS, seconds: 30 });
    expect(collected.changed).toBe(true);
    expect(ordinalsInUse(collected.block)).toEqual([42, 44, 52, 54]);
    expect(collected.block.unallocated).toHaveLength(252);
    expect(collected.block.unallocated.slice(-2)).toEqual([31, 33]);
    expect(blockFault(collected.block)).toBeUndefined();
  });

  it('BK-23 deletes the numbers of what it frees', () => {
    const released = releaseHandle(holding({ h: [3, 1], g: [7] }), 'h', { nowNs: MADE_NS, seconds: 30 }).block;
    expect([...(released.sequenceNumberForAllocation?.keys() ?? [])].sort()).toEqual([1, 3, 7]);
    const { block } = collect(released, { nowNs: MADE_NS + 60n * SECOND, seconds: 30 });
    expect([...(block.sequenceNumberForAllocation?.keys() ?? [])]).toEqual([7]);
    expect(block.unallocated.slice(-2)).toEqual([1, 3]);
  });

  it('BK-25 leaves an empty list of attributes where there were some, and null where there was none', () => {
    expect(collect(emptyBlock(), AT_ONCE).block.attributes).toBeNull();
    expect(releaseHandle(holding({ h: [1] }), 'h', AT_ONCE).block.attributes).toEqual([]);
  });

  it('keeps an index that points nowhere pointing nowhere', () => {
    const block = { ...holding({ h: [1], g: [2] }), allocations: holding({ h: [1], g: [2] }).allocations.with(5, 7) };
    const collected = releaseHandle(block, 'h', AT_ONCE).block;
    expect(attributeAt(collected, 5)).toBeUndefined();
    expect(stateOf(collected, 5)).toBe('held');
    expect(attributeAt(collected, 2)?.handleId).toBe('g');
  });
});

describe('cooldown', () => {
  const at = (seconds: number) => MADE_NS + BigInt(Math.round(seconds * 1e9));

  it('CD-01 replaces the entry by one of the release, which further releases do not share', () => {
    const block = holding({ h: [1, 2], g: [3] });
    const first = afterRelease(block, [claim(1), claim(2)], 300);
    const second = afterRelease(first, [claim(3)], 300);
    const entry = { ...ATTRIBUTE, releasedAt: '2026-08-22T06:30:00Z' };
    expect(second.attributes).toEqual([entry, entry]);
    expect(second.allocations.slice(1, 4)).toEqual([0, 0, 1]);
    expect(second.unallocated).toEqual(block.unallocated);
    expect([1, 2, 3].map((ordinal) => stateOf(second, ordinal))).toEqual(['cooling', 'cooling', 'cooling']);
    expect(ordinalsOfHandle(second, 'h')).toEqual([]);
  });

  it.each([
    [30, 29.8, 'cooling'],
    [30, 30, 'free'],
    [0, 0, 'free'],
  ])('CD-02 with %i s, %d s after the release the address is %s', (seconds, after, state) => {
    // The release is at .123 of its second, and stored as .000.
    const released = releaseHandle(holding({ h: [1] }), 'h', { nowNs: MADE_NS, seconds: 300 }).block;
    expect(stateOf(collect(released, { nowNs: at(after), seconds }).block, 1)).toBe(state);
  });

  it('CD-02 is over when the stored second is strictly earlier than now less the cooldown', () => {
    const wholeSecond = MADE_NS - (MADE_NS % SECOND);
    const released = releaseHandle(holding({ h: [1] }), 'h', { nowNs: wholeSecond, seconds: 30 }).block;
    expect(collect(released, { nowNs: wholeSecond + 30n * SECOND, seconds: 30 }).changed).toBe(false);
    expect(collect(released, { nowNs: wholeSecond + 30n * SECOND + 1n, seconds: 30 }).changed).toBe(true);
  });

  it('CD-02 frees in the release itself without a cooldown', () => {
    const { block } = releaseHandle(holding({ h: [1] }), 'h', AT_ONCE);
    expect(stateOf(block, 1)).toBe('free');
  });

  it.each([
    [0, false],
    [30, false],
    [-1, true],
  ])('CD-02, CD-06 with %i s, a release that is said to be in the future is over: %s', (seconds, isOver) => {
    const released = releaseHandle(holding({ h: [1] }), 'h', { nowNs: at(3_600), seconds: 300 }).block;
    expect(collect(released, { nowNs: MADE_NS, seconds }).changed).toBe(isOver);
  });

  it('CD-04 goes by the setting of the moment', () => {
    const released = releaseHandle(holding({ h: [1] }), 'h', { nowNs: MADE_NS, seconds: 1_200 }).block;
    expect(stateOf(collect(released, { nowNs: at(60), seconds: 1_200 }).block, 1)).toBe('cooling');
    expect(stateOf(collect(released, { nowNs: at(60), seconds: 30 }).block, 1)).toBe('free');
  });

  it('CD-05 frees what has cooled and leaves its argument alone', () => {
    const block = releaseHandle(holding({ old: [31], live: [52] }), 'old', { nowNs: at(-3_600), seconds: 30 }).block;
    const before = structuredClone(block);
    const collected = collect(block, { nowNs: MADE_NS, seconds: 30 });
    expect(collected.changed).toBe(true);
    expect(ordinalsInUse(collected.block)).toEqual([52]);
    expect(collected.block.attributes).toEqual([{ ...ATTRIBUTE, handleId: 'live' }]);
    expect(block).toEqual(before);
    expect(collect(block, { nowNs: MADE_NS, seconds: 100_000 })).toEqual({ block, changed: false });
  });

  it('CD-10 keeps a number while cooling: of the release by address, of the assignment by handle', () => {
    const block = updated(holding({ h: [1] }));
    const byAddress = afterRelease(block, [claim(1)], 30);
    expect(sequenceNumberAt(byAddress, 1)).toBe(block.sequenceNumber);
    const byHandle = releaseHandle(block, 'h', { nowNs: MADE_NS, seconds: 30 }).block;
    expect(sequenceNumberAt(byHandle, 1)).toBe(MADE_NS);
    expect(release(byAddress, [claim(1, 'h', MADE_NS)], AT_ONCE).kind).toBe('bad-sequence-number');
    expect(release(byHandle, [claim(1, 'h', MADE_NS)], AT_ONCE)).toMatchObject({ kind: 'released', unallocated: [1] });
  });

  it('RI-14 releasing a cooling address changes nothing, whatever handle is given', () => {
    const cooling = releaseHandle(holding({ h: [1] }), 'h', { nowNs: MADE_NS, seconds: 30 }).block;
    expect(release(cooling, [claim(1, 'whoever')], { nowNs: at(5), seconds: 30 })).toMatchObject({ changed: false, unallocated: [1] });
  });
});
