/** The pods: one Deployment that is scaled. */
import type { Cluster } from './cluster.ts';
import { until } from './waiting.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const NAME = 'web';
const LIMIT_MS = 300_000;

export interface Pod {
  readonly name: string;
  /** `n1`, `n2`; empty before it is scheduled. */
  readonly node: string;
  /** Empty before it has one. */
  readonly ip: string;
}

/** Creates the Deployment, without pods. */
export async function createWorkload({ api }: Cluster): Promise<void> {
  const labels = { app: NAME };
  // A grace period of 0 would let pods vanish before their sandboxes are stopped, and their addresses freed.
  const spec = {
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    dnsPolicy: 'Default',
    containers: [{ name: 'pod', image: 'plat.test/pod:1', imagePullPolicy: 'Never' }],
  };
  const template = { metadata: { labels }, spec };
  const deployment = { metadata: { name: NAME }, spec: { replicas: 0, selector: { matchLabels: labels }, template } };
  await api.call('POST', DEPLOYMENTS, deployment);
}

/** Asks for `replicas` pods, and does not wait for them. */
export async function ask({ api }: Cluster, replicas: number): Promise<void> {
  await api.call('PATCH', `${DEPLOYMENTS}/${NAME}/scale`, { spec: { replicas } });
}

/** Asks for `replicas` pods; the milliseconds until all are Ready and no other is left. */
export async function scale(cluster: Cluster, replicas: number): Promise<number> {
  const started = performance.now();
  await ask(cluster, replicas);
  await until(`${replicas} pods`, { limitMs: LIMIT_MS, signal: cluster.signal }, async () =>
    (await isThere(cluster, replicas)) ? true : undefined,
  );
  return performance.now() - started;
}

/** Whether exactly `replicas` pods exist and all are Ready. */
export async function isThere(cluster: Cluster, replicas: number): Promise<boolean> {
  const ready = await readyCount(cluster);
  return ready === replicas && (await pods(cluster)).length === replicas;
}

export async function readyCount({ api }: Cluster): Promise<number> {
  const { status } = await api.call<{ status: { readyReplicas?: number } }>('GET', `${DEPLOYMENTS}/${NAME}`);
  return status.readyReplicas ?? 0;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: { readonly podIP?: string };
  }[];
}

/** All that exist, those that are being ended too. */
export async function pods({ api }: Cluster): Promise<Pod[]> {
  const { items } = await api.call<PodList>('GET', `/api/v1/namespaces/default/pods?labelSelector=app%3D${NAME}`);
  return items.map(({ metadata, spec, status }) => ({ name: metadata.name, node: spec.nodeName ?? '', ip: status.podIP ?? '' }));
}
