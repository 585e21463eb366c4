/** Numbers as calicoctl prints them, from exact integers. */
import bigInt from 'big-integer';

const SIGNIFICANT_DIGITS = 5;

/** `count` by the rules of `%.5g`: 65536, 1.3107e+05, 1.2089e+24; ties to even. `count` is not negative. */
export function formatCount(count: bigint): string {
  const digits = count.toString();
  if (digits.length <= SIGNIFICANT_DIGITS) return digits;
  const rounded = divideTiesToEven(count, 10n ** BigInt(digits.length - SIGNIFICANT_DIGITS)).toString();
  const exponent = digits.length - 1 + (rounded.length - SIGNIFICANT_DIGITS);
  const mantissa = `${rounded[0]}.${rounded.slice(1)}`.replace(/\.?0+$/, '');
  return `${mantissa}e+${String(exponent).padStart(2, '0')}`;
}

/** `part` of `total` in whole percent, ties to even: 3 of 8 is 38, 5 of 8 is 62. 0 of nothing is 0. */
export function percentOf(part: bigint, total: bigint): bigint {
  return total === 0n ? 0n : divideTiesToEven(part * 100n, total);
}

function divideTiesToEven(dividend: bigint, divisor: bigint): bigint {
  const { quotient, remainder } = bigInt(dividend).divmod(divisor);
  const half = remainder.times(2).compare(divisor);
  const up = half > 0 || (half === 0 && quotient.isOdd());
  return BigInt((up ? quotient.next() : quotient).toString());
}

/** `1 address`, `2 addresses`: `plural` where it is not the word and an `s`. */
export function countOf(count: bigint | number, singular: string, plural = `${singular}s`): string {
  return `${count} ${BigInt(count) === 1n ? singular : plural}`;
}
