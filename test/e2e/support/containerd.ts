/** A containerd of a test file's own, in a machine of its own: nothing of the system's is touched. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { busyboxProblem } from './busybox-root.ts';
import { containerdConfig } from './containerd-config.ts';
import { makePauseImage } from './containerd-image.ts';
import { Cri } from './cri.ts';
import { type Isolated, isolate, isolationProblem } from './isolated.ts';
import type { CniTools } from './tools.ts';
import { until } from './until.ts';

/** Names a folder with another containerd, its `ctr` and its `containerd-shim-runc-v2`, tested beside the installed one. */
const OTHER = 'PLAT_TEST_CONTAINERD';
const START_TIMEOUT_MS = 60_000;

export interface ContainerdBinaries {
  /** Has `containerd`, `ctr` and the shim. */
  readonly folder: string;
  /** Such as `1.6.20`. */
  readonly version: string;
}

/** Those to be tested on this machine. */
export function containerds(): ContainerdBinaries[] {
  const installed = spawnSync('which', ['containerd'], { encoding: 'utf8' }).stdout.trim();
  const folders = [process.env[OTHER], installed && dirname(installed)];
  return folders.flatMap((folder) => (folder ? [{ folder, version: versionOf(folder) }] : []));
}

/** Why no containerd can be run here; undefined where one can. */
export function containerdProblem(): string | undefined {
  const problem = isolationProblem(['tar', 'runc']) ?? busyboxProblem();
  return problem ?? (containerds().length > 0 ? undefined : 'not installed: containerd');
}

/** The newest version of CNI that containerd and the plugins speak. */
export function cniVersionOf(binaries: ContainerdBinaries, tools: CniTools): CniTools['cniVersion'] {
  return isVersion2(binaries) ? tools.cniVersion : '1.0.0';
}

function isVersion2({ version }: ContainerdBinaries): boolean {
  return Number.parseInt(version, 10) >= 2;
}

function versionOf(folder: string): string {
  const { stdout } = spawnSync(join(folder, 'containerd'), ['--version'], { encoding: 'utf8' });
  const version = / v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${join(folder, 'containerd')} --version says "${stdout}"`);
  return version;
}

export class Containerd {
  readonly machine: Isolated;
  readonly cri: Cri;
  /** Where its data are, and whatever a test wants to go with them. */
  readonly folder: string;

  constructor(machine: Isolated, cri: Cri, folder: string) {
    this.machine = machine;
    this.cri = cri;
    this.folder = folder;
  }

  /** Gives it another network configuration, and waits until it has read it. */
  async configure(conflist: {
    readonly name: string;
    readonly plugins: readonly object[];
    readonly [field: string]: unknown;
  }): Promise<void> {
    const file = join(this.folder, 'net.d/10-test.conflist');
    // It reads what it finds, also half a file.
    await writeFile(`${file}.new`, JSON.stringify(conflist));
    await rename(`${file}.new`, file);
    await until(async () => {
      const read = await this.cri.networkConfiguration();
      if (!read.includes(conflist.name)) throw new Error(`containerd has not read ${file}: ${await this.log()}`);
    }, START_TIMEOUT_MS);
  }

  /** The end of what it said. */
  async log(): Promise<string> {
    return (await readFile(join(this.folder, 'log'), 'utf8')).slice(-3_000);
  }

  async stop(): Promise<void> {
    this.cri.close();
    await this.machine.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** @param plugins folder of CNI plugins */
export async function startContainerd(binaries: ContainerdBinaries, plugins: string): Promise<Containerd> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-containerd-'));
  const socket = join(folder, 'socket');
  await mkdir(join(folder, 'net.d'));
  await writeFile(join(folder, 'config.toml'), containerdConfig({ folder, socket, plugins, version: binaries.version }));
  const machine = await isolate();
  const containerd = new Containerd(machine, new Cri(socket), folder);
  try {
    const log = await open(join(folder, 'log'), 'a');
    const served = machine.start([join(binaries.folder, 'containerd'), '-c', join(folder, 'config.toml')], {
      log: log.fd,
      path: binaries.folder,
    });
    await log.close();
    await until(async () => {
      if (served.exitCode !== null) return;
      await containerd.cri.conditions();
    }, START_TIMEOUT_MS);
    const image = await makePauseImage(folder);
    const ctr = [join(binaries.folder, 'ctr'), '--address', socket, '--namespace', 'k8s.io', 'images', 'import'] as const;
    // Version 2 else leaves it to the daemon, which unpacks for overlayfs alone.
    const local = isVersion2(binaries) ? ['--local'] : [];
    await machine.output([...ctr, ...local, '--snapshotter', 'native', image]);
    return containerd;
  } catch (error) {
    const log = await containerd.log();
    await containerd.stop();
    throw new Error(`containerd ${binaries.version} does not serve: ${log}`, { cause: error });
  }
}
