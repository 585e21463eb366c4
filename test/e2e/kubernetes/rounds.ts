/** 60 pods up and to zero, with plat beside host-local, in turns. */
import { availableParallelism, loadavg } from 'node:os';
import { median } from '../../../bench/statistics.ts';
import { situation } from './addresses.ts';
import { type Bed, checkEmpty, checkPods } from './bed.ts';
import { NODES } from './cluster.ts';
import { ADDRESS_PREFIX, type Ipam, useNetwork } from './networks.ts';
import { seconds, some } from './report.ts';
import { pods, scale } from './workload.ts';

const PODS = 60;
/** Times with plat as a multiple of those with host-local. */
const RATIO_MAX = 1.1;

interface Times {
  readonly upMs: number;
  readonly downMs: number;
}

/** `pairs`: rounds with each; who begins alternates. */
export async function runRounds(bed: Bed, pairs: number): Promise<void> {
  const times: Record<Ipam, Times[]> = { plat: [], 'host-local': [] };
  await coldStart(bed);
  const loads: number[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    for (const ipam of pair % 2 === 1 ? (['host-local', 'plat'] as const) : (['plat', 'host-local'] as const)) {
      const took = ipam === 'plat' ? await platRound(bed, pair) : await hostLocalRound(bed);
      bed.report.progress(`round ${pair} with ${ipam}: up ${seconds(took.upMs)}, to zero ${seconds(took.downMs)}`);
      times[ipam].push(took);
      loads.push(loadavg()[0] ?? 0);
    }
  }
  bed.report.note(
    `Load of this machine after each round: ${loads.map((load) => load.toFixed(0)).join(' ')} (${availableParallelism()} cores)`,
  );
  compare(bed, 'up', times, ({ upMs }) => upMs);
  compare(bed, 'to zero', times, ({ downMs }) => downMs);
}

/** Not timed: bridges are made, and every node gets its one block while all of its pods ask at once. */
async function coldStart(bed: Bed): Promise<void> {
  await up(bed, 'host-local');
  await scale(bed.cluster, 0);
  await up(bed, 'plat');
  checkPods(bed, 'cold start', await situation(bed.cluster, bed.store));
  const blocks = (await bed.store.blocks()).map(({ cidr, node }) => `${cidr} of ${node}`);
  bed.report.check('cold start: one block for each node', blocks.length === NODES.length, some(blocks));
  await checkEmpty(bed, 'cold start, to zero');
}

async function platRound(bed: Bed, round: number): Promise<Times> {
  const upMs = await up(bed, 'plat');
  checkPods(bed, `round ${round}, up`, await situation(bed.cluster, bed.store));
  return { upMs, downMs: await checkEmpty(bed, `round ${round}, to zero`) };
}

async function hostLocalRound(bed: Bed): Promise<Times> {
  return { upMs: await up(bed, 'host-local'), downMs: await scale(bed.cluster, 0) };
}

async function up({ cluster }: Bed, ipam: Ipam): Promise<number> {
  await useNetwork(cluster, ipam);
  const upMs = await scale(cluster, PODS);
  const foreign = (await pods(cluster)).map(({ ip }) => ip).filter((ip) => !ip.startsWith(ADDRESS_PREFIX[ipam]));
  if (foreign.length > 0) throw new Error(`the nodes were not yet on the network of ${ipam}, so the times say nothing: ${some(foreign)}`);
  return upMs;
}

function compare({ report }: Bed, what: string, times: Readonly<Record<Ipam, readonly Times[]>>, of: (each: Times) => number): void {
  const plat = times.plat.map(of);
  const hostLocal = times['host-local'].map(of);
  const ratio = median(plat) / median(hostLocal);
  const all = (list: readonly number[]) => list.map((each) => (each / 1_000).toFixed(1)).join(' ');
  report.check(
    `${PODS} pods ${what}: at most ${RATIO_MAX} × host-local`,
    ratio <= RATIO_MAX,
    `${ratio.toFixed(2)} ×: ${seconds(median(plat))} beside ${seconds(median(hostLocal))} (plat ${all(plat)}; host-local ${all(hostLocal)})`,
  );
}
