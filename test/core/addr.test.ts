import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ADDRESS_BITS,
  addressCount,
  cidrAt,
  cidrOf,
  compareCidrs,
  containsIp,
  covers,
  ipAt,
  ipOfOrdinal,
  lastValue,
  ordinalOf,
  overlaps,
  parseCidr,
  parseCidrMasked,
  parseIp,
  type Version,
} from '../../src/core/addr.ts';
import { cidr, ip } from '../support/records.ts';

const anyIp = fc
  .constantFrom<Version>(4, 6)
  .chain((version) => fc.bigInt({ min: 0n, max: (1n << BigInt(ADDRESS_BITS[version])) - 1n }).map((value) => ({ version, value })));

const anyCidr = anyIp.chain((address) =>
  fc.integer({ min: 0, max: ADDRESS_BITS[address.version] }).map((length) => cidrOf(address, length)),
);

/** Small enough to look at every address. */
const smallCidr = anyIp.chain((address) =>
  fc.integer({ min: ADDRESS_BITS[address.version] - 6, max: ADDRESS_BITS[address.version] }).map((length) => cidrOf(address, length)),
);

/** Read as IPv4, so it is no IPv6 address that could be printed and read back. */
const isMapped = ({ version, value }: { version: Version; value: bigint }) => version === 6 && value >> 32n === 0xffffn;

describe('blocks and ordinals', () => {
  it.each([
    ['10.244.123.77', 26, '10.244.123.64/26'],
    ['fd80:24e2:f998:72d6::7f', 122, 'fd80:24e2:f998:72d6::40/122'],
    ['10.0.0.1', 0, '0.0.0.0/0'],
    ['10.0.0.1', 32, '10.0.0.1/32'],
  ])('BM-01 the block of %s, size %i, is %s', (address, blockSize, block) => {
    expect(cidrOf(ip(address), blockSize).text).toBe(block);
  });

  it.each<[string, bigint]>([
    ['10.0.0.0/16', 65_536n],
    ['10.0.0.0/32', 1n],
    ['10.0.0.0/26', 64n],
    ['fd00::/122', 64n],
    ['10.0.0.0/20', 4_096n],
    ['fd00::/116', 4_096n],
    ['::/0', 1n << 128n],
  ])('BM-02 %s has %s addresses', (network, count) => {
    expect(addressCount(cidr(network))).toBe(count);
  });

  it.each<[string, number, string]>([
    ['10.0.0.0/30', 0, '10.0.0.0'],
    ['10.0.0.0/30', 3, '10.0.0.3'],
    ['10.0.0.64/30', 0, '10.0.0.64'],
    ['10.0.0.64/30', 3, '10.0.0.67'],
    ['10.0.0.64/32', 0, '10.0.0.64'],
    ['10.0.128.0/17', 0, '10.0.128.0'],
    ['10.0.128.0/17', 256, '10.0.129.0'],
    ['10.0.128.0/17', 257, '10.0.129.1'],
  ])('BM-03 in %s ordinal %i is %s, both ways', (network, ordinal, address) => {
    expect(ipOfOrdinal(cidr(network), ordinal).text).toBe(address);
    expect(ordinalOf(cidr(network), ip(address))).toBe(ordinal);
  });

  it.each([
    ['10.0.0.0/30', '10.0.0.4'],
    ['10.0.0.4/30', '10.0.0.3'],
    ['10.0.0.0/30', '::a00:1'],
    ['::/0', '10.0.0.1'],
  ])('BM-03 %s has no ordinal for %s', (network, address) => {
    expect(ordinalOf(cidr(network), ip(address))).toBeUndefined();
    expect(containsIp(cidr(network), ip(address))).toBe(false);
  });

  it('BM-03 ordinals of a block are its addresses, each once', () => {
    fc.assert(
      fc.property(smallCidr, (network) => {
        const addresses = Array.from({ length: Number(addressCount(network)) }, (_, ordinal) => ipOfOrdinal(network, ordinal));
        expect(addresses.map((address) => ordinalOf(network, address))).toEqual(addresses.map((_, ordinal) => ordinal));
        expect(addresses.map(({ value }) => value)).toEqual(addresses.map((_, ordinal) => network.base + BigInt(ordinal)));
        expect(addresses.at(-1)?.value).toBe(lastValue(network));
      }),
    );
  });

  it.each<[string, bigint, string]>([
    ['10.0.0.0/8', 0n, '10.0.0.0'],
    ['10.0.0.0/8', 1n, '10.0.0.1'],
    ['10.0.0.0/8', 256n, '10.0.1.0'],
    ['10.0.0.0/8', 257n, '10.0.1.1'],
    ['0.0.0.0/0', 0n, '0.0.0.0'],
    ['0.0.0.0/0', 0xffff_ffffn, '255.255.255.255'],
    ['0.0.0.0/0', 0x0100_0000n, '1.0.0.0'],
    ['::/0', 0n, '::'],
    ['::/0', 1n, '::1'],
    ['::/0', 0xf00dn, '::f00d'],
    ['255.255.255.255/32', 0n, '255.255.255.255'],
    ['255.255.255.254/32', 1n, '255.255.255.255'],
  ])('BM-04 address %2$s of %1$s', (network, n, address) => {
    expect(ipOfOrdinal(cidr(network), n).text).toBe(address);
  });
});

describe('covers', () => {
  it.each([
    ['0.0.0.0/0', '0.0.0.0/0', true],
    ['0.0.0.0/0', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.0.0.0/9', true],
    ['0.0.0.0/1', '128.0.0.0/1', false],
    ['10.0.0.0/8', '0.0.0.0/0', false],
    ['10.0.0.0/9', '10.0.0.0/8', false],
    ['11.0.0.0/9', '10.0.0.0/9', false],
    ['::/0', '10.0.0.0/8', false],
  ])('BM-05 %s covers %s: %s', (outer, inner, expected) => {
    expect(covers(cidr(outer), cidr(inner))).toBe(expected);
  });

  it('BM-05 covers exactly the networks that share every address, and overlaps when one covers the other', () => {
    fc.assert(
      fc.property(smallCidr, fc.integer({ min: -70, max: 70 }), fc.integer({ min: 0, max: 6 }), (a, distance, bits) => {
        const value = a.base + BigInt(distance);
        fc.pre(value >= 0n && value < 1n << BigInt(ADDRESS_BITS[a.version]));
        const b = cidrOf({ version: a.version, value }, ADDRESS_BITS[a.version] - bits);
        const inBoth = Array.from({ length: Number(addressCount(b)) }, (_, n) => ipOfOrdinal(b, n)).filter((each) => containsIp(a, each));
        expect(covers(a, b)).toBe(BigInt(inBoth.length) === addressCount(b));
        expect(overlaps(a, b)).toBe(inBoth.length > 0);
        expect(overlaps(b, a)).toBe(inBoth.length > 0);
      }),
    );
  });
});

describe('parsing', () => {
  it.each([
    '010.0.0.1',
    '10.0.0.01',
    '10.1',
    '10',
    '167772161',
    '0x0a000001',
    '10.0.0.256',
    '10.0.0.1.',
    '10.0.0.-1',
    '10.0.0.1/32',
    ' 10.0.0.1',
    '10.0.0.1 ',
    '',
    'fe80::1%eth0',
    'fe80::1%',
    '::ffff:010.0.0.1',
    '::10.0.0.256',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    'fd00::/64',
    '[fd00::1]',
    '12345::',
    'node-1',
  ])('refuses the address %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['FD80:0:0::A', 'fd80::a'],
    ['fd80:0000:0000:0000:0001:0000:0000:0001', 'fd80::1:0:0:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::', '::'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:a00:1', '10.0.0.1'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
  ])('reads %s as %s', (text, canonical) => {
    expect(parseIp(text)?.text).toBe(canonical);
  });

  it.each([
    '10/8',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/8.0',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/8/8',
    '010.0.0.0/8',
    '/8',
    'fd00::/129',
    'fe80::%eth0/64',
    'fd00::/-1',
    '::ffff:10.0.0.0/24',
    '::ffff:10.0.0.0/120',
    '',
  ])('refuses the network %j', (text) => {
    expect(parseCidr(text)).toEqual({ kind: 'not-a-cidr' });
    expect(parseCidrMasked(text)).toBeUndefined();
  });

  it.each([
    ['10.0.0.5/24', '10.0.0.0/24'],
    ['10.0.0.1/31', '10.0.0.0/31'],
    ['5001:0000:0000:001a:0000:0000:0000:0001/64', '5001:0:0:1a::/64'],
  ])('tells the host bits of %s, whose network is %s', (text, network) => {
    expect(parseCidr(text)).toEqual({ kind: 'host-bits', cidr: cidr(network) });
    expect(parseCidrMasked(text)?.text).toBe(network);
  });

  it.each([
    ['10.0.0.0/24', '10.0.0.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.5/32', '10.0.0.5/32'],
    ['FD80:24E2:F998:72D6:0:0:0:40/122', 'fd80:24e2:f998:72d6::40/122'],
    ['::/0', '::/0'],
  ])('reads the network %s as %s', (text, canonical) => {
    expect(parseCidr(text)).toMatchObject({ kind: 'cidr', cidr: { text: canonical } });
  });

  it('reads back every address and network that it prints', () => {
    fc.assert(
      fc.property(anyIp, fc.integer({ min: 0, max: 128 }), ({ version, value }, bits) => {
        fc.pre(!isMapped({ version, value }));
        const address = ipAt(version, value);
        expect(parseIp(address.text)).toEqual({ version, value, text: address.text });
        const network = cidrOf(address, Math.min(bits, ADDRESS_BITS[version]));
        expect(parseCidr(network.text)).toEqual({ kind: 'cidr', cidr: network });
        expect(network).toEqual(cidrAt(version, network.base, network.prefixLength));
      }),
      { examples: [[{ version: 6, value: 0xffffn << 16n }, 128]] },
    );
  });

  it('gives equal addresses equal text, however they are written', () => {
    fc.assert(
      fc.property(anyIp, ({ version, value }) => {
        fc.pre(version === 6 && !isMapped({ version, value }));
        const digits = value.toString(16).padStart(32, '0');
        const groups = Array.from({ length: 8 }, (_, index) => digits.slice(index * 4, index * 4 + 4));
        expect(parseIp(groups.join(':'))?.text).toBe(ipAt(6, value).text);
        expect(parseIp(groups.join(':').toUpperCase())?.text).toBe(ipAt(6, value).text);
      }),
    );
  });

  it('accepts no text of four numbers that it would print differently', () => {
    const octet = fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.constantFrom('00', '01', '010', '0x1', '', '1e1', '+1'));
    fc.assert(
      fc.property(fc.array(octet, { minLength: 1, maxLength: 5 }), (octets) => {
        const text = octets.join('.');
        const parsed = parseIp(text);
        if (parsed) expect(parsed.text).toBe(text);
        else expect(octets.length !== 4 || octets.some((each) => String(Number(each)) !== each || Number(each) > 255)).toBe(true);
      }),
    );
  });
});

describe('compareCidrs', () => {
  it('orders by family, then numerically, then larger networks first', () => {
    const sorted = ['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/9', '10.0.0.0/32', '10.0.0.1/32', '::/0', 'fd00::/8'];
    expect(
      sorted
        .toReversed()
        .map(cidr)
        .toSorted(compareCidrs)
        .map(({ text }) => text),
    ).toEqual(sorted);
  });

  it('is 0 for equal networks alone, and turns its sign with its arguments', () => {
    fc.assert(
      fc.property(anyCidr, anyCidr, (a, b) => {
        expect(compareCidrs(a, b) === 0).toBe(a.text === b.text);
        expect(Math.sign(compareCidrs(a, b))).toBe(0 - Math.sign(compareCidrs(b, a)));
      }),
    );
  });
});
