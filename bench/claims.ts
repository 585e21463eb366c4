/** What it costs a node to claim a new block, with more and more of the pool taken by others. */
import assert from 'node:assert/strict';
import { openStore } from '../src/store/open.ts';
import { type Cost, costOf, medianOf, worstOf } from './etcd-metrics.ts';
import { type Claims, newBlockOperation } from './figures.ts';
import { ForeignBlocks } from './foreign.ts';
import { createNode, podRequest } from './pods.ts';
import { type Measured, RequestBench } from './request-bench.ts';

/** New nodes that claim their first block: each starts elsewhere in the pool. */
const NODES = 24;

/** One result per number of foreign blocks, from an etcd that is empty at first. */
export async function measureClaims(endpoint: string, claims: Claims): Promise<Measured[]> {
  const bench = new RequestBench(endpoint);
  await bench.withIpam((ipam) => ipam.pools.create({ name: 'pods', spec: { cidr: claims.pool } }));
  const store = await openStore(`etcd://${endpoint}`);
  try {
    const foreign = new ForeignBlocks(store, claims.pool, claims.placement);
    const measured: Measured[] = [];
    for (const count of claims.foreignCounts) {
      await foreign.growTo(count);
      const costs: Cost[] = [];
      for (let node = 0; node < NODES; node++) costs.push(await costOfClaim(bench, `claiming-${count}-${node}`));
      measured.push({ operation: newBlockOperation(claims, count), cost: worstOf(costs), typical: medianOf(costs) });
    }
    return measured;
  } finally {
    await store.close();
  }
}

async function costOfClaim(bench: RequestBench, host: string): Promise<Cost> {
  await bench.withIpam((ipam) => createNode(ipam, host));
  const { cost, result } = await bench.withIpam((ipam) => costOf(bench.endpoint, () => ipam.autoAssign(podRequest(host, host))));
  assert.equal(result.v4?.addresses.length, 1);
  assert.equal(result.v4?.addresses[0]?.borrowed, false);
  return cost;
}
