/** Addresses that nobody has any more after something was killed: whose fault it is, and that the plugin's GC frees them. */
import { type Situation, situation } from './addresses.ts';
import { type Bed, checkPods } from './bed.ts';
import { NODES, type NodeNumber } from './cluster.ts';
import { platConfiguration } from './networks.ts';
import { judge, type Leftover, pluginCalls } from './plugin-calls.ts';
import { some } from './report.ts';

/** Checks what is there after `when`; what the runtime left behind is named, and collected. */
export async function checkLeftovers(bed: Bed, when: string, found: Situation): Promise<void> {
  const { cluster, store, report } = bed;
  checkPods(bed, when, found);
  const calls = await pluginCalls(cluster);
  const leftovers = found.orphaned.map((held) => judge(held, calls));
  const ours = leftovers.filter(({ byRuntime }) => !byRuntime);
  const others = leftovers.filter(({ byRuntime }) => byRuntime);
  report.check(`${when}: no address is held in vain by plat's doing`, ours.length === 0, some(ours.map(describe)));
  if (leftovers.length === 0) return;
  for (const node of NODES) await collect(bed, node);
  const after = await situation(cluster, store);
  const lost = found.pods.filter(({ ip }) => !after.held.some((held) => held.ip === ip));
  const freed = after.orphaned.length === 0 && lost.length === 0;
  report.check(
    `${when}: GC frees what containerd will not delete, and nothing else`,
    freed,
    freed
      ? `${leftovers.length} freed, ${after.held.length} kept`
      : `still held: ${some(after.orphaned.map(({ ip }) => ip))}; lost: ${some(lost.map(({ ip }) => ip))}`,
  );
  const isHeld = ({ handle }: Leftover) => after.held.some((held) => held.handle === handle);
  for (const leftover of others)
    report.note(
      `Left behind by containerd, ${when}: ${describe(leftover)}; ${isHeld(leftover) ? 'a leak for the collector' : 'freed by GC'}`,
    );
}

function describe({ ip, node, pod, container, why }: Leftover): string {
  return `${ip} on ${node}, pod ${pod}, container ${container}: ${why}`;
}

/** Calls the plugin's GC on a node, with the sandboxes that run there. */
async function collect({ cluster }: Bed, node: NodeNumber): Promise<void> {
  const attachments = (await runningSandboxes(cluster, node)).map((containerID) => ({ containerID, ifname: 'eth0' }));
  const configuration = { ...platConfiguration(node), 'cni.dev/valid-attachments': attachments };
  const environment = ['CNI_COMMAND=GC', `CNI_PATH=${cluster.folder}/cnibin`];
  await cluster.exec(node, ['env', ...environment, `${cluster.folder}/plugin/plat`], JSON.stringify(configuration));
}

async function runningSandboxes({ exec, home }: Bed['cluster'], node: NodeNumber): Promise<string[]> {
  const ctr = (...args: string[]) => exec(node, [`${home}/containerd/ctr`, '--namespace', 'k8s.io', ...args]);
  const sandboxes = (await ctr('containers', 'list', '--quiet', 'labels."io.cri-containerd.kind"==sandbox')).split('\n');
  const running = [...(await ctr('tasks', 'list')).matchAll(/^(\S+) +\d+ +RUNNING/gm)].map(([, id]) => id);
  return sandboxes.filter((id) => running.includes(id));
}
