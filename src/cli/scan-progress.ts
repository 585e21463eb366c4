import type { OnProgress } from '../ipam/upkeep/api.ts';
import type { Progress } from './progress.ts';

/** What the library tells of a long reading, as a line of progress. */
export function scanProgress(progress: Progress): OnProgress {
  let current = '';
  let known = 0;
  return (phase, done) => {
    if (phase !== current) {
      progress.phase(`reading ${phase}`);
      current = phase;
      known = 0;
    }
    progress.add(done - known);
    known = done;
  };
}
