/** The plugin under test, built once per run, in both forms in which it is shipped. */
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask } from '../../support/broker.ts';
import { temporaryFolder } from '../../support/folder.ts';
import type { BuiltPlugin } from './plugin-build.ts';
import type { StoreKind } from './store.ts';

/** `compiled`: one file that needs nothing. `node`: the same code, run by Node. */
export type Entry = 'compiled' | 'node';

/** How a process of it is started. */
export type Command = readonly [program: string, ...args: string[]];

export async function pluginCommand(entry: Entry): Promise<Command> {
  const { compiled, node } = (await ask('/cni-plugin')) as BuiltPlugin;
  return entry === 'compiled' ? [compiled] : [process.execPath, node];
}

/**
 * A folder for CNI_PATH with the plugin as `plat`, gone when the test ends. With an etcd the plugin runs in the network namespace of this
 * process: the main plugins that call it run in namespaces that stand for nodes, where no etcd can be reached.
 */
export async function pluginFolder(entry: Entry, store: StoreKind): Promise<string> {
  const folder = await temporaryFolder();
  const file = join(folder, 'plat');
  const [program, ...args] = await pluginCommand(entry);
  if (args.length === 0 && store === 'lmdb') {
    await symlink(program, file);
    return folder;
  }
  const namespace = store === 'etcd' ? `nsenter --net=/proc/${process.pid}/ns/net ` : '';
  // exec: the process that is called becomes the plugin, and is no shell beside it.
  await writeFile(file, `#!/bin/sh\nexec ${namespace}${[program, ...args].join(' ')}\n`);
  await chmod(file, 0o755);
  return folder;
}
