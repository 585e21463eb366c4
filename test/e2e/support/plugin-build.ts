/** Builds the CNI plugin, once for the whole run. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { install } from '../../support/installed.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Files. */
export interface BuiltPlugin {
  readonly compiled: string;
  readonly node: string;
}

/** Both forms, in a folder of their own that `remove` takes away. */
export async function buildPlugin(): Promise<BuiltPlugin & { remove(): Promise<void> }> {
  const { program, remove } = await install();
  const folder = join(dirname(program), '../cni');
  const compiled = join(folder, 'plat');
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/build-cni.mjs'), '--out', compiled], { cwd: ROOT });
  return { compiled, node: join(folder, 'main.js'), remove };
}
