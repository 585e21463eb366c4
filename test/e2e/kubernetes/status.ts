/** STATUS: a store that does not answer makes the nodes NotReady, with plat's words, and they recover by themselves. */
import type { Bed } from './bed.ts';
import { type Condition, NODES, STORE_ENDPOINT } from './cluster.ts';
import { seconds } from './report.ts';
import { until } from './waiting.ts';

/** containerd asks every 5 s, the kubelet asks containerd every 5 s; the plugin's own limit comes on top. */
const NOTICED_MS = 30_000;

export async function checkStatus(bed: Bed): Promise<void> {
  const { script } = bed.cluster;
  await outage(bed, 'hangs', { begin: () => script('store.sh', ['hang']), end: () => script('store.sh', ['wake']) });
  await outage(bed, 'is down', { begin: () => script('store.sh', ['kill']), end: () => script('store.sh', ['start']) });
}

interface Fault {
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

async function outage({ cluster, report }: Bed, what: string, fault: Fault): Promise<void> {
  await cluster.nodesReady();
  await fault.begin();
  const noticed = performance.now();
  let found: readonly Condition[];
  try {
    found = await conditions(cluster, `NotReady when the store ${what}`, ({ ready }) => !ready);
  } finally {
    await fault.end();
  }
  const noticedMs = performance.now() - noticed;
  const recovered = performance.now();
  await conditions(cluster, `Ready when the store is back`, ({ ready }) => ready);
  const inPlatsWords = found.every(({ message }) => message.includes(STORE_ENDPOINT));
  report.check(
    `the store ${what}: nodes become NotReady in plat's words, and Ready afterwards`,
    inPlatsWords,
    `after ${seconds(noticedMs)}, Ready after ${seconds(performance.now() - recovered)}`,
  );
  report.note(`The store ${what}; the node says: ${found[0]?.message}`);
}

/** The conditions of all nodes, once all are as wanted. */
async function conditions({ condition, signal }: Bed['cluster'], what: string, wanted: (each: Condition) => boolean): Promise<Condition[]> {
  return await until(`all nodes to be ${what}`, { limitMs: NOTICED_MS, signal }, async () => {
    const found = await Promise.all(NODES.map(condition));
    return found.every(wanted) ? found : undefined;
  });
}
