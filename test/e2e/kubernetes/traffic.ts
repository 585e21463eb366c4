/** Pods of different nodes reach each other. */
import type { Bed } from './bed.ts';
import { NODES, type NodeNumber } from './cluster.ts';
import { some } from './report.ts';
import { pods, scale } from './workload.ts';

export async function checkTraffic({ cluster, store, report }: Bed): Promise<void> {
  await scale(cluster, 2 * NODES.length);
  await routeBlocks({ cluster, store });
  const all = await pods(cluster);
  const failed: string[] = [];
  let tried = 0;
  for (const from of all) {
    for (const to of all.filter(({ name }) => name !== from.name)) {
      tried++;
      if (!(await reaches(cluster, from.node, from.ip, to.ip))) failed.push(`${from.node} ${from.ip} → ${to.node} ${to.ip}`);
    }
  }
  report.check(
    'pods reach each other, on one node and across',
    tried > 0 && failed.length === 0,
    failed.length === 0 ? `${tried} pairs` : some(failed),
  );
}

/** Tells each node where the blocks of the others are, as an operator's routing would. */
async function routeBlocks({ cluster, store }: Pick<Bed, 'cluster' | 'store'>): Promise<void> {
  for (const { cidr, node } of await store.blocks()) {
    for (const other of NODES.filter((each) => `n${each}` !== node)) {
      await cluster.exec(other, ['ip', 'route', 'replace', cidr, 'via', `10.98.0.1${node.slice(1)}`]);
    }
  }
}

/** One ping out of the network namespace that has `from`. */
async function reaches({ exec }: Bed['cluster'], node: string, from: string, to: string): Promise<boolean> {
  const number = Number(node.slice(1)) as NodeNumber;
  const search = `for n in /run/netns/*; do nsenter --net="$n" ip -4 -o addr show dev eth0 2>/dev/null | grep -q "inet ${from}/" || continue
    nsenter --net="$n" busybox ping -c 1 -W 2 ${to} >/dev/null && echo reached; done; true`;
  return (await exec(number, ['sh', '-c', search])).includes('reached');
}
