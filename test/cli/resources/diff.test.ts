import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unifiedDiff } from '../../../src/cli/resources/diff.ts';

const hasPatch = spawnSync('patch', ['--version']).status === 0;
const lines = (...texts: readonly string[]) => `${texts.join('\n')}\n`;

describe('unifiedDiff', () => {
  it('is empty for equal texts', () => {
    expect(unifiedDiff('x', lines('a', 'b'), lines('a', 'b'))).toBe('');
  });

  it('shows three lines around a change', () => {
    const before = lines('1', '2', '3', '4', '5', '6', '7', '8', '9');
    expect(unifiedDiff('x', before, before.replace('5', 'five'))).toBe(
      ['--- x', '+++ x', '@@ -2,7 +2,7 @@', ' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8'].join('\n'),
    );
  });

  it('has one hunk for changes that share context, else several', () => {
    const text = (changes: readonly number[]) =>
      lines(...Array.from({ length: 30 }, (_, index) => (changes.includes(index) ? `new ${index}` : `${index}`)));
    const hunks = (changes: readonly number[]) => unifiedDiff('x', text([]), text(changes)).match(/^@@/gm)?.length;
    expect(hunks([5, 11])).toBe(1);
    expect(hunks([5, 13])).toBe(2);
  });

  it('names /dev/null for the side that is not there', () => {
    expect(unifiedDiff('x', undefined, lines('a'))).toBe(['--- /dev/null', '+++ x', '@@ -0,0 +1 @@', '+a'].join('\n'));
    expect(unifiedDiff('x', lines('a', 'b'), undefined)).toBe(['--- x', '+++ /dev/null', '@@ -1,2 +0,0 @@', '-a', '-b'].join('\n'));
  });

  // skip: without `patch` nobody can tell whether it is a diff.
  it.runIf(hasPatch)('is what patch(1) takes to turn one text into the other', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plat-diff-'));
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 40 }).map((parts) => lines(...parts));
    try {
      fc.assert(
        fc.property(text, text, (before, after) => {
          const diff = unifiedDiff('x', before, after);
          if (diff === '') return before === after;
          const file = join(folder, 'x');
          writeFileSync(file, before);
          const patched = spawnSync('patch', ['-s', '-o', '-', file], { input: `${diff}\n`, encoding: 'utf8' });
          return patched.status === 0 && patched.stdout === after;
        }),
        { numRuns: 60 },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
