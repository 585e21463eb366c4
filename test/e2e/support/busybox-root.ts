/** A root folder for containers, made without a registry: busybox serves as the few programs that tests run. */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const BUSYBOX = '/bin/busybox';

/** Why there can be no such folder; undefined where there can. */
export function busyboxProblem(): string | undefined {
  if (spawnSync(BUSYBOX).status !== 0) return `not installed: ${BUSYBOX}`;
  // ldd fails for what needs no libraries.
  return spawnSync('ldd', [BUSYBOX]).status === 0 ? `${BUSYBOX} needs libraries (Debian: install busybox-static)` : undefined;
}

export async function makeRoot(folder: string): Promise<void> {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp']) await mkdir(join(folder, name), { recursive: true });
  await copyFile(BUSYBOX, join(folder, 'bin/busybox'));
  for (const name of ['sh', 'sleep', 'ip', 'ping']) await symlink('busybox', join(folder, 'bin', name));
}
