/** Latency and throughput over etcd, beside raw transactions of the same run. */
import type { Etcd3 } from 'etcd3';
import type { Ipam } from '../src/ipam/api.ts';
import { openIpam } from '../src/ipam/open.ts';
import { openStore } from '../src/store/open.ts';
import type { Store } from '../src/store/port.ts';
import { Nodes } from './nodes.ts';
import { createPools } from './pods.ts';
import { connectRaw, RawTransactions } from './raw-etcd.ts';
import { alternate, type Series, seriesNamed } from './rounds.ts';

export interface Effort {
  readonly rounds: number;
  /** Operations of one kind in one round, about. */
  readonly operationsPerRound: number;
}

/** Pods of a node in one pass: its block then holds 8 on average. */
const PODS_PER_PASS = 16;

/**
 * Who calls which library object; all of them share one client:
 * - `own`: each node has one of its own. - `shared`: one serves all nodes.
 * - `anew`: every call opens one, and so knows nothing of earlier calls, like a program that ends after it.
 */
export type Design = 'own' | 'shared' | 'anew';

export interface AtNodes {
  readonly nodes: number;
  readonly raw: Series;
  readonly designs: ReadonlyMap<Design, { readonly assign: Series; readonly release: Series }>;
}

/** One result per number of nodes, from an etcd that is empty at first. */
export async function measureLatency(endpoint: string, nodeCounts: readonly number[], effort: Effort): Promise<AtNodes[]> {
  const store = await openStore(`etcd://${endpoint}`);
  const { client, close } = await connectRaw(endpoint);
  try {
    await createPools(openIpam({ store }));
    const results: AtNodes[] = [];
    for (const nodes of nodeCounts) results.push(await measureAt(nodes, store, client, effort));
    return results;
  } finally {
    close();
    await store.close();
  }
}

async function measureAt(nodes: number, store: Store, client: Etcd3, { rounds, operationsPerRound }: Effort): Promise<AtNodes> {
  const shape = { nodes, perPass: PODS_PER_PASS, passes: Math.max(1, Math.round(operationsPerRound / nodes / PODS_PER_PASS)) };
  const shared = openIpam({ store });
  const own = Array.from({ length: nodes }, () => openIpam({ store }));
  const ipamOf: Readonly<Record<Design, (node: number) => Ipam>> = {
    own: (node) => own[node] ?? shared,
    shared: () => shared,
    anew: () => openIpam({ store }),
  };
  const names: readonly Design[] = nodes === 1 ? ['own', 'anew'] : ['own', 'shared'];
  const contenders = names.map((name) => new Nodes({ ...shape, name: `${name}-${nodes}`, ipamOf: ipamOf[name] }));
  for (const contender of contenders) await contender.settle();
  const series = await alternate([new RawTransactions(client, nodes, shape), ...contenders], rounds);
  const designs = names.map((name) => {
    const [assign, release] = ['assign', 'release'].map((what) => seriesNamed(series, `${name}-${nodes} ${what}`)) as [Series, Series];
    return [name, { assign, release }] as const;
  });
  return { nodes, raw: seriesNamed(series, 'raw'), designs: new Map(designs) };
}
