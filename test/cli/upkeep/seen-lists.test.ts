import { describe, expect, it } from 'vitest';
import { type SeenList, seenAtMs, seenListsIn, withSeen } from '../../../src/cli/evidence/seen-lists.ts';

const list = (sha256: string, takenAtMs: number, version?: string): SeenList => ({ sha256, takenAtMs, ...(version && { version }) });

describe('lists that were seen', () => {
  const seen = [list('a', 1_000, '99'), list('b', 2_000, '100'), list('c', 3_000)];

  it.each<[string, Omit<SeenList, 'takenAtMs'>, number | undefined]>([
    ['the same text', { sha256: 'c' }, 3_000],
    ['another text', { sha256: 'd' }, undefined],
    ['another text of the same version', { sha256: 'd', version: '100' }, 2_000],
    ['a lower version: before the first list that is newer', { sha256: 'd', version: '9' }, 1_000],
    ['a higher version', { sha256: 'd', version: '101' }, undefined],
    ['a version that is no number', { sha256: 'd', version: 'x' }, undefined],
  ])('%s', (_what, given, at) => {
    expect(seenAtMs(seen, given)).toBe(at);
  });

  it('a list is kept once, the newest of them all, and what is kept can be read again', () => {
    const kept = withSeen(seen, [list('a', 1_000, '99'), list('d', 4_000)]);
    expect(kept.map(({ sha256 }) => sha256)).toEqual(['b', 'c', 'a', 'd']);
    expect(seenListsIn(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
    const many = Array.from({ length: 3_000 }, (_, index) => list(`many-${index}`, index));
    const bounded = withSeen(seen, many);
    expect([bounded.length, bounded.at(-1)]).toEqual([1_000, many.at(-1)]);
  });

  it.each([[undefined], [{}], [[null]], [[{ sha256: 'a' }]], [[{ sha256: 'a', takenAtMs: 1, version: 2 }]]])('%j is none', (value) => {
    expect(seenListsIn(value)).toBeUndefined();
  });
});
