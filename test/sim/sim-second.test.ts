import { describe, expect, it } from 'vitest';
import { runSeeds, SEEDS, seedGroups } from './seeds.ts';

describe('a simulated cluster over an unreliable store, the other half of the seeds', () => {
  it.each(seedGroups(SEEDS.second))('keeps I1 to I8 and I11 with the seeds $from to $to (CR, XR, HD, CD)', async (seeds) => {
    const { violations } = await runSeeds(seeds);
    expect(violations.join('\n\n')).toBe('');
  });
});
