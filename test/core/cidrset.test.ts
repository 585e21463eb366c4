import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidrOf, ipAt } from '../../src/core/addr.ts';
import { CidrSet, Reservations } from '../../src/core/cidrset.ts';
import { cidr, ip, reservation } from '../support/records.ts';

const HALVES = ['192.168.1.64/26', '192.168.1.0/26'];

describe('Reservations', () => {
  it.each<[string[], string[], string[]]>([
    [['0.0.0.0/0'], ['0.0.0.0', '255.255.255.255', '10.0.0.1'], []],
    [['::/0'], ['::', 'ffff::', 'cafe:f00d::'], []],
    [HALVES, ['192.168.1.0', '192.168.1.63', '192.168.1.64', '192.168.1.127'], ['10.0.0.1', '0.0.0.0', '192.168.1.128', '192.168.0.255']],
    [[], [], ['0.0.0.0', '::']],
    [['10.0.0.0/8'], [], ['::a00:1', 'a00::']],
  ])('BM-08 %o matches %o and not %o', (members, inside, outside) => {
    for (const text of inside) expect(setOf(members, text).matches(ip(text)), text).toBe(true);
    for (const text of outside) expect(setOf(members, text).matches(ip(text)), text).toBe(false);
  });

  it.each<[string[], string[], string[]]>([
    [['0.0.0.0/0'], ['0.0.0.0/0', '255.255.255.255/32', '10.0.0.0/8'], []],
    [['::/0'], ['::/0', 'ffff::/32', 'cafe:f00d::/96'], []],
    [
      HALVES,
      ['192.168.1.64/26', '192.168.1.0/26', '192.168.1.0/25', '192.168.1.64/27', '192.168.1.96/27'],
      ['10.0.0.0/8', '0.0.0.0/32', '192.168.2.64/26', '192.168.1.0/24'],
    ],
    [[], [], ['0.0.0.0/0', '10.0.0.1/32', '::/128']],
  ])('BM-08 %o covers %o whole and not %o', (members, covered, others) => {
    for (const text of covered) expect(setOf(members, text).matchesWhole(cidr(text)), text).toBe(true);
    for (const text of others) expect(setOf(members, text).matchesWhole(cidr(text)), text).toBe(false);
  });

  it('keeps the families apart', () => {
    const records = [reservation('r1', '10.0.0.0/31', 'fd00::/127'), reservation('r2', 'fd00::4/126')];
    expect(new Reservations(records, 4).reservedIn(cidr('10.0.0.0/24'))).toBe(2n);
    expect(new Reservations(records, 4).reservedIn(cidr('fd00::/120'))).toBe(0n);
    expect(new Reservations(records, 6).reservedIn(cidr('fd00::/120'))).toBe(6n);
    expect(new Reservations(records, 6).matches(ip('10.0.0.0'))).toBe(false);
  });
});

describe('CidrSet', () => {
  it.each<[string[], string[]]>([
    [[], []],
    [['0.0.0.0/0', '10.0.0.0/8'], ['0.0.0.0/0']],
    [['::/0', 'f0f0::/16'], ['::/0']],
    [
      ['10.0.0.0/24', '10.0.0.0/25', '10.0.0.128/25', '11.0.0.0/8'],
      ['10.0.0.0/24', '11.0.0.0/8'],
    ],
    [
      ['10.0.0.0/24', '10.0.0.0/25', '10.0.0.128/25', '11.0.0.0/24'],
      ['10.0.0.0/24', '11.0.0.0/24'],
    ],
    [
      ['10.0.0.0/24', '10.0.0.0/25', '11.0.0.0/25', '10.0.0.0/25', '10.0.0.128/25', '11.0.0.0/8'],
      ['10.0.0.0/24', '11.0.0.0/8'],
    ],
  ])('BM-09 %o is the same set as %o', (nested, plain) => {
    for (const version of [4, 6] as const) {
      const everything = cidr(version === 4 ? '0.0.0.0/0' : '::/0');
      const a = new CidrSet(nested.map(cidr), version);
      const b = new CidrSet(plain.map(cidr), version);
      expect(a.countIn(everything)).toBe(b.countIn(everything));
      for (const each of nested.map(cidr)) expect(a.matchesWhole(each)).toBe(b.matchesWhole(each));
    }
  });

  it.each<[string, string[], bigint]>([
    ['10.0.0.0/24', [], 0n],
    ['10.0.0.0/24', ['10.0.0.32/30'], 4n],
    ['10.0.0.0/24', ['10.0.0.0/25', '10.0.0.5/32', '10.0.0.64/26', '10.0.0.0/25'], 128n],
    ['10.0.0.0/24', ['10.0.0.0/16'], 256n],
    ['10.0.0.0/24', ['192.168.0.0/24', 'fd00::/120'], 0n],
    ['fd00::/120', ['fd00::/126'], 4n],
    ['fd00::/8', [], 0n],
    ['fd00::/8', ['fd00::/9', 'fe00::/9'], 1n << 119n],
    ['::/0', ['::/1', '8000::/1'], 1n << 128n],
    ['255.255.255.0/24', ['255.255.255.254/31'], 2n],
  ])('BM-10 counts exactly in %s the members %o: %i', (within, members, count) => {
    const network = cidr(within);
    expect(new CidrSet(members.map(cidr), network.version).countIn(network)).toBe(count);
  });

  it('agrees with a set of single addresses (BM-08, BM-10)', () => {
    const small = fc
      .record({ value: fc.bigInt({ min: 0n, max: 255n }), length: fc.integer({ min: 22, max: 32 }) })
      .map(({ value, length }) => cidrOf({ version: 4, value: 0x0a000000n + value }, length));
    fc.assert(
      fc.property(fc.array(small, { maxLength: 12 }), small, (members, probe) => {
        const addresses = new Set(members.flatMap((member) => valuesOf(member)));
        const set = new CidrSet(members, 4);
        const inProbe = valuesOf(probe).filter((value) => addresses.has(value));
        expect(set.countIn(probe)).toBe(BigInt(inProbe.length));
        expect(set.matchesWhole(probe)).toBe(inProbe.length === valuesOf(probe).length);
        expect(set.matches(ipAt(4, probe.base))).toBe(addresses.has(probe.base));
      }),
    );
  });
});

function setOf(members: readonly string[], probe: string): Reservations {
  return new Reservations([reservation('r', ...members)], probe.includes(':') ? 6 : 4);
}

function valuesOf({ base, prefixLength }: { base: bigint; prefixLength: number }): bigint[] {
  return Array.from({ length: 2 ** (32 - prefixLength) }, (_, ordinal) => base + BigInt(ordinal));
}
