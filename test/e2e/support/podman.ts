/** A podman with the CNI backend, in a machine of its own, with its own folders. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxProblem, makeRoot } from './busybox-root.ts';
import { type Isolated, isolate, isolationProblem } from './isolated.ts';
import type { Ran } from './run.ts';

/** Raising limits needs CAP_SYS_RESOURCE, which tests may have to do without. crun refuses a machine with both kinds of cgroups. */
const RUN_OPTIONS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

/** Why no podman can be run here; undefined where one can. */
export function podmanProblem(): string | undefined {
  return isolationProblem(['podman', 'conmon', 'runc']) ?? busyboxProblem();
}

export class Podman {
  readonly #machine: Isolated;
  readonly folder: string;

  constructor(machine: Isolated, folder: string) {
    this.#machine = machine;
    this.folder = folder;
  }

  /** A container that waits for its end. */
  async start(name: string, options: readonly string[] = []): Promise<Ran> {
    const root = join(this.folder, 'roots', name);
    await makeRoot(root);
    return await this.run('run', '--detach', '--name', name, ...RUN_OPTIONS, ...options, '--rootfs', root, '/bin/sleep', '2147483647');
  }

  run(...args: readonly string[]): Promise<Ran> {
    return this.#machine.run(['podman', '--runtime', 'runc', ...args], this.#environment);
  }

  /** Runs what must succeed; its stdout without the last newline. */
  async output(...args: readonly string[]): Promise<string> {
    return (await this.#machine.output(['podman', '--runtime', 'runc', ...args], this.#environment)).trimEnd();
  }

  /** What the kernel has at eth0 in the container, with prefix lengths. */
  async addressesIn(name: string): Promise<string[]> {
    const text = await this.output('exec', name, '/bin/ip', '-4', 'addr', 'show', 'dev', 'eth0');
    return [...text.matchAll(/inet (\S+)/g)].map((match) => match[1] as string);
  }

  async stop(): Promise<void> {
    await this.#machine.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  get #environment(): Readonly<Record<string, string>> {
    return { CONTAINERS_CONF: join(this.folder, 'containers.conf'), CONTAINERS_STORAGE_CONF: join(this.folder, 'storage.conf') };
  }
}

/**
 * @param plugins folder of CNI plugins
 * @param conflist the network of all containers
 */
export async function startPodman(
  plugins: string,
  conflist: { readonly name: string; readonly plugins: readonly object[]; readonly [field: string]: unknown },
): Promise<Podman> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-podman-'));
  await mkdir(join(folder, 'net.d'));
  await writeFile(join(folder, 'net.d/10-test.conflist'), JSON.stringify(conflist));
  await writeFile(join(folder, 'containers.conf'), containersConf(folder, plugins, conflist.name));
  await writeFile(join(folder, 'storage.conf'), `[storage]\ndriver = "vfs"\ngraphroot = "${folder}/storage"\nrunroot = "/run/storage"\n`);
  return new Podman(await isolate(), folder);
}

function containersConf(folder: string, plugins: string, network: string): string {
  return `[network]
network_backend = "cni"
cni_plugin_dirs = ["${plugins}"]
network_config_dir = "${folder}/net.d"
default_network = "${network}"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
log_driver = "k8s-file"
`;
}
