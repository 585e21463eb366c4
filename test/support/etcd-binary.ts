/** Finds an etcd program for the tests, or gets one from the platform's package manager. */
import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface EtcdBinary {
  readonly path: string;
  /** As it says itself: `3.6.4`. */
  readonly version: string;
  /** For the line the run prints: `PLAT_TEST_ETCD`, `PATH`, `installed by …`. */
  readonly source: string;
}

/** Kept from run to run. */
const UNPACKED = resolve(import.meta.dirname, '../../node_modules/.cache/plat-test-etcd');

/** Rejects with what was tried, and what to do, when there is none and none can be had. */
export async function findEtcdBinary(): Promise<EtcdBinary> {
  const given = process.env['PLAT_TEST_ETCD'];
  if (given !== undefined && given !== '') return await described(resolve(given), 'PLAT_TEST_ETCD');
  const found = await onPath('etcd');
  if (found !== undefined) return await described(found, 'PATH');
  const failures: string[] = [];
  for (const { source, obtain } of INSTALLERS) {
    try {
      const path = await obtain();
      if (path !== undefined) return await described(path, source);
    } catch (error) {
      failures.push(`${source}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    [
      'no etcd for the tests: PLAT_TEST_ETCD is not set, there is none on PATH, and no package manager provided one.',
      ...failures,
      'Install etcd 3.4 or later, or build one with scripts/build-etcd.sh, and name it with PLAT_TEST_ETCD.',
    ].join('\n'),
  );
}

/** Each gives the path of a program, or nothing where its package manager does not exist. */
const INSTALLERS: readonly { readonly source: string; obtain(): Promise<string | undefined> }[] = [
  { source: 'unpacked from the Debian package etcd-server', obtain: unpackDebian },
  { source: 'installed by dnf', obtain: () => install('dnf', ['install', '-y', 'etcd']) },
  { source: 'installed by apk', obtain: () => install('apk', ['add', 'etcd']) },
  { source: 'installed by brew', obtain: () => install('brew', ['install', 'etcd']) },
];

async function install(manager: string, args: readonly string[]): Promise<string | undefined> {
  if ((await onPath(manager)) === undefined) return undefined;
  await run(manager, args);
  return await onPath('etcd');
}

/** Unpacks the package without installing it: needs no root, and starts no service on this machine. */
async function unpackDebian(): Promise<string | undefined> {
  if ((await onPath('apt-get')) === undefined || (await onPath('dpkg-deb')) === undefined) return undefined;
  const program = join(UNPACKED, 'usr/bin/etcd');
  if (await isExecutable(program)) return program;
  await mkdir(dirname(UNPACKED), { recursive: true });
  const folder = await mkdtemp(`${UNPACKED}-`);
  try {
    await downloadPackage(folder);
    const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded no package');
    await run('dpkg-deb', ['--extract', join(folder, archive), join(folder, 'unpacked')]);
    // Complete or not there; another run may have been quicker.
    await rename(join(folder, 'unpacked'), UNPACKED).catch(() => undefined);
    return program;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** With package lists of its own where the machine's are missing or old. */
async function downloadPackage(folder: string): Promise<void> {
  const download = ['download', 'etcd-server'];
  try {
    await run('apt-get', download, { cwd: folder });
  } catch {
    await mkdir(join(folder, 'lists/partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${join(folder, 'lists')}`, '-o', `Dir::Cache=${folder}`, '-o', 'APT::Sandbox::User='];
    await run('apt-get', [...own, 'update'], { cwd: folder });
    await run('apt-get', [...own, ...download], { cwd: folder });
  }
}

async function described(path: string, source: string): Promise<EtcdBinary> {
  const { stdout } = await run(path, ['--version']);
  const version = /etcd Version: (\S+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${path} is no etcd: it answers --version with ${JSON.stringify(stdout.slice(0, 200))}`);
  return { path, version, source };
}

/** Where a program is, as a shell would find it. */
export async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
