import { describe, expect, it } from 'vitest';
import { ipOfOrdinal } from '../../src/core/addr.ts';
import {
  assignFree,
  assignOrdinal,
  blockFault,
  countOfHandle,
  disowned,
  freeCount,
  type IsReserved,
  isEmpty,
  newBlock,
  ordinalsInUse,
  ordinalsOfHandle,
  ownerOf,
  type ReleaseOutcome,
  release,
  releaseHandle,
  sequenceNumberAt,
  updated,
} from '../../src/core/block.ts';
import { Reservations } from '../../src/core/cidrset.ts';
import type { Block } from '../../src/core/records.ts';
import { ATTRIBUTE, emptyBlock, holding, MADE_NS, withHeld } from '../support/blocks.ts';
import { cidr, block as plainBlock, reservation } from '../support/records.ts';

const NONE_RESERVED = () => false;
const AT_ONCE = { nowNs: MADE_NS, seconds: 0 };

function releasedFrom(outcome: ReleaseOutcome): Extract<ReleaseOutcome, { kind: 'released' }> {
  if (outcome.kind !== 'released') throw new Error(outcome.kind);
  return outcome;
}

const claim = (ordinal: number, handle?: string, sequenceNumber?: bigint) => ({ ordinal, handle, sequenceNumber });

function reservedIn(...cidrs: string[]): IsReserved {
  const reservations = new Reservations([reservation('r', ...cidrs)], 4);
  return (address) => reservations.matches(address);
}

describe('a new block', () => {
  it('BK-01, BK-25 has every ordinal free in order, no attributes, and the time as its number', () => {
    const block = emptyBlock('10.0.0.0/29');
    expect(block).toMatchObject({
      affinity: 'host:a',
      affinityClaimTime: '2026-08-22T06:30:00Z',
      allocations: Array(8).fill(null),
      unallocated: [0, 1, 2, 3, 4, 5, 6, 7],
      attributes: null,
      sequenceNumber: MADE_NS,
      deleted: false,
    });
    expect(block.sequenceNumberForAllocation).toEqual(new Map());
    expect(blockFault(block)).toBeUndefined();
  });

  it('EB-04, EB-05 keeps the ordinals of the host at both ends, under one entry and without numbers', () => {
    const kept = newBlock(cidr('10.0.0.0/30'), { type: 'host', name: 'a' }, MADE_NS, {
      startOfBlock: 2,
      endOfBlock: 1,
      handle: 'test-handle',
      note: 'ipam ut',
    });
    expect(kept.allocations).toEqual([0, 0, null, 0]);
    expect(kept.unallocated).toEqual([2]);
    expect(kept.attributes).toEqual([{ ...ATTRIBUTE, handleId: 'test-handle', secondary: { note: 'ipam ut' } }]);
    expect(kept.sequenceNumberForAllocation).toEqual(new Map());
    expect(blockFault(kept)).toBeUndefined();
  });

  it.each([
    ['host:worker-1', { type: 'host', name: 'worker-1' }],
    ['virtual:load-balancer', { type: 'virtual', name: 'load-balancer' }],
    ['host:', { type: 'host', name: '' }],
    ['host:a:b', { type: 'host', name: 'a:b' }],
    ['pod:a', undefined],
    [':worker-1', undefined],
    ['worker-1', undefined],
    [null, undefined],
  ])('BM-07 affinity %j names the owner %j', (affinity, owner) => {
    expect(ownerOf(plainBlock('10.0.0.0/30', [], affinity))).toEqual(owner);
  });
});

describe('assigning', () => {
  it('BK-02, RS-03 takes ordinals from the head and leaves reserved ones in their place', () => {
    const block = { ...holding({ h: [0, 1, 3, 6, 7] }, emptyBlock('10.0.0.0/29')), unallocated: [4, 5, 2] };
    const assigned = assignFree(block, 2, { handle: 'g', attrs: undefined }, reservedIn('10.0.0.5/32'));
    expect(assigned.ordinals).toEqual([4, 2]);
    expect(assigned.block.unallocated).toEqual([5]);
    expect(blockFault(assigned.block)).toBeUndefined();
  });

  it('BK-04 shares one entry among the addresses of a call, and among calls with equal handle and metadata', () => {
    const attrs = { node: 'a', pod: 'p' };
    const first = assignFree(emptyBlock(), 3, { handle: 'h', attrs }, NONE_RESERVED).block;
    const second = assignFree(first, 1, { handle: 'h', attrs: { pod: 'p', node: 'a' } }, NONE_RESERVED).block;
    expect(second.allocations.slice(0, 5)).toEqual([0, 0, 0, 0, null]);
    expect(second.attributes).toEqual([{ ...ATTRIBUTE, handleId: 'h', secondary: attrs }]);
  });

  it.each<[string, { handle: string | undefined; attrs: Record<string, string> | undefined }]>([
    ['no handle', { handle: undefined, attrs: { node: 'a' } }],
    ['an empty handle', { handle: '', attrs: { node: 'a' } }],
    ['another handle', { handle: 'g', attrs: { node: 'a' } }],
    ['no metadata', { handle: 'h', attrs: undefined }],
    ['empty metadata', { handle: 'h', attrs: {} }],
    ['more metadata', { handle: 'h', attrs: { node: 'a', pod: 'p' } }],
    ['another value', { handle: 'h', attrs: { node: 'b' } }],
    ['another name', { handle: 'h', attrs: { pod: 'a' } }],
  ])('BK-04 makes an entry of its own for %s', (_, holder) => {
    const first = assignFree(emptyBlock(), 1, { handle: 'h', attrs: { node: 'a' } }, NONE_RESERVED).block;
    const second = assignFree(first, 1, holder, NONE_RESERVED).block;
    expect(second.allocations.slice(0, 2)).toEqual([0, 1]);
    expect(second.attributes).toHaveLength(2);
  });

  it('AT-12 does not use an entry again that has an alternate owner, is cooling, or has members it does not know', () => {
    for (const special of [{ alternate: { pod: 'p' } }, { releasedAt: '2026-08-22T06:30:00Z' }, { extra: [['future', 1]] as const }]) {
      const block = {
        ...withHeld(emptyBlock(), 0, { handle: 'h', attrs: undefined }),
        attributes: [{ ...ATTRIBUTE, handleId: 'h', ...special }],
      };
      expect(withHeld(block, 1, { handle: 'h', attrs: undefined }).attributes).toHaveLength(2);
    }
  });

  it('BK-05 records the number of the block before the write, which adds one', () => {
    const first = updated(withHeld(emptyBlock(), 7, { handle: 'h', attrs: undefined }));
    const second = updated(withHeld(first, 3, { handle: 'h', attrs: undefined }));
    expect(sequenceNumberAt(second, 7)).toBe(MADE_NS);
    expect(sequenceNumberAt(second, 3)).toBe(MADE_NS + 1n);
    expect(second.sequenceNumber).toBe(MADE_NS + 2n);
  });

  it.each([
    [0, 4],
    [3, 1],
    [4, 0],
  ])('BK-06 with %i of 4 held, asking for 9 gives %i', (held, given) => {
    const block = assignFree(emptyBlock('10.0.0.0/30'), held, { handle: 'h', attrs: undefined }, NONE_RESERVED).block;
    expect(assignFree(block, 9, { handle: 'g', attrs: undefined }, NONE_RESERVED).ordinals).toHaveLength(given);
  });

  it('BK-08 assigns one given ordinal wherever it is in the queue, and refuses one that is held or cooling', () => {
    const block = { ...emptyBlock('10.0.0.0/30'), unallocated: [3, 0, 2, 1] };
    const assigned = withHeld(block, 2, { handle: 'h', attrs: undefined });
    expect(assigned.unallocated).toEqual([3, 0, 1]);
    expect(assignOrdinal(assigned, 2, { handle: 'h', attrs: undefined })).toEqual({ kind: 'held' });
    const cooling = releaseHandle(assigned, 'h', { nowNs: MADE_NS, seconds: 30 }).block;
    expect(assignOrdinal(cooling, 2, { handle: 'h', attrs: undefined })).toEqual({ kind: 'cooling' });
    expect(sequenceNumberAt(cooling, 2)).toBe(MADE_NS);
  });
});

describe('looking', () => {
  it.each<[string, Block, boolean]>([
    ['nothing held', emptyBlock(), true],
    ['the handle of Windows', holding({ 'windows-reserved-ipam-handle': [0, 1] }), true],
    ['the handle of Windows in other letters', holding({ 'Windows-Reserved-IPAM-Handle': [0] }), true],
    ['another handle', holding({ alloc: [32] }), false],
    ['an address without handle', withHeld(emptyBlock(), 32, { handle: undefined, attrs: undefined }), false],
    ['a cooling address', releaseHandle(holding({ h: [1] }), 'h', { nowNs: MADE_NS, seconds: 30 }).block, false],
    ['an address of nobody known', { ...emptyBlock(), allocations: emptyBlock().allocations.with(5, 9), unallocated: [] }, false],
  ])('BK-09 with %s', (_, block, expected) => {
    expect(isEmpty(block)).toBe(expected);
  });

  it('BK-10 lists what is in use', () => {
    expect(ordinalsInUse(emptyBlock())).toEqual([]);
    const block = holding({ h: [20, 10] });
    expect(ordinalsInUse(block).map((ordinal) => ipOfOrdinal(block.cidr, ordinal).text)).toEqual(['100.64.0.10', '100.64.0.20']);
  });

  it.each<[number[], string[], number]>([
    [[10, 20], [], 254],
    [[10, 20, 210, 220], ['100.64.0.128/25'], 126],
    [[10, 20], ['100.64.0.0/24'], 0],
  ])('BK-11 with %o held and %o reserved, %i are free', (held, reserved, free) => {
    expect(freeCount(holding({ h: held }), reservedIn(...reserved))).toBe(free);
  });

  it('BK-13 finds addresses by handle', () => {
    const block = withHeld(holding({ singleton: [3], tens: [10, 20], thirties: [33] }), 34, {
      handle: 'thirties',
      attrs: { other: 'entry' },
    });
    expect(block.attributes).toHaveLength(4);
    const found = ['no-such-handle', 'singleton', 'tens', 'thirties'].map((handle) => ordinalsOfHandle(block, handle));
    expect(found).toEqual([[], [3], [10, 20], [33, 34]]);
    expect(countOfHandle(block, 'tens')).toBe(2);
  });

  it('BK-19 compares handles up to the first carriage return', () => {
    const block = holding({ 'h\rold-suffix': [1] });
    expect(ordinalsOfHandle(block, 'h')).toEqual([1]);
    expect(releasedFrom(release(block, [claim(1, 'h')], AT_ONCE)).countByHandle).toEqual(new Map([['h\rold-suffix', 1]]));
  });
});

describe('releasing by address', () => {
  const lucky = holding({ lucky: [13, 26, 39] });

  it('BK-15 (a) takes the last address of a handle away', () => {
    const outcome = releasedFrom(release(holding({ unlucky: [13] }), [claim(13, 'unlucky')], AT_ONCE));
    expect(outcome).toMatchObject({ changed: true, unallocated: [], countByHandle: new Map([['unlucky', 1]]) });
    expect(ordinalsInUse(outcome.block)).toEqual([]);
    expect(outcome.block.attributes).toEqual([]);
    expect(outcome.block.unallocated.at(-1)).toBe(13);
  });

  it('BK-15 (b) leaves the others of the handle', () => {
    const outcome = releasedFrom(release(lucky, [claim(13)], AT_ONCE));
    expect(outcome.countByHandle).toEqual(new Map([['lucky', 1]]));
    expect(ordinalsOfHandle(outcome.block, 'lucky')).toEqual([26, 39]);
  });

  it('BK-15 (c) takes several in one call', () => {
    const outcome = releasedFrom(release(lucky, [claim(39), claim(13), claim(26)], AT_ONCE));
    expect(outcome.countByHandle).toEqual(new Map([['lucky', 3]]));
    expect(outcome.block.unallocated.slice(-3)).toEqual([13, 26, 39]);
    expect(blockFault(outcome.block)).toBeUndefined();
  });

  it('BK-15 (d) reports what nobody held, and changes nothing', () => {
    const block = emptyBlock();
    expect(release(block, [claim(13, 'h')], AT_ONCE)).toEqual({
      kind: 'released',
      block,
      changed: false,
      unallocated: [13],
      countByHandle: new Map(),
    });
  });

  it('BK-15 (e), BK-18, I6 refuses another handle', () => {
    const block = holding({ newstuff: [100] });
    expect(release(block, [claim(100, 'oldstuff')], AT_ONCE)).toEqual({ kind: 'wrong-handle', ordinal: 100, stored: 'newstuff' });
    expect(release(withHeld(emptyBlock(), 100, { handle: undefined, attrs: undefined }), [claim(100, 'oldstuff')], AT_ONCE)).toMatchObject({
      kind: 'wrong-handle',
    });
  });

  it('BK-15 (f), BK-18, I6 refuses another sequence number', () => {
    const block = { ...holding({ h: [13] }), sequenceNumberForAllocation: new Map([[13, 10n]]) };
    expect(release(block, [claim(13, 'h', 999n)], AT_ONCE)).toEqual({ kind: 'bad-sequence-number', ordinal: 13, stored: 10n });
    expect(release(block, [claim(13, 'h', 10n)], AT_ONCE).kind).toBe('released');
  });

  it('BK-16 looks at the number first, then whether anybody holds it, then at the handle', () => {
    expect(release(emptyBlock(), [claim(13, 'h', 999n)], AT_ONCE).kind).toBe('bad-sequence-number');
    expect(release(emptyBlock(), [claim(13, 'h', 0n)], AT_ONCE)).toMatchObject({ kind: 'released', unallocated: [13] });
    expect(release(holding({ g: [13] }), [claim(13, 'h', 999n)], AT_ONCE).kind).toBe('bad-sequence-number');
    const beforeNumbers = { ...holding({ h: [13] }), sequenceNumberForAllocation: null };
    expect(release(beforeNumbers, [claim(13, 'h', 0n)], AT_ONCE).kind).toBe('released');
  });

  it('BK-17 releases nothing when one address of the block does not match', () => {
    const before = structuredClone(lucky);
    expect(release(lucky, [claim(13, 'lucky'), claim(26, 'other')], AT_ONCE)).toEqual({
      kind: 'wrong-handle',
      ordinal: 26,
      stored: 'lucky',
    });
    expect(lucky).toEqual(before);
  });
});

describe('releasing by handle', () => {
  it('BK-21 releases every address of the handle and nothing else', () => {
    const block = holding({ fifteen: [15], twenty: [20] });
    expect(releaseHandle(block, 'unknown', AT_ONCE)).toEqual({ block, ordinals: [] });
    const outcome = releaseHandle(block, 'fifteen', AT_ONCE);
    expect(outcome.ordinals).toEqual([15]);
    expect(ordinalsInUse(outcome.block)).toEqual([20]);
    expect(outcome.block.unallocated.at(-1)).toBe(15);
    expect(blockFault(outcome.block)).toBeUndefined();
  });

  it('BK-21 puts several at the tail in ascending order, of one entry or of several', () => {
    const oneEntry = holding({ several: [35, 15, 25] });
    const entries = [15, 25, 35].map((_, index) => ({ ...ATTRIBUTE, handleId: 'several', secondary: { n: String(index) } }));
    const allocations = emptyBlock().allocations.with(35, 0).with(15, 1).with(25, 2);
    const severalEntries = { ...oneEntry, attributes: entries, allocations };
    for (const block of [oneEntry, severalEntries]) {
      const outcome = releaseHandle(block, 'several', AT_ONCE);
      expect(outcome.ordinals).toEqual([15, 25, 35]);
      expect(outcome.block.unallocated.slice(-3)).toEqual([15, 25, 35]);
      expect(outcome.block.attributes).toEqual([]);
    }
  });
});

describe('owners', () => {
  it('AF-10 a block given up has neither affinity nor claim time', () => {
    expect(disowned(emptyBlock())).toMatchObject({ affinity: null, affinityClaimTime: undefined });
  });
});
