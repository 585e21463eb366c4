import { describe, expect, it } from 'vitest';
import type { Invariant } from './check/violation.ts';
import { STEPS } from './command-line.ts';
import { PLANTS, type PlantName } from './plants.ts';
import { runSeed } from './run.ts';
import { SEEDS } from './seeds.ts';

/** Planted bugs and the invariants of which at least one must be seen broken. */
const EXPECTED: Readonly<Record<PlantName, readonly Invariant[]>> = {
  'drop-guard': ['I1', 'I2', 'I3', 'I4', 'I5', 'I6'],
  'resend-on-unknown': ['I7', 'I8'],
  'forget-handle': ['I3'],
  'skip-cooldown': ['I4'],
  'count-request': ['I3'],
  'late-add': ['I11'],
};

/** The first violation within the seeds of a test run. */
async function firstViolation(plant: PlantName) {
  for (let seed = SEEDS.first.from; seed < SEEDS.first.from + SEEDS.first.count; seed++) {
    const { violation } = await runSeed({ seed, steps: STEPS, plant: PLANTS[plant] });
    if (violation) return violation;
  }
  return undefined;
}

describe('the checks of the simulation', () => {
  it.each(Object.keys(PLANTS) as PlantName[])('find the planted bug %s', async (plant) => {
    const violation = await firstViolation(plant);
    expect(EXPECTED[plant]).toContain(violation?.invariant);
  });
});
