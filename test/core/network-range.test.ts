import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CidrSet } from '../../src/core/cidrset.ts';
import { firstAutomatic, placeOf, type RangeInput, roleInSlots, type Slot, slotsOf } from '../../src/core/network-range.ts';
import { cidr, ip } from '../support/records.ts';

const NOTHING = new CidrSet([], 4);

function slots(...inputs: readonly (readonly RangeInput[])[]): readonly Slot[] {
  const parsed = slotsOf(inputs);
  if (parsed.kind === 'bad') throw new Error(parsed.problem);
  return parsed.slots;
}

function problemOf(...inputs: readonly (readonly RangeInput[])[]): string {
  const parsed = slotsOf(inputs);
  if (parsed.kind === 'slots') throw new Error('nothing was wrong with it');
  return parsed.problem;
}

/** The range as `first-last gateway`. */
function spanOf(input: RangeInput): string {
  const range = slots([input])[0]?.ranges[0];
  return `${range?.first.text}-${range?.last.text} ${range?.gateway.text}`;
}

/** Every value that may be given out, in the order in which they are found. */
function automatic(input: RangeInput, reserved = NOTHING): string[] {
  const range = slots([input])[0]?.ranges[0];
  const found: string[] = [];
  if (!range) return found;
  for (let value = firstAutomatic(range, range.first.value, range.last.value, reserved); value !== undefined; ) {
    found.push(String(value - range.subnet.base));
    value = firstAutomatic(range, value + 1n, range.last.value, reserved);
  }
  return found;
}

describe('slotsOf', () => {
  it.each([
    [{ subnet: '10.22.0.0/16' }, '10.22.0.1-10.22.255.254 10.22.0.1'],
    [{ subnet: '10.22.0.0/30' }, '10.22.0.1-10.22.0.2 10.22.0.1'],
    [{ subnet: 'fd00::/64' }, 'fd00::1-fd00::ffff:ffff:ffff:ffff fd00::1'],
    [{ subnet: 'fd00::/126' }, 'fd00::1-fd00::3 fd00::1'],
    [{ subnet: '10.22.0.0/16', rangeStart: '10.22.1.0', rangeEnd: '10.22.1.9', gateway: '10.22.9.9' }, '10.22.1.0-10.22.1.9 10.22.9.9'],
    [{ subnet: '10.22.0.0/24', rangeStart: '10.22.0.0', rangeEnd: '10.22.0.255' }, '10.22.0.0-10.22.0.255 10.22.0.1'],
    [{ subnet: '10.22.0.0/24', rangeStart: '', rangeEnd: '', gateway: '' }, '10.22.0.1-10.22.0.254 10.22.0.1'],
  ])('SS-89 fills in what %j leaves out', (input, expected) => {
    expect(spanOf(input)).toBe(expected);
  });

  it('SS-15 keeps sets and their ranges in order, each set of one family', () => {
    const [first, second] = slots([{ subnet: '10.2.0.0/24' }, { subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]);
    expect([first?.version, second?.version]).toEqual([4, 6]);
    expect(first?.ranges.map(({ subnet }) => subnet.text)).toEqual(['10.2.0.0/24', '10.1.0.0/24']);
  });

  it.each<[string, RangeInput[][], string[]]>([
    ['no sets', [], ['no ranges are given']],
    ['an empty set', [[{ subnet: '10.0.0.0/24' }], []], ['a range set is empty']],
    ['no network', [[{ subnet: '10.0.0.0' }]], ['subnet "10.0.0.0"', 'Write it like']],
    ['host bits', [[{ subnet: '10.0.0.7/24' }]], ['"10.0.0.7/24"', '10.0.0.0/24']],
    ['a /31', [[{ subnet: '10.0.0.0/31' }]], ['10.0.0.0/31', 'too small']],
    ['a /127', [[{ subnet: 'fd00::/127' }]], ['fd00::/127', 'too small']],
    ['a gateway outside', [[{ subnet: '10.0.0.0/24', gateway: '10.0.1.1' }]], ['gateway 10.0.1.1', '10.0.0.0/24']],
    ['a gateway of the other family', [[{ subnet: '10.0.0.0/24', gateway: 'fd00::1' }]], ['gateway fd00::1']],
    ['a start outside', [[{ subnet: '10.0.0.0/24', rangeStart: '10.0.1.0' }]], ['rangeStart 10.0.1.0']],
    ['an end outside', [[{ subnet: '10.0.0.0/24', rangeEnd: '9.255.255.255' }]], ['rangeEnd 9.255.255.255']],
    ['no address', [[{ subnet: '10.0.0.0/24', rangeEnd: 'last' }]], ['rangeEnd "last"', 'not an IP address']],
    [
      'a start after the end',
      [[{ subnet: '10.0.0.0/24', rangeStart: '10.0.0.9', rangeEnd: '10.0.0.8' }]],
      ['10.0.0.9', '10.0.0.8', 'after'],
    ],
    ['mixed families', [[{ subnet: '10.0.0.0/24' }, { subnet: 'fd00::/64' }]], ['10.0.0.0/24', 'fd00::/64', 'both families']],
    ['a subnet twice', [[{ subnet: '10.0.0.0/24' }, { subnet: '10.0.0.0/24' }]], ['10.0.0.1-10.0.0.254', 'overlap']],
    ['overlap between sets', [[{ subnet: '10.0.0.0/16' }], [{ subnet: '10.0.9.0/24' }]], ['10.0.0.1-10.0.255.254', 'overlap']],
    ['a bad exclusion', [[{ subnet: '10.0.0.0/24', exclude: ['10.0.0.9', '10.0.0.7/28'] }]], ['exclude "10.0.0.7/28"']],
  ])('SS-09 refuses %s and names the values', (_, inputs, words) => {
    const problem = problemOf(...inputs);
    for (const word of words) expect(problem).toContain(word);
  });

  it('takes ranges that share a subnet and nothing else', () => {
    const halves = [
      { subnet: '10.0.0.0/24', rangeEnd: '10.0.0.99' },
      { subnet: '10.0.0.0/24', rangeStart: '10.0.0.100' },
    ];
    expect(slots(halves)[0]?.ranges.map(({ first, last }) => `${first.text}-${last.text}`)).toEqual([
      '10.0.0.1-10.0.0.99',
      '10.0.0.100-10.0.0.254',
    ]);
  });

  it('either tells what is wrong or gives ranges that lie in their subnets, for any input', () => {
    const octets = fc.tuple(fc.constantFrom(10, 11), fc.nat(2), fc.nat(2), fc.nat(255)).map((each) => each.join('.'));
    const written = fc.record(
      {
        subnet: fc
          .tuple(fc.oneof(octets, fc.constantFrom('fd00::', 'x', '')), fc.integer({ min: -1, max: 33 }))
          .map(([at, bits]) => `${at}/${bits}`),
        rangeStart: octets,
        rangeEnd: octets,
        gateway: octets,
        exclude: fc.array(fc.oneof(octets, fc.constant('10.0.0.0/30'), fc.string()), { maxLength: 2 }),
      },
      { requiredKeys: ['subnet'] },
    );
    fc.assert(
      fc.property(fc.array(fc.array(written, { maxLength: 2 }), { maxLength: 2 }), (inputs) => {
        const parsed = slotsOf(inputs);
        if (parsed.kind === 'bad') expect(parsed.problem).not.toBe('');
        const slotsFound = parsed.kind === 'slots' ? parsed.slots : [];
        for (const { subnet, first, last, gateway } of slotsFound.flatMap(({ ranges }) => ranges)) {
          const lastOfSubnet = subnet.base + 2n ** BigInt((subnet.version === 4 ? 32 : 128) - subnet.prefixLength) - 1n;
          expect(subnet.base <= first.value && first.value <= last.value && last.value <= lastOfSubnet).toBe(true);
          expect(gateway.value >= subnet.base && gateway.value <= lastOfSubnet).toBe(true);
        }
      }),
    );
  });
});

describe('firstAutomatic', () => {
  it('SS-18 never gives network, gateway and broadcast address, even where the range names them', () => {
    expect(automatic({ subnet: '10.0.0.0/29', rangeStart: '10.0.0.0', rangeEnd: '10.0.0.7', gateway: '10.0.0.4' })).toEqual([
      '1',
      '2',
      '3',
      '5',
      '6',
    ]);
    expect(automatic({ subnet: 'fd00::/125', rangeStart: 'fd00::' })).toEqual(['2', '3', '4', '5', '6', '7']);
  });

  it('SS-19, SS-93 never gives what is excluded, by address or network, or reserved', () => {
    const input = { subnet: '10.0.0.0/28', exclude: ['10.0.0.2', '10.0.0.8/30', 'fd00::3'] };
    expect(automatic(input)).toEqual(['3', '4', '5', '6', '7', '12', '13', '14']);
    expect(automatic(input, new CidrSet([cidr('10.0.0.4/30')], 4))).toEqual(['3', '12', '13', '14']);
  });

  it('never gives the gateway of another range in the same subnet', () => {
    const inputs = [
      { subnet: '10.0.0.0/28', rangeEnd: '10.0.0.4' },
      { subnet: '10.0.0.0/28', rangeStart: '10.0.0.5', gateway: '10.0.0.3' },
    ];
    const [first, second] = slots(inputs)[0]?.ranges ?? [];
    if (!first || !second) throw new Error('two ranges');
    expect(firstAutomatic(first, first.first.value, first.last.value, NOTHING)).toBe(ip('10.0.0.2').value);
    expect(firstAutomatic(first, ip('10.0.0.3').value, first.last.value, NOTHING)).toBe(ip('10.0.0.4').value);
  });

  it('ends at once in a huge range that is excluded but for its last address', () => {
    const halves = Array.from({ length: 128 - 64 }, (_, index) => {
      const base = 2n ** 128n - 2n ** BigInt(index + 1) - (2n ** 128n - 2n ** 64n);
      return `fd00::${base
        .toString(16)
        .padStart(16, '0')
        .replace(/(....)(?=.)/g, '$1:')}/${128 - index}`;
    });
    const range = slots([{ subnet: 'fd00::/64', exclude: halves }])[0]?.ranges[0];
    if (!range) throw new Error('one range');
    expect(firstAutomatic(range, range.first.value, range.last.value, new CidrSet([], 6))).toBe(range.last.value);
    expect(firstAutomatic(range, range.first.value, range.last.value - 1n, new CidrSet([], 6))).toBeUndefined();
  });
});

describe('placeOf', () => {
  const network = slots(
    [{ subnet: '10.0.0.0/24', rangeStart: '10.0.0.10', rangeEnd: '10.0.0.19' }, { subnet: '10.0.1.0/24' }],
    [{ subnet: '10.0.0.0/24', rangeStart: '10.0.0.20', rangeEnd: '10.0.0.29', gateway: '10.0.0.15' }],
  );

  it.each([
    ['10.0.0.12', 0, '10.0.0.10'],
    ['10.0.1.12', 0, '10.0.1.1'],
    ['10.0.0.22', 1, '10.0.0.20'],
    ['10.0.0.99', 0, '10.0.0.10'],
  ])('SS-21 puts %s into set %d, the range from %s', (text, index, first) => {
    const place = placeOf(network, ip(text));
    expect([place?.index, place?.range.first.text]).toEqual([index, first]);
  });

  it.each(['10.0.2.0', '9.255.255.255', 'fd00::a00:c'])('SS-21 has no place for %s', (text) => {
    expect(placeOf(network, ip(text))).toBeUndefined();
  });

  it('SS-21 sees the gateway of every range, not of the first alone', () => {
    const roles = ['10.0.0.1', '10.0.0.15', '10.0.0.16', '10.0.0.0', '10.0.1.255'].map((text) => roleInSlots(network, ip(text)));
    expect(roles).toEqual(['gateway', 'gateway', undefined, 'network', 'broadcast']);
  });
});
