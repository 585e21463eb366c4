/** The CNI plugins of one runtime: the real ones, and the plugin under test behind a wrapper that can stop it. */
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandLine } from './isolated.ts';
import type { CniTools } from './tools.ts';

/**
 * Where a file says so, an ADD stops itself before it becomes the plugin; SIGCONT lets it go on. What else was called is
 * written down once it was answered.
 */
const wrapper = (plugin: CommandLine) => `#!/bin/sh
if [ "$CNI_COMMAND" = ADD ]; then
  [ ! -e "$0.hold" ] || kill -STOP $$
  exec ${plugin.join(' ')}
fi
${plugin.join(' ')}
status=$?
echo "$CNI_COMMAND $CNI_CONTAINERID $status" >>"$0.answered"
exit $status
`;

export class RuntimePlugins {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** From now on every ADD stops before it starts. */
  async holdAdds(): Promise<void> {
    await writeFile(join(this.folder, 'plat.hold'), '');
  }

  async passAdds(): Promise<void> {
    await rm(join(this.folder, 'plat.hold'), { force: true });
  }

  /** Whether the plugin has answered a DEL of this container, and well. */
  async hasDeleted(containerId: string): Promise<boolean> {
    const lines = await readFile(join(this.folder, 'plat.answered'), 'utf8').catch(() => '');
    return lines.split('\n').includes(`DEL ${containerId} 0`);
  }

  /** @param plugin how the plugin under test is started from now on */
  async use(plugin: CommandLine): Promise<void> {
    await writeFile(join(this.folder, 'plat'), wrapper(plugin), { mode: 0o755 });
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function layOutPlugins(tools: CniTools): Promise<RuntimePlugins> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-plugins-'));
  for (const name of ['bridge', 'loopback']) await symlink(join(tools.folder, name), join(folder, name));
  return new RuntimePlugins(folder);
}
