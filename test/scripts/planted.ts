/** Small projects in a temporary folder, for tests of the scripts that check the project. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const SCRIPTS = resolve(import.meta.dirname, '../../scripts');

/** Path to text. */
export type Files = Readonly<Record<string, string>>;

/** What a script said about a project of these files: its exit status and its complaints, one per line. */
export function runOver(script: string, files: Files): { status: number | null; stdout: string; problems: string[] } {
  const root = mkdtempSync(join(tmpdir(), 'plat-planted-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(SCRIPTS, script), root], { encoding: 'utf8' });
    const problems = stderr
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^\w+: /, ''));
    return { status, stdout, problems };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
