/** The two networks that are compared, and how the nodes change from one to the other. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, NODES, type NodeNumber, relink, STORE_ENDPOINT } from './cluster.ts';

/** Of plat. A block is a node's whole share: a bridge has one gateway, and so one block. */
export const POOL = { name: 'pods', cidr: '10.244.0.0/16', blockSize: 24 } as const;

export type Ipam = 'plat' | 'host-local';
export type Plugin = 'itself' | 'with faults';

/** What every address of a network begins with. */
export const ADDRESS_PREFIX: Readonly<Record<Ipam, string>> = { plat: '10.244.', 'host-local': '10.245.' };
export const NETWORK = 'plat-e2e';

/** The network configuration that plat's ADD, DEL and GC get on standard input, without prevResult. */
export function platConfiguration(node: NodeNumber) {
  const ipam = { type: 'plat', store: `etcd://${STORE_ENDPOINT}`, nodename: `n${node}`, ipv4_pools: [POOL.name] };
  return { cniVersion: '1.1.0', name: NETWORK, type: 'bridge', bridge: 'cni-plat', isDefaultGateway: true, ipam };
}

function hostLocalConfiguration(node: NodeNumber) {
  const ranges = [[{ subnet: `${ADDRESS_PREFIX['host-local']}${node}.0/24` }]];
  const ipam = { type: 'host-local', dataDir: '/var/lib/cni/host-local', ranges };
  return { cniVersion: '1.1.0', name: 'host-local-e2e', type: 'bridge', bridge: 'cni-host-local', isDefaultGateway: true, ipam };
}

/** Each network has a bridge of its own. containerd notices the rename at once; who measures checks the addresses that came of it. */
export async function useNetwork({ folder }: Cluster, ipam: Ipam): Promise<void> {
  for (const node of NODES) {
    const { cniVersion, name, ...plugin } = ipam === 'plat' ? platConfiguration(node) : hostLocalConfiguration(node);
    const path = join(folder, `n${node}/cni/10-net.conflist`);
    // Of another ending, which containerd does not read.
    await writeFile(`${path}.new`, JSON.stringify({ cniVersion, name, plugins: [plugin] }));
    await rename(`${path}.new`, path);
  }
}

/** What the nodes find under the plugin's name. */
export async function usePlugin({ folder }: Cluster, plugin: Plugin): Promise<void> {
  const target = plugin === 'itself' ? join(folder, 'plugin/plat') : join(import.meta.dirname, 'plugin-faults.sh');
  await relink(target, join(folder, 'cnibin/plat'));
}
