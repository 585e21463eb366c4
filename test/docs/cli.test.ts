import { describe, expect, it } from 'vitest';
import { cliReference } from '../../scripts/cli-reference.ts';
import { fileText } from './documents.ts';

describe('docs/cli.md', () => {
  it('is what the commands say today; if not: npm run docs:cli', async () => {
    expect(fileText('docs/cli.md')).toBe(await cliReference());
  });
});
