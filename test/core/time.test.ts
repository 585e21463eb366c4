import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secondsOf, timeText } from '../../src/core/time.ts';

describe('timeText', () => {
  it.each<[bigint, string]>([
    [1_787_380_200_000_000_000n, '2026-08-22T06:30:00Z'],
    [1_787_380_200_999_999_999n, '2026-08-22T06:30:00Z'],
    [0n, '1970-01-01T00:00:00Z'],
    [951_782_400_000_000_000n, '2000-02-29T00:00:00Z'],
  ])('CD-06 writes %s ns as %s', (ns, text) => {
    expect(timeText(ns)).toBe(text);
  });
});

describe('secondsOf', () => {
  it.each<[string, bigint]>([
    ['2026-08-22T06:30:00Z', 1_787_380_200n],
    ['2026-08-22T06:30:00.999999999Z', 1_787_380_200n],
    ['2026-08-22T08:30:00+02:00', 1_787_380_200n],
    ['1969-12-31T23:59:59.5Z', -1n],
  ])('reads %s as %s', (text, seconds) => {
    expect(secondsOf(text)).toBe(seconds);
  });

  it.each(['', 'soon', '2026-13-01T00:00:00Z', '2026-08-22T25:00:00Z'])('knows that %j is no time', (text) => {
    expect(secondsOf(text)).toBeUndefined();
  });

  it('CD-06 reads back what was written, without its fraction', () => {
    // Up to the year 2262, where nanoseconds leave 63 bits.
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }), (ns) => {
        expect(secondsOf(timeText(ns))).toBe(ns / 1_000_000_000n);
      }),
    );
  });
});
