import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipAt, lastValue } from '../../src/core/addr.ts';
import { gatewayOf, roleOnLink } from '../../src/core/link.ts';
import { cidr, ip } from '../support/records.ts';

describe('gatewayOf', () => {
  it.each([
    ['10.0.0.64/26', [], '10.0.0.65'],
    ['fd00::40/122', [], 'fd00::41'],
    ['10.0.0.64/26', ['10.0.0.126'], '10.0.0.126'],
    ['10.0.0.64/26', ['10.0.0.1'], '10.0.0.65'],
    ['10.0.0.64/26', ['fd00::1', '10.0.1.1', '10.0.0.70'], '10.0.0.70'],
    ['fd00::40/122', ['10.0.0.65', 'fd00::7f'], 'fd00::7f'],
  ])('of %s, given %j, is %s', (subnet, gateways, expected) => {
    expect(gatewayOf(cidr(subnet), gateways.map(ip)).text).toBe(expected);
  });
});

describe('roleOnLink', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.1', { '10.0.0.0': 'network', '10.0.0.1': 'gateway', '10.0.0.2': undefined, '10.0.0.255': 'broadcast' }],
    ['10.0.0.0/24', '10.0.0.255', { '10.0.0.1': undefined, '10.0.0.254': undefined, '10.0.0.255': 'gateway' }],
    // IPv6 has no broadcast address.
    ['fd00::/120', 'fd00::1', { 'fd00::': 'network', 'fd00::1': 'gateway', 'fd00::2': undefined, 'fd00::ff': undefined }],
  ])('SS-18 on %s with gateway %s', (subnet, gateway, roles) => {
    const found = Object.keys(roles).map((text) => [text, roleOnLink(cidr(subnet), ip(gateway), ip(text))]);
    expect(Object.fromEntries(found)).toEqual(roles);
  });

  it('SS-18 leaves a container every address but three of an IPv4 segment, but two of an IPv6 one', () => {
    fc.assert(
      fc.property(fc.constantFrom('10.0.0.0/29', '10.1.2.64/26', 'fd00::40/122'), fc.bigInt(1n, 6n), (text, offset) => {
        const subnet = cidr(text);
        const gateway = ipAt(subnet.version, subnet.base + offset);
        let free = 0;
        for (let value = subnet.base; value <= lastValue(subnet); value++) if (!roleOnLink(subnet, gateway, { value })) free++;
        expect(free).toBe(Number(lastValue(subnet) - subnet.base) + 1 - (subnet.version === 4 ? 3 : 2));
      }),
    );
  });
});
