/** What every part of the test works with, and the question that all of them end with. */
import { type Situation, type Store, situation } from './addresses.ts';
import type { Cluster } from './cluster.ts';
import { type Report, some } from './report.ts';
import { until } from './waiting.ts';
import { isThere, scale } from './workload.ts';

export interface Bed {
  readonly cluster: Cluster;
  readonly store: Store;
  readonly report: Report;
}

const PODS_LIMIT_MS = 300_000;
/** A kubelet sweeps its dead sandboxes once a minute, and deletes those that could not be deleted before. */
const SWEEPS_MS = 130_000;

/**
 * What is there once `replicas` pods are Ready and Kubernetes, interfaces and store agree; or, when they do not within two sweeps
 * of the kubelets, what is there then.
 */
export async function settled({ cluster, store }: Bed, replicas: number): Promise<Situation> {
  const { signal } = cluster;
  const isReady = async () => ((await isThere(cluster, replicas)) ? true : undefined);
  await until(`${replicas} pods`, { limitMs: PODS_LIMIT_MS, signal }, isReady);
  const end = performance.now() + SWEEPS_MS;
  return await until(`${replicas} pods to rest`, { limitMs: 2 * SWEEPS_MS, signal }, async () => {
    const found = await situation(cluster, store);
    return isAtRest(found) || performance.now() > end ? found : undefined;
  });
}

function isAtRest({ consistent, unheld, orphaned }: Situation): boolean {
  return consistent && unheld.length === 0 && orphaned.length === 0;
}

/** No pod shares its address with another, and every pod's is held for it. */
export function checkPods({ report }: Bed, when: string, { pods, consistent, duplicates, unheld }: Situation): void {
  const kept = consistent && duplicates.length === 0 && unheld.length === 0;
  const problems = [
    ...(consistent ? [] : ['interfaces are not what Kubernetes shows']),
    ...(duplicates.length > 0 ? [`twice: ${some(duplicates)}`] : []),
    ...(unheld.length > 0 ? [`not held: ${some(unheld)}`] : []),
  ];
  report.check(`${when}: every pod has an address of its own`, kept, kept ? `${pods.length} pods` : problems.join('; '));
}

/** Ends all pods; nothing of them remains in the store. The milliseconds it took to end them. */
export async function checkEmpty(bed: Bed, when: string): Promise<number> {
  const took = await scale(bed.cluster, 0);
  const { held, handles } = await settled(bed, 0);
  const left = [...held.map(({ ip, handle }) => `${ip} of ${handle}`), ...handles.map((id) => `handle ${id}`)];
  bed.report.check(`${when}: no address and no handle remains`, left.length === 0, some(left));
  return took;
}
