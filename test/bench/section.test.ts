import { expect, it } from 'vitest';
import { CNI_HEADING, sectionsOf, UPKEEP_HEADING, withSection } from '../../bench/section.ts';

const DOCUMENT = '# Benchmarks\n\n## Targets\n\nmany\n\n## How to repeat it\n\nso\n';

it('adds a section before the last part, and puts a newer one in its place', () => {
  const first = withSection(DOCUMENT, `${CNI_HEADING}\n\nold`);
  const both = withSection(first, `${UPKEEP_HEADING}\n\ncheck`);
  const newer = withSection(both, `${CNI_HEADING}\n\nnew`);
  expect(newer).toBe(
    `# Benchmarks\n\n## Targets\n\nmany\n\n${CNI_HEADING}\n\nnew\n\n${UPKEEP_HEADING}\n\ncheck\n\n## How to repeat it\n\nso\n`,
  );
});

it('carries the sections of other programs over into a document that is written anew', () => {
  const old = [`${CNI_HEADING}\n\nadd`, `${UPKEEP_HEADING}\n\ncheck`].reduce(withSection, DOCUMENT);
  expect(sectionsOf(old).reduce(withSection, DOCUMENT)).toBe(old);
  expect(sectionsOf(DOCUMENT)).toEqual([]);
});
