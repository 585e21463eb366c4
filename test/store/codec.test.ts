import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_EXTRA, type Ref } from '../../src/core/records.ts';
import { decode, encode } from '../../src/store/codec.ts';
import { parseKey } from '../../src/store/keys.ts';
import { bytesOf, REFS, read, reasonOf, rewritten } from '../support/codec.ts';
import { cidr } from '../support/records.ts';

interface Example {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}
const EXAMPLES = JSON.parse(readFileSync(new URL('../fixtures/data-model-examples.json', import.meta.url), 'utf8')) as Example[];

describe('examples of the data model', () => {
  it.each(EXAMPLES)('§$section $key is rewritten byte for byte', ({ key, value }) => {
    const ref = parseKey(key);
    expect(ref && rewritten(ref, value)).toBe(value);
  });

  it('§3.4 a block with allocations: every member is read, numbers above 2^53 exactly', () => {
    const text = EXAMPLES.find((example) => example.section === '3.4')?.value ?? '';
    const block = read({ kind: 'block', cidr: cidr('10.244.123.64/26') }, text);
    expect(block).toMatchObject({
      affinity: 'host:worker-1',
      affinityClaimTime: '2026-08-22T06:30:00Z',
      sequenceNumber: 1787380200123456794n,
      deleted: false,
    });
    expect(block.allocations.slice(0, 5)).toEqual([0, 1, null, 2, null]);
    expect(block.unallocated.at(-1)).toBe(2);
    expect(block.attributes?.[0]).toEqual({
      handleId: 'ipip-tunnel-addr-worker-1',
      secondary: { node: 'worker-1', type: 'ipipTunnelAddress' },
      alternate: undefined,
      releasedAt: undefined,
      extra: [],
    });
    expect([...(block.sequenceNumberForAllocation ?? [])]).toEqual([
      [0, 1787380200123456789n],
      [1, 1787380200123456790n],
      [3, 1787380200123456793n],
    ]);
  });
});

describe('affinities', () => {
  it.each([
    ['', '{"state":"","deleted":false}'],
    ['{}', '{"state":"","deleted":false}'],
    ['{"state":"confirmed"}', '{"state":"confirmed","deleted":false}'],
    ['{"state":null,"deleted":null}', '{"state":"","deleted":false}'],
    ['{"deleted":"true","state":"pending"}', '{"state":"pending","deleted":true}'],
    ['{"state":"confirmed","deleted":"false","since":3}', '{"state":"confirmed","deleted":false,"since":3}'],
  ])('%j is rewritten as %s (data model §8)', (stored, expected) => {
    expect(rewritten(REFS.affinity, stored)).toBe(expected);
  });

  it.each([
    ['{"state":"lost"}', 'state "lost" is unknown'],
    ['{"state":1}', 'state is not a string'],
    ['{"state":"confirmed","deleted":"maybe"}', 'deleted is not true or false'],
  ])('%s is corrupt: %s', (stored, reason) => {
    expect(reasonOf(REFS.affinity, stored)).toBe(reason);
  });
});

describe('handles', () => {
  it.each([
    ['{"block":{"10.0.0.64/26":1,"10.0.0.128/26":2}}', '{"block":{"10.0.0.128/26":2,"10.0.0.64/26":1},"deleted":false}'],
    ['{"block":{},"deleted":false}', '{"block":{},"deleted":false}'],
    ['{"block":null,"deleted":true,"note":"x"}', '{"block":{},"deleted":true,"note":"x"}'],
    ['{}', '{"block":{},"deleted":false}'],
  ])('%s is rewritten as %s', (stored, expected) => {
    expect(rewritten(REFS.handle, stored)).toBe(expected);
  });

  it('sorts blocks by bytes, not by UTF-16 units', () => {
    const blocks = new Map([
      ['😀', 1],
      ['\uffee', 2],
      ['10', 3],
      ['2', 4],
    ]);
    const bytes = encode(REFS.handle, { blocks, deleted: false, extra: NO_EXTRA });
    expect(new TextDecoder().decode(bytes)).toBe('{"block":{"10":3,"2":4,"\uffee":2,"😀":1},"deleted":false}');
  });

  it.each([
    ['{"block":{"10.0.0.0/26":"1"}}', 'block.10.0.0.0/26 is not an integer'],
    ['{"block":[]}', 'block is not an object'],
  ])('%s is corrupt: %s', (stored, reason) => {
    expect(reasonOf(REFS.handle, stored)).toBe(reason);
  });
});

describe('configuration', () => {
  const off = {
    strictAffinity: false,
    autoAllocateBlocks: false,
    maxBlocksPerHost: 0,
    kubeVirtVMAddressPersistence: undefined,
    ipCooldownSeconds: 0,
    extra: [],
  };

  it.each([
    ['{}', off],
    ['{"strict_affinity":true}', { ...off, strictAffinity: true }],
    ['{"strict_affinity":null,"kubeVirtVMAddressPersistence":null}', off],
    ['{"maxBlocksPerHost":-2,"ipCooldownSeconds":100000}', { ...off, maxBlocksPerHost: -2, ipCooldownSeconds: 100000 }],
    ['{"auto_allocate_blocks":true,"unknown":1}', { ...off, autoAllocateBlocks: true, extra: [['unknown', 1]] }],
  ])('CF-01 %s: what is missing is off', (stored, record) => {
    expect(read(REFS.config, stored)).toEqual(record);
  });

  it.each([
    ['{"strict_affinity":false,"auto_allocate_blocks":false,"maxBlocksPerHost":0}', '{}'],
    ['{"unknown":1,"ipCooldownSeconds":5,"auto_allocate_blocks":true}', '{"auto_allocate_blocks":true,"ipCooldownSeconds":5,"unknown":1}'],
  ])('%s is rewritten as %s: false and 0 are not stored, unknown members are kept', (stored, expected) => {
    expect(rewritten(REFS.config, stored)).toBe(expected);
  });

  it.each([
    ['not json', 'the value is not JSON: unexpected character "n" at 0'],
    ['{"maxBlocksPerHost":1.5}', 'maxBlocksPerHost is not an integer'],
    ['{"strict_affinity":"true"}', 'strict_affinity is not true or false'],
    ['{"kubeVirtVMAddressPersistence":"Perhaps"}', 'kubeVirtVMAddressPersistence is not "Enabled" or "Disabled"'],
  ])('CF-11 %s is corrupt: %s', (stored, reason) => {
    expect(reasonOf(REFS.config, stored)).toBe(reason);
  });
});

describe('markers and marks', () => {
  it.each(['', '{}', 'anything'])('a host marker with the value %j is one', (stored) => {
    expect(decode(REFS.hostMarker, bytesOf(stored))).toEqual({ kind: 'ok', record: true });
  });

  it('a mark has its time', () => {
    expect(rewritten(REFS.mark, '{"at":"2026-08-22T06:30:00Z"}')).toBe('{"at":"2026-08-22T06:30:00Z"}');
    expect(reasonOf(REFS.mark, '{}')).toBe('at is not an RFC 3339 time');
  });
});

describe('any value', () => {
  it.each(['block', 'handle', 'config', 'pool', 'reservation', 'node', 'mark'] as const)(
    'of kind %s is corrupt when empty, not UTF-8, or no object',
    (kind) => {
      expect(reasonOf(REFS[kind], '')).toBe('the value is empty');
      expect(decode(REFS[kind] as Ref, Uint8Array.of(0x22, 0xff, 0x22))).toEqual({ kind: 'corrupt', reason: 'the value is not UTF-8' });
      expect(['null', '[]', '"x"', '1'].map((stored) => reasonOf(REFS[kind], stored))).toEqual(
        Array(4).fill('the value is not a JSON object'),
      );
    },
  );

  it('never makes the codec throw, and is rewritten to what reads the same', () => {
    const names = [
      'cidr',
      'affinity',
      'affinity_claim_time',
      'allocations',
      'unallocated',
      'attributes',
      'sequenceNumber',
      'sequenceNumberForAllocation',
      'deleted',
      'state',
      'block',
      'strict_affinity',
      'maxBlocksPerHost',
      'metadata',
      'spec',
      'status',
      'labels',
      'conditions',
      'blockSize',
      'reservedCIDRs',
      'at',
      'x',
    ];
    const value = fc.oneof(
      fc.constantFrom('10.0.0.0/30', 'confirmed', '2026-08-22T06:30:00Z', true, null, 1, 4, {}, [], [null, null, null, null], [0]),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const object = fc.dictionary(fc.constantFrom(...names), fc.oneof(value, fc.dictionary(fc.constantFrom(...names), value)));
    fc.assert(
      fc.property(fc.constantFrom<Ref>(...Object.values(REFS)), object, (ref, stored) => {
        const decoded = decode(ref, bytesOf(JSON.stringify(stored)));
        if (decoded.kind === 'corrupt') expect(decoded.reason).not.toBe('');
        else expect(encode(ref, read(ref, rewritten(ref, JSON.stringify(stored))))).toEqual(encode(ref, decoded.record));
      }),
      { numRuns: 2_000 },
    );
  });

  it('may be any bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom<Ref>(...Object.values(REFS)), fc.uint8Array(), (ref, bytes) => {
        expect(['ok', 'corrupt']).toContain(decode(ref, bytes).kind);
      }),
    );
  });
});
