/** Progress of what takes long: one line on a terminal, replaced as it goes on; in a pipe a line now and then. */
import { type Clock, systemClock } from '../platform/clock.ts';
import type { Terminal } from './cli.ts';

/** Nothing is said about what is over before that. */
const QUIET_MS = 1_000;
const REDRAW_MS = 100;
const PIPE_INTERVAL_MS = 10_000;

export interface Progress {
  /** So many more are done. */
  add(count?: number): void;
  /** What is going on now; counting starts anew. `total`: when it is known. */
  phase(what: string, total?: number): void;
  /** Takes the line away. Call it before anything is printed, also when it failed. */
  end(): void;
}

/** `what`: as in `checking blocks`. */
export function startProgress(terminal: Terminal, what: string, total?: number, clock: Pick<Clock, 'monotonicMs'> = systemClock): Progress {
  let current = { what, total, done: 0, startMs: clock.monotonicMs() };
  let toldMs = clock.monotonicMs() + QUIET_MS;
  const isLine = terminal.noteColumns !== undefined;
  if (!isLine) toldMs += PIPE_INTERVAL_MS - QUIET_MS;

  const tell = () => {
    const nowMs = clock.monotonicMs();
    if (nowMs < toldMs) return;
    toldMs = nowMs + (isLine ? REDRAW_MS : PIPE_INTERVAL_MS);
    const text = progressText(current, nowMs);
    if (isLine) terminal.progress(text.slice(0, terminal.noteColumns));
    else terminal.note(`plat: ${text}`);
  };
  return {
    add: (count = 1) => {
      current.done += count;
      tell();
    },
    phase: (what, total) => {
      current = { what, total, done: 0, startMs: clock.monotonicMs() };
      tell();
    },
    end: () => terminal.progress(''),
  };
}

/** `checking blocks: 1200 of 10000 (12%), 850/s, 10 s left`. */
function progressText(
  { what, total, done, startMs }: { what: string; total: number | undefined; done: number; startMs: number },
  nowMs: number,
): string {
  const seconds = (nowMs - startMs) / 1_000;
  const rate = seconds > 0 ? done / seconds : 0;
  const share = total === undefined || total === 0 ? '' : ` of ${total} (${Math.floor((100 * done) / total)}%)`;
  const left = total === undefined || rate === 0 ? '' : `, ${durationText((total - done) / rate)} left`;
  return `${what}: ${done}${share}${rate === 0 ? '' : `, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`}${left}`;
}

/** `45 s`, `3 min`, `2 h`. */
function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(Math.max(seconds, 0))} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
