/** Runs one seed and says what came of it. */
import { Violation } from './check/violation.ts';
import type { Plant } from './plants.ts';
import { Simulation } from './simulation.ts';

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  readonly nodes?: number | undefined;
  readonly plant?: Plant | undefined;
}

export interface RunResult {
  readonly violation: Violation | undefined;
  readonly step: number;
  readonly revision: bigint;
  readonly operations: number;
  readonly trace: readonly string[];
}

export async function runSeed({ seed, steps, nodes, plant }: RunOptions): Promise<RunResult> {
  const simulation = new Simulation({ seed, nodes, plant });
  const violation = await simulation.run(steps).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof Violation) return error;
      throw error;
    },
  );
  const { trace, checks, operations } = simulation.world;
  return { violation, step: trace.step, revision: checks.mirror.revision, operations: operations.size, trace: trace.lines };
}
