import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageAsOf } from '../../src/store/as-of.ts';
import type { Entry } from '../../src/store/port.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const state = fc.dictionary(fc.constantFrom(...KEYS), fc.bigInt({ min: 1n, max: 3n }));

it('gives a range as it was, whatever changed since, page by page', () => {
  fc.assert(
    fc.property(state, state, fc.integer({ min: 1, max: 7 }), (then, now, limit) => {
      const changed = KEYS.filter((key) => then[key] !== now[key]);
      const before = new Map(changed.map((key) => [key, entriesOf(then).find((entry) => entry.key === key)]));
      const wanted = entriesOf(then);
      expect(pageAsOf(entriesOf(now), before, limit)).toEqual({ entries: wanted.slice(0, limit), more: wanted.length > limit });
    }),
  );
});

function entriesOf(revisions: Readonly<Record<string, bigint>>): Entry[] {
  return Object.entries(revisions)
    .map(([key, revision]) => ({ key, revision, value: new Uint8Array() }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
