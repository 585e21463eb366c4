/** `npm run sim -- --seed N [--steps M] [--nodes K] [--plant NAME]` */
import { parseArgs } from 'node:util';
import { isPlantName, PLANTS, type PlantName } from './plants.ts';

export const STEPS = 500;
const NODES_MAX = 20;

export const USAGE = `usage: npm run sim -- --seed N [--steps M] [--nodes K] [--plant NAME] [--trace]

Runs a simulated cluster over an unreliable store and checks the invariants after every step (docs/invariants.md). Equal
arguments give equal runs.

  --seed N      decides everything that happens: a whole number from 0
  --steps M     decisions of the schedule, before everything comes to rest; default ${STEPS}
  --nodes K     nodes, 1 to ${NODES_MAX}; default: drawn from the seed
  --plant NAME  a bug to be found: ${Object.keys(PLANTS).join(', ')}
  --trace       print everything that happens, not only the end before a violation

Exit code: 0 when all invariants held, 1 when one did not, 2 when it cannot run.
`;

/** Not what {@link USAGE} says. */
export class UsageError extends Error {}

export interface CommandLine {
  readonly seed: number;
  readonly steps: number;
  readonly nodes: number | undefined;
  readonly plant: PlantName | undefined;
  readonly trace: boolean;
  readonly help: boolean;
}

export function parseCommandLine(args: readonly string[]): CommandLine {
  const { seed, steps, nodes, plant, trace = false, help = false } = parse(args);
  if (seed === undefined && !help) throw new UsageError('no seed given');
  if (plant !== undefined && !isPlantName(plant)) throw new UsageError(`--plant ${plant}: wanted one of ${Object.keys(PLANTS).join(', ')}`);
  return {
    seed: wholeNumber('--seed', seed ?? '0', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    steps: steps === undefined ? STEPS : wholeNumber('--steps', steps, { min: 1, max: Number.MAX_SAFE_INTEGER }),
    nodes: nodes === undefined ? undefined : wholeNumber('--nodes', nodes, { min: 1, max: NODES_MAX }),
    plant,
    trace,
    help,
  };
}

function wholeNumber(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`${option} ${text}: wanted a whole number from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ''}`);
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        steps: { type: 'string' },
        nodes: { type: 'string' },
        plant: { type: 'string' },
        trace: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
