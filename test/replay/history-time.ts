/** The wall clock of the recorded run, as far as its stored values tell. */
import { secondsOf } from '../../src/core/time.ts';
import type { History, Step } from './history.ts';
import type { Snapshot } from './keyspace.ts';

const TIMES = /"(?:affinity_claim_time|releasedAt|creationTimestamp)":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"/g;
/** For a history without any time. */
const DEFAULT_START = '2026-01-01T00:00:00Z';

/** Seconds since the Unix epoch at which the recording began. */
export function firstRecordedSecond(history: History): bigint {
  const times = history.steps.flatMap((step) => timesWrittenBy(step, new Map()));
  return times[0] ?? secondsOf(DEFAULT_START) ?? 0n;
}

/** The latest time that the step wrote and that was not stored before: the step's own now; 0 when it wrote none. */
export function latestNewSecond(step: Step, before: Snapshot): bigint {
  return timesWrittenBy(step, before).reduce((latest, time) => (time > latest ? time : latest), 0n);
}

function timesWrittenBy(step: Step, before: Snapshot): bigint[] {
  // Raw values carry whatever times their author chose.
  if (step.op === 'put') return [];
  return [...step.changes].flatMap(([key, value]) => {
    const old = new Set(timesIn(before.get(key) ?? ''));
    return timesIn(value ?? '').flatMap((time) => (old.has(time) ? [] : (secondsOf(time) ?? [])));
  });
}

function timesIn(value: string): string[] {
  return [...value.matchAll(TIMES)].flatMap(([, time]) => time ?? []);
}
