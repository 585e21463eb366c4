/** The seeds that a test run goes through. */
import { STEPS } from './command-line.ts';
import { reportText } from './report.ts';
import { type RunResult, runSeed } from './run.ts';

/** First seed and number of seeds of each test file: files run beside each other. */
export const SEEDS = { first: { from: 1, count: 120 }, second: { from: 121, count: 120 } } as const;
const SEEDS_PER_TEST = 20;

/** Seeds, in groups for one test each. */
export function seedGroups({
  from,
  count,
}: {
  readonly from: number;
  readonly count: number;
}): { readonly from: number; readonly to: number }[] {
  return Array.from({ length: Math.ceil(count / SEEDS_PER_TEST) }, (_, index) => {
    const first = from + index * SEEDS_PER_TEST;
    return { from: first, to: Math.min(first + SEEDS_PER_TEST, from + count) - 1 };
  });
}

export interface SeedsResult {
  /** What every seed that broke an invariant reports, with the command that repeats it. */
  readonly violations: readonly string[];
  readonly runs: readonly RunResult[];
}

export async function runSeeds({ from, to }: { readonly from: number; readonly to: number }): Promise<SeedsResult> {
  const runs: RunResult[] = [];
  const violations: string[] = [];
  for (let seed = from; seed <= to; seed++) {
    const run = await runSeed({ seed, steps: STEPS });
    runs.push(run);
    if (run.violation) violations.push(reportText({ seed, steps: STEPS }, run));
  }
  return { violations, runs };
}
