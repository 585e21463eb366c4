/** Pods of a real container runtime, all at once, with plat and with host-local in turns. */
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openIpam } from '../../src/ipam/open.ts';
import { openStore } from '../../src/store/open.ts';
import { type Containerd, containerdProblem, containerds, startContainerd } from '../../test/e2e/support/containerd.ts';
import { findCniTools } from '../../test/e2e/support/tools.ts';
import { median } from '../statistics.ts';

const PODS = 30;
const POOL = '10.65.0.0/16';

export interface BurstResults {
  readonly pods: number;
  readonly runtime: string;
  readonly platMs: number;
  readonly hostLocalMs: number;
  /** Median over rounds. */
  readonly ratio: number;
}

/** Undefined where no runtime can be run. @param compiled the plugin's executable */
export async function measureBurst(compiled: string, rounds: number): Promise<BurstResults | undefined> {
  const [runtime] = containerds();
  if (containerdProblem() !== undefined || !runtime) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'plat-bench-burst-'));
  const tools = await findCniTools();
  for (const name of ['bridge', 'loopback', 'host-local']) await symlink(join(tools.folder, name), join(folder, name));
  await symlink(compiled, join(folder, 'plat'));
  const store = `lmdb:${join(folder, 'store')}`;
  const ipam = openIpam({ store: await openStore(store) });
  await ipam.pools.create({ name: 'burst', spec: { cidr: POOL, blockSize: 24 } });
  await ipam.close();
  const containerd = await startContainerd(runtime, folder);
  try {
    const local = { type: 'host-local', dataDir: join(folder, 'host-local-state'), ranges: [[{ subnet: POOL }]] };
    const turns = { plat: { type: 'plat', store, nodename: 'node-1' }, hostLocal: local };
    const plat: number[] = [];
    const hostLocal: number[] = [];
    // The first round pays for what is loaded once.
    for (let round = 0; round <= rounds; round++) {
      const platMs = await burst(containerd, `plat-${round}`, turns.plat);
      const hostLocalMs = await burst(containerd, `local-${round}`, turns.hostLocal);
      if (round === 0) continue;
      plat.push(platMs);
      hostLocal.push(hostLocalMs);
    }
    const ratios = plat.map((ms, round) => ms / (hostLocal[round] ?? Number.NaN));
    return {
      pods: PODS,
      runtime: `containerd ${runtime.version}`,
      platMs: median(plat),
      hostLocalMs: median(hostLocal),
      ratio: median(ratios),
    };
  } finally {
    await containerd.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds until all pods run; they are removed afterwards. */
async function burst(containerd: Containerd, network: string, ipam: object): Promise<number> {
  const plugin = { type: 'bridge', bridge: 'bench0', isGateway: true, ipam };
  await containerd.configure({ cniVersion: '1.0.0', name: network, plugins: [plugin] });
  const startMs = performance.now();
  const ids = await Promise.all(
    Array.from({ length: PODS }, (_, index) => containerd.cri.runPodSandbox({ name: `${network}-${index}`, namespace: 'bench' })),
  );
  const ms = performance.now() - startMs;
  await Promise.all(
    ids.map(async (id) => {
      await containerd.cri.stopPodSandbox(id);
      await containerd.cri.removePodSandbox(id);
    }),
  );
  return ms;
}
