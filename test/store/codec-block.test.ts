import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressCount } from '../../src/core/addr.ts';
import type { Json } from '../../src/core/json.ts';
import type { Attribute, Block } from '../../src/core/records.ts';
import { decode, encode } from '../../src/store/codec.ts';
import { REFS, type RefTo, read, reasonOf, rewritten } from '../support/codec.ts';
import { cidr } from '../support/records.ts';

/** The stored form of an empty /30 with some members replaced, added, or (undefined) left out. */
function blockText(members: Record<string, unknown> = {}): string {
  const base = {
    cidr: '10.0.0.0/30',
    affinity: 'host:a',
    allocations: [null, null, null, null],
    unallocated: [0, 1, 2, 3],
    attributes: null,
  };
  return JSON.stringify({ ...base, sequenceNumber: 7, sequenceNumberForAllocation: {}, deleted: false, ...members });
}

describe('blocks', () => {
  it('BK-25 keep attributes null, [] apart', () => {
    expect(rewritten(REFS.block, blockText({ attributes: null }))).toContain('"attributes":null');
    expect(rewritten(REFS.block, blockText({ attributes: [] }))).toContain('"attributes":[]');
    expect(read(REFS.block, blockText({ attributes: undefined })).attributes).toBeNull();
  });

  it('BK-04 no handle differs from an empty one, no metadata from empty metadata; empty metadata is not stored', () => {
    const text = blockText({ attributes: [{}, { handle_id: '', secondary: {}, alternateOwnerAttrs: {} }] });
    expect(read(REFS.block, text).attributes).toMatchObject([
      { handleId: undefined, secondary: undefined, alternate: undefined },
      { handleId: '', secondary: {}, alternate: {} },
    ]);
    expect(rewritten(REFS.block, text)).toContain('"attributes":[{},{"handle_id":""}]');
  });

  it.each([
    ['null handle and metadata', [{ handle_id: null, secondary: null }], '[{}]'],
    ['null entry', [null], '[{}]'],
    ['null metadata value', [{ secondary: { pod: null } }], '[{"secondary":{"pod":""}}]'],
    ['alternate, the older name', [{ alternate: { pod: 'x' } }], '[{"alternateOwnerAttrs":{"pod":"x"}}]'],
    ['both names', [{ alternate: { pod: 'x' }, alternateOwnerAttrs: { pod: 'y' } }], '[{"alternateOwnerAttrs":{"pod":"y"}}]'],
    ['cooling', [{ handle_id: null, secondary: null, releasedAt: '2026-08-22T06:40:20Z' }], '[{"releasedAt":"2026-08-22T06:40:20Z"}]'],
    ['unsorted metadata', [{ secondary: { b: '1', '10': '2', a: '3', '2': '4' } }], '[{"secondary":{"10":"2","2":"4","a":"3","b":"1"}}]'],
    ['unknown members', [{ zone: { b: 1, a: [2] }, handle_id: 'h', rank: 1 }], '[{"handle_id":"h","zone":{"b":1,"a":[2]},"rank":1}]'],
  ])('attributes of older or newer form: %s', (_form, attributes, expected) => {
    expect(rewritten(REFS.block, blockText({ attributes }))).toContain(`"attributes":${expected},`);
  });

  it('I10 unknown members and hostAffinity survive at the end; strictAffinity, which means nothing any more, does not', () => {
    const { extra } = read(REFS.block, blockText({ hostAffinity: 'node1', strictAffinity: true, future: { z: 1, a: 2 } }));
    expect(extra.map(([name]) => name)).toEqual(['hostAffinity', 'future']);
    expect(rewritten(REFS.block, blockText({ hostAffinity: 'node1', strictAffinity: true, future: { z: 1, a: 2 } }))).toBe(
      blockText({ hostAffinity: 'node1', future: { z: 1, a: 2 } }),
    );
  });

  it('I10 numbers of unknown members keep their text', () => {
    const stored = `${blockText().slice(0, -1)},"a":1.0,"b":-0,"c":12345678901234567890}`;
    expect(rewritten(REFS.block, stored)).toBe(stored);
  });

  it.each([
    ['absent', undefined],
    ['null', null],
  ])('older than v3.23: per-ordinal numbers %s are null, the number 0', (_form, sequenceNumberForAllocation) => {
    const block = read(REFS.block, blockText({ sequenceNumber: undefined, sequenceNumberForAllocation, deleted: undefined }));
    expect(block).toMatchObject({ sequenceNumber: 0n, sequenceNumberForAllocation: null, deleted: false });
    expect(rewritten(REFS.block, blockText({ sequenceNumberForAllocation }))).toContain(
      '"sequenceNumber":7,"sequenceNumberForAllocation":null,',
    );
  });

  it('of nobody: affinity null or absent is stored as null', () => {
    expect(rewritten(REFS.block, blockText({ affinity: undefined }))).toBe(blockText({ affinity: null }));
  });

  it('names of members match in any case, the last one wins (data model §1.4)', () => {
    const text =
      '{"CIDR":"10.0.0.0/30","Affinity":"host:x","affinity":"host:a","ALLOCATIONS":[null,0,null,null],"Unallocated":[0,2,3],"attributes":[{"Handle_ID":"h"}]}';
    expect(read(REFS.block, text)).toMatchObject({
      affinity: 'host:a',
      unallocated: [0, 2, 3],
      attributes: [{ handleId: 'h' }],
      extra: [],
    });
  });

  it('an index beyond the attributes is no corruption: held by an unknown owner', () => {
    expect(read(REFS.block, blockText({ allocations: [5, null, null, null], unallocated: [1, 2, 3] })).allocations[0]).toBe(5);
  });

  it('the network may be spelled in another way than in the key', () => {
    const ref: RefTo<'block'> = { kind: 'block', cidr: cidr('fd00::40/126') };
    const text = (network: string) => blockText({ cidr: network });
    expect(rewritten(ref, text('FD00:0:0::0040/126'))).toBe(text('fd00::40/126'));
  });

  it.each([
    [{ cidr: '10.0.0.4/30' }, 'cidr "10.0.0.4/30" does not match the key'],
    [{ cidr: '10.0.0.0/29' }, 'cidr "10.0.0.0/29" does not match the key'],
    [{ cidr: undefined }, 'cidr "" does not match the key'],
    [{ cidr: 1 }, 'cidr is not a string'],
    [{ affinity: ['host:a'] }, 'affinity is not a string'],
    [{ affinity_claim_time: 'yesterday' }, 'affinity_claim_time is not an RFC 3339 time'],
    [{ allocations: [null, null, null] }, 'allocations has 3 entries instead of 4'],
    [{ allocations: undefined }, 'allocations has 0 entries instead of 4'],
    [{ allocations: [null, null, null, '0'] }, 'allocations is not a list of integers and null'],
    [{ allocations: {} }, 'allocations is not a list'],
    [{ unallocated: [0, 1, 2, 4] }, 'unallocated is not a list of ordinals of the block'],
    [{ unallocated: [-1] }, 'unallocated is not a list of ordinals of the block'],
    [{ unallocated: [0.5] }, 'unallocated is not a list of ordinals of the block'],
    [{ attributes: {} }, 'attributes is not a list'],
    [{ attributes: [{}, 'x'] }, 'attributes[1] is not an object'],
    [{ attributes: [{ handle_id: 1 }] }, 'attributes[0].handle_id is not a string'],
    [{ attributes: [{ secondary: { pod: 1 } }] }, 'attributes[0].secondary.pod is not a string'],
    [{ attributes: [{ secondary: [] }] }, 'attributes[0].secondary is not an object'],
    [{ attributes: [{ releasedAt: '' }] }, 'attributes[0].releasedAt is not an RFC 3339 time'],
    [{ sequenceNumber: -1 }, 'sequenceNumber is not an unsigned 64-bit integer'],
    [{ sequenceNumber: 1.5 }, 'sequenceNumber is not an unsigned 64-bit integer'],
    [{ sequenceNumber: '7' }, 'sequenceNumber is not an unsigned 64-bit integer'],
    [{ sequenceNumberForAllocation: { '01': 1 } }, 'sequenceNumberForAllocation is not a map of ordinals to unsigned 64-bit integers'],
    [{ sequenceNumberForAllocation: { '1': 'x' } }, 'sequenceNumberForAllocation is not a map of ordinals to unsigned 64-bit integers'],
    [{ sequenceNumberForAllocation: [] }, 'sequenceNumberForAllocation is not an object'],
    [{ deleted: 'false' }, 'deleted is not true or false'],
  ])('%j is corrupt: %s', (members, reason) => {
    expect(reasonOf(REFS.block, blockText(members))).toBe(reason);
  });

  it('numbers of 64 bits are exact to the last, one more is corrupt', () => {
    const text = (number: bigint) => blockText().replace('"sequenceNumber":7', `"sequenceNumber":${number}`);
    expect(rewritten(REFS.block, text(2n ** 64n - 1n))).toBe(text(2n ** 64n - 1n));
    expect(reasonOf(REFS.block, text(2n ** 64n))).toBe('sequenceNumber is not an unsigned 64-bit integer');
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const texts = fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true });
const unknownJson: fc.Arbitrary<Json> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  text,
  fc.integer(),
  fc.bigInt(2n ** 60n, 2n ** 70n),
  fc.array(text),
);
const extra = fc.uniqueArray(
  fc.tuple(
    text.map((name) => `x-${name}`),
    unknownJson,
  ),
  { selector: ([name]) => name, maxLength: 3 },
);
const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`);
const uint64 = fc.bigInt(0n, 2n ** 64n - 1n);
const attribute: fc.Arbitrary<Attribute> = fc.record({
  handleId: fc.option(text, { nil: undefined }),
  secondary: fc.option(
    texts.filter((map) => Object.keys(map).length > 0),
    { nil: undefined },
  ),
  alternate: fc.option(
    texts.filter((map) => Object.keys(map).length > 0),
    { nil: undefined },
  ),
  releasedAt: fc.option(time, { nil: undefined }),
  extra,
});
const block: fc.Arbitrary<Block> = fc.constantFrom('10.0.0.0/26', '10.0.0.7/32', 'fd00::40/122', 'fd00::/120').chain((network) => {
  const size = Number(addressCount(cidr(network)));
  return fc.record({
    cidr: fc.constant(cidr(network)),
    affinity: fc.option(text),
    affinityClaimTime: fc.option(time, { nil: undefined }),
    allocations: fc.array(fc.option(fc.nat(size)), { minLength: size, maxLength: size, size: 'max' }),
    unallocated: fc.array(fc.nat(size - 1)),
    attributes: fc.option(fc.array(attribute)),
    sequenceNumber: uint64,
    sequenceNumberForAllocation: fc.option(fc.array(fc.tuple(fc.nat(size - 1), uint64)).map((numbers) => new Map(numbers))),
    deleted: fc.boolean(),
    extra,
  });
});

describe('any block', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(block, (record) => {
        const ref: RefTo<'block'> = { kind: 'block', cidr: record.cidr };
        expect(decode(ref, encode(ref, record))).toEqual({ kind: 'ok', record });
      }),
    );
  });
});
