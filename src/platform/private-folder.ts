/** Folders that nobody else can look into. */
import { existsSync, lstatSync, mkdirSync } from 'node:fs';

/** Emptied by a reboot, and the host's alone: what processes of one user leave each other here is a convenience, never needed. */
export const RUNTIME_FOLDER = '/run/plat';

const MODE = 0o700;
const OTHERS = 0o077;

/** Whether `path` is a folder of this user alone; it is made when its parent is there and it is not. Never throws. */
export function isPrivateFolder(path: string): boolean {
  try {
    if (!existsSync(path)) mkdirSync(path, { mode: MODE });
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & OTHERS) === 0;
  } catch {
    return false;
  }
}
