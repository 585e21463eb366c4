import { spawnSync } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folder.ts';

export interface SmallDisk {
  readonly folder: string;
  /** Gives it another size; it keeps its files. */
  resize(kilobytes: number): void;
}

/** Why this machine cannot mount a small disk; undefined where it can. */
export function smallDiskProblem(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has tmpfs';
  if (process.getuid?.() !== 0) return 'only root may mount';
  // Containers often may not: tried in a mount namespace of its own, which goes away by itself.
  const problem = tryRun('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', '/mnt']);
  return problem && `mounting fails (${problem})`;
}

/** A file system in memory, unmounted after the test. */
export async function smallDisk(kilobytes: number): Promise<SmallDisk> {
  const folder = await temporaryFolder();
  run('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'none', folder]);
  onTestFinished(() => run('umount', ['--lazy', folder]));
  return { folder, resize: (size) => run('mount', ['-o', `remount,size=${size}k`, folder]) };
}

function run(program: string, args: readonly string[]): void {
  const problem = tryRun(program, args);
  if (problem !== undefined) throw new Error(`${program} ${args.join(' ')}: ${problem}`);
}

/** Why the program failed; undefined when it did not. */
function tryRun(program: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}
