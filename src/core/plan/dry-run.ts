/** Planning without doing: the same rules, and nothing left to commit. */
import { CorruptSignal } from '../draft.ts';
import { corruptValue, type Outcome } from '../outcome.ts';
import type { Planner } from './plan.ts';

/** What `planner` would do, as a value; everything it planned is taken back, so a refusal is a result like any other. */
export function dryRun<T>(planner: Planner<T>): Planner<Outcome<T>> {
  return (draft, env) => {
    const before = draft.savepoint();
    const value = outcomeOf(() => planner(draft, env));
    draft.rollback(before);
    return { kind: 'done', value };
  };
}

function outcomeOf<T>(run: () => Outcome<T>): Outcome<T> {
  try {
    return run();
  } catch (signal) {
    if (signal instanceof CorruptSignal) return corruptValue(signal.ref, signal.reason);
    throw signal;
  }
}
