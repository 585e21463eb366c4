/** A node loses power; containerd is killed. At rest, and while pods are on their way. */
import { type Bed, checkEmpty, settled } from './bed.ts';
import { NODES, type NodeNumber } from './cluster.ts';
import { checkLeftovers } from './leftovers.ts';
import { usePlugin } from './networks.ts';
import { setFaults } from './plugin-calls.ts';
import { until } from './waiting.ts';
import { ask, pods, readyCount, scale } from './workload.ts';

const PODS = 60;
const FEW = 20;
const ON_THE_WAY_MS = 120_000;

export async function checkCrashes(bed: Bed): Promise<void> {
  const { cluster } = bed;
  // Writes down the calls, to tell afterwards what containerd asked for.
  await setFaults(cluster);
  await usePlugin(cluster, 'with faults');
  await scale(cluster, PODS);
  await powerLoss(cluster, 1);
  await checkLeftovers(bed, 'power loss at rest', await settled(bed, PODS));

  await scale(cluster, FEW);
  await halfWay(cluster, PODS);
  await powerLoss(cluster, 2);
  await checkLeftovers(bed, 'power loss on the way up', await settled(bed, PODS));

  await killContainerd(cluster, 1);
  await checkLeftovers(bed, 'containerd killed at rest', await settled(bed, PODS));

  await halfWay(cluster, FEW);
  await killContainerd(cluster, 2);
  await checkLeftovers(bed, 'containerd killed on the way down', await settled(bed, FEW));

  await halfWay(cluster, PODS);
  await Promise.all(NODES.map((node) => killContainerd(cluster, node)));
  await checkLeftovers(bed, 'containerd killed on the way up', await settled(bed, PODS));
  await checkEmpty(bed, 'after all crashes');
}

/** Asks for `replicas` pods and comes back when half of the way is done. */
async function halfWay(cluster: Bed['cluster'], replicas: number): Promise<void> {
  const start = (await pods(cluster)).length;
  await ask(cluster, replicas);
  await until(`half of the way to ${replicas} pods`, { limitMs: ON_THE_WAY_MS, signal: cluster.signal }, async () => {
    const now = replicas > start ? await readyCount(cluster) : (await pods(cluster)).length;
    return Math.abs(now - start) >= Math.abs(replicas - start) / 2 ? true : undefined;
  });
}

async function powerLoss({ script }: Bed['cluster'], node: NodeNumber): Promise<void> {
  await script('node-kill.sh', [String(node)]);
  await script('node-up.sh', [String(node)]);
}

/** Its supervisor starts it again a second later; comes back when it answers. */
async function killContainerd({ exec, home }: Bed['cluster'], node: NodeNumber): Promise<void> {
  const answers = `${home}/containerd/ctr --connect-timeout 1s version`;
  await exec(node, ['sh', '-c', `kill -9 "$(cat /run/containerd.pid)"; sleep 0.2; until ${answers}; do sleep 0.2; done >/dev/null 2>&1`]);
}
