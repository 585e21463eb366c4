/** The built plat as a process that goes on until it is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, vi } from 'vitest';
import { cleanEnvironment, type Installed } from './installed.ts';

/** Far more than anything waited for takes. */
const WAIT_MS = 90_000;

export interface Running {
  /** What it printed so far. */
  stdout(): string;
  stderr(): string;
  /** Until it said so; fails with everything it said. */
  says(stream: 'stdout' | 'stderr', text: string): Promise<void>;
  /** SIGKILL, and its end. */
  kill(): Promise<void>;
}

/** Killed at the latest when the test ends. */
export function start({ program }: Installed, args: readonly string[]): Running {
  const child = spawn(process.execPath, [program, ...args], { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
    });
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  return {
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    says: (stream, text) =>
      vi.waitFor(
        () => {
          expect(child.exitCode, JSON.stringify(said)).toBeNull();
          expect(said[stream], JSON.stringify(said)).toContain(text);
        },
        { timeout: WAIT_MS, interval: 50 },
      ),
    kill,
  };
}
