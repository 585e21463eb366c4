import { expect, it } from 'vitest';
import { nextLimit } from '../../src/store/etcd-list.ts';
import type { Entry } from '../../src/store/port.ts';

it('asks for more where values are small, by degrees and up to a bound', () => {
  expect(nextLimit(100, entriesOf(100, 50))).toBe(800);
  expect(nextLimit(800, entriesOf(800, 50))).toBe(5_000);
  expect(nextLimit(5_000, entriesOf(5_000, 0))).toBe(5_000);
});

it('asks for what fits where values are large', () => {
  expect(nextLimit(100, entriesOf(100, 20_000))).toBe(199);
  expect(nextLimit(5_000, entriesOf(5_000, 20_000))).toBe(199);
  expect(nextLimit(100, entriesOf(2, 8_000_000))).toBe(1);
});

it('asks for something after an empty page', () => {
  expect(nextLimit(100, [])).toBeGreaterThan(0);
});

function entriesOf(count: number, bytes: number): Entry[] {
  return Array.from({ length: count }, (_, index) => ({ key: `/k${index}`, value: new Uint8Array(bytes), revision: 1n }));
}
