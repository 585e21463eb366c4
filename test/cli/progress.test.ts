import { describe, expect, it } from 'vitest';
import { startProgress } from '../../src/cli/progress.ts';

function stage(noteColumns: number | undefined) {
  let nowMs = 0;
  const told: string[] = [];
  const terminal = {
    noteColumns,
    progress: (text: string) => void told.push(`~${text}`),
    note: (text: string) => void told.push(text),
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  const clock = { monotonicMs: () => nowMs };
  return { told, clock, terminal: terminal as Parameters<typeof startProgress>[0], pass };
}

describe('progress', () => {
  it('says nothing about what is over within a second', () => {
    const { told, clock, terminal, pass } = stage(80);
    const progress = startProgress(terminal, 'checking blocks', 100, clock);
    pass(999);
    progress.add(99);
    progress.end();
    expect(told).toEqual(['~']);
  });

  it('on a terminal is one line with share, rate and time left, drawn again ten times a second at most', () => {
    const { told, clock, terminal, pass } = stage(80);
    const progress = startProgress(terminal, 'checking blocks', 1_000, clock);
    pass(2_000);
    progress.add(400);
    progress.add(1);
    pass(100);
    progress.add(19);
    progress.end();
    expect(told).toEqual([
      '~checking blocks: 400 of 1000 (40%), 200/s, 3 s left',
      '~checking blocks: 420 of 1000 (42%), 200/s, 3 s left',
      '~',
    ]);
  });

  it('is no longer than the terminal is wide', () => {
    const { told, clock, terminal, pass } = stage(10);
    const progress = startProgress(terminal, 'checking blocks', 1_000, clock);
    pass(2_000);
    progress.add();
    expect(told).toEqual(['~checking b']);
  });

  it('in a pipe is a line every ten seconds; without a total it has no time left', () => {
    const { told, clock, terminal, pass } = stage(undefined);
    const progress = startProgress(terminal, 'reading', undefined, clock);
    for (let second = 0; second < 25; second++) {
      pass(1_000);
      progress.add(2);
    }
    expect(told).toEqual(['plat: reading: 20, 2.0/s', 'plat: reading: 40, 2.0/s']);
  });

  it('counts anew in each phase', () => {
    const { told, clock, terminal, pass } = stage(80);
    const progress = startProgress(terminal, 'reading', undefined, clock);
    pass(5_000);
    progress.add(50);
    progress.phase('mending', 7_200);
    pass(1_000);
    progress.add(1);
    expect(told.at(-1)).toBe('~mending: 1 of 7200 (0%), 1.0/s, 2 h left');
  });
});
