import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOf, formatCount, percentOf } from '../../src/cli/quantity.ts';

describe('formatCount', () => {
  it.each([
    [0n, '0'],
    [64n, '64'],
    [65_536n, '65536'],
    [131_072n, '1.3107e+05'],
    [100_000n, '1e+05'],
    [100_005n, '1e+05'],
    [100_015n, '1.0002e+05'],
    [120_000n, '1.2e+05'],
    [999_994n, '9.9999e+05'],
    [999_996n, '1e+06'],
    [1n << 64n, '1.8447e+19'],
    [1n << 80n, '1.2089e+24'],
    [10n ** 120n, '1e+120'],
  ])('prints %s as %s, as the rules of %%.5g say', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it('is at most half a unit of the fifth digit away from the count', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 128n }), (count) => {
        const [mantissa = '', exponent = '0'] = formatCount(count).split('e+');
        const digits = mantissa.replace('.', '');
        const shown = BigInt(digits) * 10n ** BigInt(Math.max(0, Number(exponent) - digits.length + 1));
        const unit = 10n ** BigInt(Math.max(0, count.toString().length - 5));
        const distance = shown > count ? shown - count : count - shown;
        return exponent === '0' ? shown === count : distance * 2n <= unit;
      }),
    );
  });
});

describe('percentOf', () => {
  it.each([
    [3n, 8n, 38n],
    [5n, 8n, 62n],
    [5n, 64n, 8n],
    [59n, 64n, 92n],
    [1n, 200n, 0n],
    [3n, 200n, 2n],
    [8n, 8n, 100n],
    [0n, 0n, 0n],
  ])('gives %s of %s as %s percent, ties to even', (part, total, percent) => {
    expect(percentOf(part, total)).toBe(percent);
  });
});

describe('countOf', () => {
  it('uses the singular for one only', () => {
    expect([0, 1, 2].map((count) => countOf(count, 'address', 'addresses'))).toEqual(['0 addresses', '1 address', '2 addresses']);
    expect(countOf(3n, 'block')).toBe('3 blocks');
  });
});
