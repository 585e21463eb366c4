/** A run in words. */
import type { PlantName } from './plants.ts';
import type { RunOptions, RunResult } from './run.ts';

const TAIL_LINES = 40;

export type Replay = Omit<RunOptions, 'plant'> & { readonly plant?: PlantName | undefined };

/** The command that does the same again. */
function replayCommand({ seed, steps, nodes, plant }: Replay): string {
  return `npm run sim -- --seed ${seed} --steps ${steps}${nodes === undefined ? '' : ` --nodes ${nodes}`}${plant === undefined ? '' : ` --plant ${plant}`}`;
}

/** `ok`, or the first violation with what led to it: its last lines, or with `isWhole` all of them. */
export function reportText(replay: Replay, { violation, step, revision, operations, trace }: RunResult, isWhole = false): string {
  const shown = isWhole ? trace : violation ? trace.slice(-TAIL_LINES) : [];
  const did = `${operations} operations, ${revision} revisions`;
  if (!violation) return [...shown, `seed ${replay.seed}: ok, ${did}`].join('\n');
  return [
    ...shown,
    '',
    `seed ${replay.seed}: ${violation.invariant} violated at step ${step}, after ${did}`,
    violation.message,
    `again: ${replayCommand(replay)}`,
  ].join('\n');
}
