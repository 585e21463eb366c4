import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDRESS_BITS, addressCount, type Cidr, cidrOf, covers, ipAt, parseCidr, type Version } from '../../src/core/addr.ts';
import type { Collection, Ref } from '../../src/core/records.ts';
import {
  blocksPrefix,
  keyOf,
  PLAT_PREFIXES,
  PREFIXES,
  parseKey,
  rangesOf,
  SEGMENT_BYTES_MAX,
  segmentProblem,
  storedHandleProblem,
} from '../../src/store/keys.ts';
import { KEY_BYTES_MAX, type KeyRange } from '../../src/store/port.ts';

function net(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed.kind !== 'cidr') throw new Error(`no network: ${text}`);
  return parsed.cidr;
}

function blockKey(text: string): string {
  return keyOf({ kind: 'block', cidr: net(text) });
}

const owner = (type: 'host' | 'virtual', name: string) => ({ type, name });

/** Addresses whose groups are often zero, so that compression differs from one to the next. */
const address6 = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 31 }) }, fc.nat(0xffff)), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n));
const address: Readonly<Record<Version, fc.Arbitrary<bigint>>> = { 4: fc.bigInt(0n, (1n << 32n) - 1n), 6: address6 };

function network(version: Version, min: number, max: number): fc.Arbitrary<Cidr> {
  return fc.tuple(address[version], fc.integer({ min, max })).map(([value, length]) => cidrOf({ version, value }, length));
}

const block = fc.oneof(network(4, 20, 32), network(6, 116, 128));
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => segmentProblem(text) === undefined);
const anyId = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

const anyRef: fc.Arbitrary<Ref> = fc.oneof(
  fc.constant<Ref>({ kind: 'config' }),
  name.map((text): Ref => ({ kind: 'pool', name: text })),
  name.map((text): Ref => ({ kind: 'reservation', name: text })),
  name.map((text): Ref => ({ kind: 'node', name: text })),
  name.map((host): Ref => ({ kind: 'hostMarker', host })),
  block.map((cidr): Ref => ({ kind: 'block', cidr })),
  fc
    .tuple(fc.constantFrom('host' as const, 'virtual' as const), name, block)
    .map(([type, text, cidr]): Ref => ({ kind: 'affinity', owner: owner(type, text), cidr })),
  anyId.map((id): Ref => ({ kind: 'handle', id })),
  fc
    .tuple(fc.constantFrom('released' as const, 'fence' as const, 'operation' as const), anyId)
    .map(([mark, id]): Ref => ({ kind: 'mark', mark, id })),
);

describe('keys', () => {
  it.each<[string, Ref]>([
    ['/calico/ipam/v2/assignment/ipv4/block/10.244.123.64-26', { kind: 'block', cidr: net('10.244.123.64/26') }],
    ['/calico/ipam/v2/assignment/ipv6/block/fd80:24e2:f998:72d6::40-122', { kind: 'block', cidr: net('FD80:24E2:F998:72D6:0:0:0:40/122') }],
    ['/calico/ipam/v2/assignment/ipv6/block/fd80:24e2:f998:72d6::-122', { kind: 'block', cidr: net('fd80:24e2:f998:72d6::/122') }],
    ['/calico/ipam/v2/assignment/ipv6/block/fd00:0:0:1::-125', { kind: 'block', cidr: net('fd00:0:0:1::/125') }],
    [
      '/calico/ipam/v2/host/worker-1/ipv4/block/10.0.0.0-26',
      { kind: 'affinity', owner: owner('host', 'worker-1'), cidr: net('10.0.0.0/26') },
    ],
    [
      '/calico/ipam/v2/virtual/load-balancer/ipv6/block/fd00::-122',
      { kind: 'affinity', owner: owner('virtual', 'load-balancer'), cidr: net('fd00::/122') },
    ],
    ['/calico/ipam/v2/handle/k8s-pod-network.8f1c', { kind: 'handle', id: 'k8s-pod-network.8f1c' }],
    ['/calico/ipam/v2/config', { kind: 'config' }],
    ['/calico/ipam/v2/host/worker-1', { kind: 'hostMarker', host: 'worker-1' }],
    ['/calico/resources/v3/projectcalico.org/ippools/default-ipv4-ippool', { kind: 'pool', name: 'default-ipv4-ippool' }],
    ['/calico/resources/v3/projectcalico.org/ipreservations/resv1', { kind: 'reservation', name: 'resv1' }],
    ['/calico/resources/v3/projectcalico.org/nodes/worker-1', { kind: 'node', name: 'worker-1' }],
    ['/plat/v1/marks/released/net.abc', { kind: 'mark', mark: 'released', id: 'net.abc' }],
  ])('%s is built and read', (key, ref) => {
    expect(keyOf(ref)).toBe(key);
    expect(parseKey(key)).toEqual(ref);
  });

  it('spellings of one network collide in one key', () => {
    const spellings = ['fd80:24e2:f998:72d6::/122', 'FD80:24e2:f998:72d6:0:0:0:0/122', 'fd80:24e2:f998:72d6:0000::0/122'];
    expect(new Set(spellings.map(blockKey)).size).toBe(1);
  });

  it('parse to the record they were built from', () => {
    fc.assert(
      fc.property(anyRef, (ref) => {
        expect(parseKey(keyOf(ref))).toEqual(ref);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of every record lie under one of the prefixes that are ours', () => {
    fc.assert(
      fc.property(anyRef, (ref) => {
        expect(PLAT_PREFIXES.filter((prefix) => keyOf(ref).startsWith(prefix))).toHaveLength(1);
      }),
    );
  });

  it('of handles may hold "/" and a carriage return: Calico wrote such (data model §5)', () => {
    expect(parseKey('/calico/ipam/v2/handle/default/web-0')).toEqual({ kind: 'handle', id: 'default/web-0' });
    expect(keyOf({ kind: 'handle', id: 'abc\r\n' })).toBe('/calico/ipam/v2/handle/abc\r\n');
  });

  it('under the alias @ are host affinities', () => {
    expect(parseKey('/calico/ipam/v2/@/a/ipv4/block/10.0.0.0-26')).toEqual({
      kind: 'affinity',
      owner: owner('host', 'a'),
      cidr: net('10.0.0.0/26'),
    });
  });

  it.each([
    '',
    '/calico/ipam/v2/configuration',
    '/calico/ipam/v2/assignment/ipv4/block/10.0.0.5-26',
    '/calico/ipam/v2/assignment/ipv4/block/10.0.0.0',
    '/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-33',
    '/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-26/x',
    '/calico/ipam/v2/assignment/ipv4/block/fd00::-122',
    '/calico/ipam/v2/assignment/ipv5/block/10.0.0.0-26',
    '/calico/ipam/v2/assignment/ipv6/block/FD00::-122',
    '/calico/ipam/v2/assignment/ipv6/block/fd00:0::-122',
    '/calico/ipam/v2/assignment/ipv6/block/::ffff:10.0.0.0-122',
    '/calico/ipam/v2/host/a/b/ipv4/block/10.0.0.0-26',
    '/calico/ipam/v2/host/a/ipv4/block/',
    '/calico/ipam/v2/host/',
    '/calico/ipam/v2/handle/',
    '/calico/resources/v3/projectcalico.org/ippools/',
    '/calico/resources/v3/projectcalico.org/ippools/a/b',
    '/calico/resources/v3/projectcalico.org/blockaffinities/x',
    '/calico/v1/ipam/v4/pool/10.0.0.0-16',
    '/plat/v1/marks/other/x',
    'x/calico/ipam/v2/config',
  ])('%s is none of ours', (key) => {
    expect(parseKey(key)).toBeUndefined();
  });
});

function isIn(range: KeyRange, key: string): boolean {
  const bytes = Buffer.from(key);
  return Buffer.compare(Buffer.from(range.start), bytes) <= 0 && Buffer.compare(bytes, Buffer.from(range.end)) < 0;
}

function holds(collection: Collection, key: string): boolean {
  return rangesOf(collection).filter((range) => isIn(range, key)).length === 1;
}

describe('collections', () => {
  it('pools, reservations: one prefix each', () => {
    expect(holds({ kind: 'pools' }, keyOf({ kind: 'pool', name: 'p' }))).toBe(true);
    expect(holds({ kind: 'reservations' }, keyOf({ kind: 'reservation', name: 'p' }))).toBe(true);
    expect(holds({ kind: 'pools' }, keyOf({ kind: 'reservation', name: 'p' }))).toBe(false);
  });

  it('AF-08 affinities of an owner: both families, no other owner, not the other type', () => {
    const ofA: Collection = { kind: 'affinitiesOf', owner: owner('host', 'a') };
    expect(holds(ofA, keyOf({ kind: 'affinity', owner: owner('host', 'a'), cidr: net('10.0.0.0/26') }))).toBe(true);
    expect(holds(ofA, keyOf({ kind: 'affinity', owner: owner('host', 'a'), cidr: net('fd00::/122') }))).toBe(true);
    expect(holds(ofA, keyOf({ kind: 'affinity', owner: owner('virtual', 'a'), cidr: net('10.0.0.0/26') }))).toBe(false);
    expect(holds(ofA, keyOf({ kind: 'affinity', owner: owner('host', 'a2'), cidr: net('10.0.0.0/26') }))).toBe(false);
    expect(holds(ofA, keyOf({ kind: 'hostMarker', host: 'a' }))).toBe(false);
  });

  it('marks after one: those that follow it in byte order, of that kind, at most so many', () => {
    const after: Collection = { kind: 'marksAfter', mark: 'released', after: 'b', limit: 3 };
    const key = (id: string) => keyOf({ kind: 'mark', mark: 'released', id });
    expect(['a', 'b', 'b\0', 'ba', 'c'].map((id) => holds(after, key(id)))).toEqual([false, false, true, true, true]);
    expect(holds(after, keyOf({ kind: 'mark', mark: 'operation', id: 'c' }))).toBe(false);
    expect(rangesOf(after).map((range) => range.limit)).toEqual([3]);
    expect(holds({ ...after, after: '' }, key('!'))).toBe(true);
  });

  it.each(['hostAffinities', 'virtualAffinities', 'handles', 'pools', 'reservations', 'nodes', 'marks', 'blocks'] as const)(
    '%s has a prefix that ends in /',
    (of) => {
      expect(PREFIXES[of]).toMatch(/^\/(calico|plat)\/.*\/$/);
    },
  );
});

/** `cidr` and any block-sized network inside it. */
function withInner(outer: fc.Arbitrary<Cidr>, shortest: Readonly<Record<Version, number>>): fc.Arbitrary<[Cidr, Cidr]> {
  return outer.chain((cidr) => {
    const lengths = fc.integer({ min: Math.max(cidr.prefixLength, shortest[cidr.version]), max: ADDRESS_BITS[cidr.version] });
    const offsets = fc.oneof(
      fc.constant(0n),
      fc.bigInt(0n, addressCount(cidr) - 1n),
      fc.bigInt(0n, 300n).map((offset) => offset % addressCount(cidr)),
    );
    return fc.tuple(
      fc.constant(cidr),
      fc.tuple(lengths, offsets).map(([length, offset]) => cidrOf(ipAt(cidr.version, cidr.base + offset), length)),
    );
  });
}

const SHORTEST = { 4: 20, 6: 116 } as const;

describe('AA-30 blocks near a network', () => {
  it('holds the key of every block inside a block, and of that block', () => {
    fc.assert(
      fc.property(withInner(block, SHORTEST), ([cidr, inner]) => {
        expect(covers(cidr, inner)).toBe(true);
        expect(holds({ kind: 'blocksNear', cidr }, keyOf({ kind: 'block', cidr: inner }))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('holds the key of every block inside any wider network', () => {
    const wider = fc.oneof(network(4, 0, 19), network(6, 0, 115));
    fc.assert(
      fc.property(withInner(wider, SHORTEST), ([cidr, inner]) => {
        expect(holds({ kind: 'blocksWithin', cidr }, keyOf({ kind: 'block', cidr: inner }))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is at most 16 ranges, keys only, of that family', () => {
    fc.assert(
      fc.property(fc.oneof(network(4, 0, 32), network(6, 0, 128)), (cidr) => {
        const ranges = rangesOf({ kind: 'blocksNear', cidr });
        expect(ranges.length).toBeLessThanOrEqual(16);
        expect(
          ranges.every((range) => range.keysOnly && range.start.startsWith(blocksPrefix(cidr.version)) && range.start < range.end),
        ).toBe(true);
        expect(ranges.some((range) => isIn(range, blockKey(cidr.version === 4 ? 'fd00::/122' : '10.0.0.0/26')))).toBe(false);
      }),
    );
  });

  it('is the same ranges for neighbours within 256 addresses', () => {
    const ranges = (text: string) => rangesOf({ kind: 'blocksNear', cidr: net(text) });
    expect(ranges('10.0.0.192/26')).toEqual(ranges('10.0.0.0/26'));
    expect(ranges('fd00::1240/122')).toEqual(ranges('fd00::1200/122'));
  });

  it('of IPv4 holds no block of another /24', () => {
    const outside = fc.tuple(network(4, 24, 32), network(4, 24, 32)).filter(([a, b]) => a.base >> 8n !== b.base >> 8n);
    fc.assert(
      fc.property(outside, ([cidr, other]) => {
        expect(holds({ kind: 'blocksNear', cidr }, keyOf({ kind: 'block', cidr: other }))).toBe(false);
      }),
    );
  });

  it('of IPv6 holds no block of another /112 when all groups are written', () => {
    const written = fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 7, maxLength: 7 });
    const inGroups = fc.tuple(written, fc.nat(0xffff)).map(([groups, last]) =>
      cidrOf(
        ipAt(
          6,
          [...groups, last].reduce((value, group) => (value << 16n) | BigInt(group), 0n),
        ),
        122,
      ),
    );
    fc.assert(
      fc.property(inGroups, inGroups, (cidr, other) => {
        fc.pre(cidr.base >> 16n !== other.base >> 16n);
        expect(holds({ kind: 'blocksNear', cidr }, keyOf({ kind: 'block', cidr: other }))).toBe(false);
      }),
    );
  });

  it('of IPv6 leaves out blocks whose last group starts with other digits', () => {
    const near: Collection = { kind: 'blocksNear', cidr: net('fd00::1240/122') };
    const inside = (text: string) => holds(near, blockKey(text));
    expect(['fd00::1240/128', 'fd00::127f/128', 'fd00::1200/120'].map(inside)).toEqual([true, true, true]);
    expect(['fd00::1300/122', 'fd00::240/122', 'fd00::/122', 'fd00::4:1240/122'].map(inside)).toEqual([false, false, false, false]);
  });
});

describe('names', () => {
  it.each([
    ['', 'must not be empty'],
    ['a/b', 'must not contain "/"'],
    ['a\0', 'must not contain control characters'],
    ['a\r', 'must not contain control characters'],
    ['a\x7f', 'must not contain control characters'],
    ['a\ud800', 'must be valid Unicode'],
    ['é'.repeat(SEGMENT_BYTES_MAX / 2 + 1), `must not be longer than ${SEGMENT_BYTES_MAX} bytes (it has ${SEGMENT_BYTES_MAX + 2})`],
  ])('%j cannot be a key segment: it %s', (text, problem) => {
    expect(segmentProblem(text)).toBe(problem);
  });

  it.each(['a', 'node-1.example.org', 'h<&>é', '@', '..', 'a b', 'x'.repeat(252)])('%s can be one', (text) => {
    expect(segmentProblem(text)).toBeUndefined();
  });

  it('of handles in a store may have "/" and a carriage return, but nothing else that new ones may not', () => {
    expect(['default/web-0', 'abc\r\rx', 'x'].map(storedHandleProblem)).toEqual([undefined, undefined, undefined]);
    expect(['', 'a\0', '\ud800', 'x'.repeat(SEGMENT_BYTES_MAX + 1)].map((id) => storedHandleProblem(id) === undefined)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('of the longest kind fit into any key', () => {
    const longest = 'x'.repeat(SEGMENT_BYTES_MAX);
    const cidr = net('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128');
    const refs: Ref[] = [
      { kind: 'affinity', owner: owner('virtual', longest), cidr },
      { kind: 'reservation', name: longest },
      { kind: 'mark', mark: 'operation', id: longest },
      { kind: 'handle', id: longest },
    ];
    expect(refs.filter((ref) => Buffer.byteLength(keyOf(ref)) > KEY_BYTES_MAX)).toEqual([]);
  });
});
