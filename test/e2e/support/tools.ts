/** The CNI project's own plugins and its cnitool: built from its published Go modules, else Debian's older ones. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const PLUGINS_VERSION = '1.9.1';
const CNITOOL_VERSION = '1.3.0';
const MODULE = 'github.com/containernetworking';
const PLUGINS = ['main/bridge', 'main/ptp', 'main/macvlan', 'main/loopback', 'ipam/host-local'];
/** Kept from run to run: a first build takes a minute. */
const BUILT = join(homedir(), '.cache/plat-test-cni', `plugins-${PLUGINS_VERSION}-cnitool-${CNITOOL_VERSION}`);
const DEBIAN = '/usr/lib/cni';
const BUILD_TIMEOUT_MS = 600_000;

export interface CniTools {
  /** Has `bridge`, `ptp`, `macvlan`, `loopback` and `host-local`. */
  readonly folder: string;
  /** Absent where only Debian's plugins are. */
  readonly cnitool?: string;
  /** The newest that these plugins speak. */
  readonly cniVersion: '1.0.0' | '1.1.0';
  /** For the line that the run prints. */
  readonly source: string;
}

/** Rejects with what was tried, and what to do, when there are none and none can be built. */
export async function findCniTools(): Promise<CniTools> {
  const failure = await build().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (failure === undefined) {
    const source = `plugins ${PLUGINS_VERSION}, cnitool ${CNITOOL_VERSION}, built in ${BUILT}`;
    return { folder: BUILT, cnitool: join(BUILT, 'cnitool'), cniVersion: '1.1.0', source };
  }
  if (!existsSync(join(DEBIAN, 'bridge'))) {
    throw new Error(`no CNI plugins for the tests: install Go, or the Debian package containernetworking-plugins. ${failure}`);
  }
  return { folder: DEBIAN, cniVersion: '1.0.0', source: `plugins of ${DEBIAN}, without cnitool and CNI 1.1 (${failure})` };
}

async function build(): Promise<void> {
  if (existsSync(BUILT)) return;
  await mkdir(dirname(BUILT), { recursive: true });
  const folder = await mkdtemp(`${BUILT}-`);
  try {
    await goInstall(
      folder,
      PLUGINS.map((plugin) => `${MODULE}/plugins/plugins/${plugin}@v${PLUGINS_VERSION}`),
    );
    await goInstall(folder, [`${MODULE}/cni/cnitool@v${CNITOOL_VERSION}`]);
    // Complete or not there; another run may have been quicker.
    await rename(folder, BUILT).catch((error: unknown) => {
      if (!existsSync(BUILT)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function goInstall(folder: string, packages: readonly string[]): Promise<void> {
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
  await promisify(execFile)('go', ['install', ...packages], { cwd: tmpdir(), env, timeout: BUILD_TIMEOUT_MS });
}
