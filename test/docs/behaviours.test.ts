import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { idsInTitles } from '../support/titles.ts';

/** Number of entries of each group of the catalogue. */
const GROUPS = {
  BM: 11,
  BK: 25,
  AI: 19,
  AA: 35,
  PL: 24,
  SA: 4,
  MB: 8,
  RS: 7,
  HD: 8,
  RI: 21,
  RH: 8,
  IH: 4,
  AT: 13,
  AF: 22,
  EB: 9,
  RC: 9,
  CD: 11,
  RG: 4,
  CR: 17,
  XR: 9,
  GU: 9,
  CF: 11,
  PV: 11,
  CN: 20,
  GC: 15,
  WT: 20,
} as const;

interface Row {
  readonly id: string;
  readonly mark: string;
  /** Paths under test/, without `.test.ts`. */
  readonly files: readonly string[];
  readonly note: string;
}

const rows = readFileSync('docs/behaviours.md', 'utf8')
  .split('\n')
  .flatMap((line): Row[] => {
    const [, id = '', mark = '', files = '', note = ''] = /^\| ([A-Z]{2}-\d\d) \| (\S*) \| (.*?) \| (.*?) \|$/.exec(line) ?? [];
    return id === '' ? [] : [{ id, mark, files: files === '' ? [] : files.split(', '), note }];
  });

describe('docs/behaviours.md', () => {
  it('has every id of the catalogue once, in order', () => {
    const ids = Object.entries(GROUPS).flatMap(([group, count]) =>
      Array.from({ length: count }, (_, index) => `${group}-${String(index + 1).padStart(2, '0')}`),
    );
    expect(rows.map(({ id }) => id)).toEqual(ids);
  });

  it('names only test files with the id in a title', () => {
    const titles = idsInTitles();
    const wrong = rows.flatMap(({ id, files }) =>
      files.filter((file) => !titles.get(`test/${file}.test.ts`)?.has(id)).map((file) => `${id} in ${file}`),
    );
    expect(wrong).toEqual([]);
  });

  it('says why where there is no test, and what plat does where Calico is no example', () => {
    const silent = rows.filter(({ files, mark, note }) => (files.length === 0 || mark === 'W') && note === '');
    expect(silent.map(({ id }) => id)).toEqual([]);
  });

  it('leaves none out that must hold for a store shared with Calico, but for those of other parts', () => {
    const untested = rows.filter(({ id, mark, files }) => mark === 'P' && files.length === 0 && !id.startsWith('CN'));
    expect(untested.map(({ id }) => id)).toEqual(['CF-09']);
  });
});
