import { describe, expect, it } from 'vitest';
import { runSeed } from './run.ts';
import { runSeeds, SEEDS, seedGroups } from './seeds.ts';

describe('a simulated cluster over an unreliable store', () => {
  it.each(seedGroups(SEEDS.first))('keeps I1 to I8 and I11 with the seeds $from to $to (CR, XR, HD, CD)', async (seeds) => {
    const { violations, runs } = await runSeeds(seeds);
    expect(violations.join('\n\n')).toBe('');
    // A run in which little happens would prove little.
    expect(runs.reduce((sum, { operations }) => sum + operations, 0)).toBeGreaterThan(30 * runs.length);
  });

  it('does the same again for the same seed, whatever else happens', async () => {
    const options = { seed: 7, steps: 400 };
    const [first, second] = [await runSeed(options), await runSeed(options)];
    expect(second.trace).toEqual(first.trace);
    expect(first.trace.length).toBeGreaterThan(400);
  });

  it('does something else for another seed, and for another number of nodes', async () => {
    const traces = await Promise.all(
      [{ seed: 7 }, { seed: 8 }, { seed: 7, nodes: 9 }].map(async (options) => (await runSeed({ ...options, steps: 50 })).trace.join()),
    );
    expect(new Set(traces).size).toBe(3);
  });
});
