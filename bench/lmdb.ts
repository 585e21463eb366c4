/** Durable assignments over the embedded store, from one process. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openIpam } from '../src/ipam/open.ts';
import { openStore } from '../src/store/open.ts';
import type { Effort } from './latency.ts';
import { Nodes } from './nodes.ts';
import { createPools } from './pods.ts';
import { RawLmdb } from './raw-lmdb.ts';
import { alternate, type Series, seriesNamed } from './rounds.ts';

/** Beside the checkout: the system's temporary folder may be in memory, where nothing is durable. */
const CACHE = resolve(import.meta.dirname, '../node_modules/.cache');
const PODS_PER_PASS = 16;

export interface LmdbResults {
  /** One caller. */
  readonly raw: Series;
  readonly atNodes: readonly {
    /** Callers at the same time; each is a node with a block of its own. */
    readonly nodes: number;
    readonly assign: Series;
    readonly release: Series;
  }[];
}

/** One library object over one store serves all nodes. */
export async function measureLmdb(nodeCounts: readonly number[], effort: Effort): Promise<LmdbResults> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'plat-bench-'));
  const ipam = openIpam({ store: await openStore(`lmdb:${join(folder, 'store')}`) });
  const raw = new RawLmdb(join(folder, 'raw'), effort.operationsPerRound);
  try {
    await createPools(ipam);
    const contenders = nodeCounts.map((nodes) => {
      const passes = Math.max(1, Math.round(effort.operationsPerRound / nodes / PODS_PER_PASS));
      return new Nodes({ name: `at-${nodes}`, nodes, perPass: PODS_PER_PASS, passes, ipamOf: () => ipam });
    });
    for (const contender of contenders) await contender.settle();
    const series = await alternate([raw, ...contenders], effort.rounds);
    return {
      raw: seriesNamed(series, 'raw'),
      atNodes: nodeCounts.map((nodes) => ({
        nodes,
        assign: seriesNamed(series, `at-${nodes} assign`),
        release: seriesNamed(series, `at-${nodes} release`),
      })),
    };
  } finally {
    await raw.close();
    await ipam.close();
    await rm(folder, { recursive: true, force: true });
  }
}
