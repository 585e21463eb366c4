/** Replacing a file so that a reader sees the old one or the new one, never half of one, and the old one can come back. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Not an extension that a container runtime reads. */
const BACKUP_SUFFIX = '.plat-backup';

export type FileChange = 'written' | 'unchanged' | 'restored' | 'removed' | 'absent';

export function backupOf(file: string): string {
  return file + BACKUP_SUFFIX;
}

/**
 * Puts `content` at `file`, by a rename within its folder, once it is on the disk; `mode` is that of a new file. What was there
 * before the first time stays beside it as a backup.
 */
export function replaceFile(file: string, content: Uint8Array, mode: number): FileChange {
  const before = existsSync(file) ? readFileSync(file) : undefined;
  if (before && Buffer.compare(before, content) === 0) return 'unchanged';
  mkdirSync(dirname(file), { recursive: true });
  const kept = (before ? statSync(file).mode & 0o777 : 0) | mode;
  if (before && !existsSync(backupOf(file))) writeAtomically(backupOf(file), before, kept);
  writeAtomically(file, content, kept);
  return 'written';
}

/** Undoes {@link replaceFile}. */
export function restoreFile(file: string): FileChange {
  if (existsSync(backupOf(file))) {
    renameSync(backupOf(file), file);
    return 'restored';
  }
  if (!existsSync(file)) return 'absent';
  rmSync(file);
  return 'removed';
}

function writeAtomically(file: string, content: Uint8Array, mode: number): void {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    const descriptor = openSync(temporary, 'w', mode);
    try {
      for (let at = 0; at < content.length; ) at += writeSync(descriptor, content, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
