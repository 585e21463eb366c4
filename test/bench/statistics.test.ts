import { describe, expect, it } from 'vitest';
import { median, percentile } from '../../bench/statistics.ts';

describe('percentile', () => {
  it.each([
    [[5], 0.5, 5],
    [[4, 1, 3, 2], 0.5, 2],
    [[10, 2, 9], 0.99, 10],
    [Array.from({ length: 100 }, (_, index) => 100 - index), 0.99, 99],
    [[3, 1, 2], 0, 1],
  ])('of %j at %d is %d', (values, portion, expected) => {
    expect(percentile(values, portion)).toBe(expected);
  });

  it('refuses an empty list', () => {
    expect(() => percentile([], 0.5)).toThrow('at least one value');
  });

  it('orders numbers as numbers', () => {
    expect(median([9, 100, 20])).toBe(20);
  });
});
