/** What each operation of a node that has its blocks asks of etcd. Claims of new blocks: `claims.ts`. */
import assert from 'node:assert/strict';
import type { AutoAssignOptions, AutoAssignResult } from '../src/ipam/api.ts';
import { IpamError } from '../src/ipam/errors.ts';
import { openStore } from '../src/store/open.ts';
import { EXHAUSTED_BLOCKS, type OperationName, PODS_AT_ONCE } from './figures.ts';
import { ForeignBlocks } from './foreign.ts';
import { attrsOf, createNode, createPools, handleOf, podRequest } from './pods.ts';
import { type Measured, RequestBench } from './request-bench.ts';

/** Held in the node's block before an operation, so that blocks are neither empty nor full. */
const PODS_BEFORE = 10;
const SMALL_POOL = { name: 'small', cidr: '192.168.16.0/20' };

/** Measures every operation on an etcd that is empty at first. */
export async function measureRequests(endpoint: string): Promise<Measured[]> {
  const bench = new RequestBench(endpoint);
  await bench.withIpam(async (ipam) => {
    await createPools(ipam);
    await ipam.pools.create({ name: SMALL_POOL.name, spec: { cidr: SMALL_POOL.cidr, nodeSelector: "pool == 'small'" } });
  });
  return [
    await measureOwnBlock(bench, 'ownBlockCold', 'ownBlockWarm', (pod) => podRequest('own', pod)),
    await measureOwnBlock(bench, 'bothFamiliesCold', 'bothFamiliesWarm', (pod) => ({ ...podRequest('dual', pod), num6: 1 })),
    await measureChosen(bench),
    await measureReleases(bench),
    await measureAtOnce(bench),
    await measureExhausted(bench),
  ].flat();
}

/** Registers the node, and gives its first pods what `request` asks for. */
async function settle(bench: RequestBench, request: (pod: string) => AutoAssignOptions): Promise<void> {
  const { host } = request('');
  await bench.withIpam(async (ipam) => {
    await createNode(ipam, host);
    for (let pod = 0; pod < PODS_BEFORE; pod++) await ipam.autoAssign(request(`${host}-${pod}`));
  });
}

async function measureOwnBlock(
  bench: RequestBench,
  cold: OperationName,
  warm: OperationName,
  request: (pod: string) => AutoAssignOptions,
): Promise<Measured[]> {
  await settle(bench, request);
  return bench.withIpam(async (ipam) => {
    const assign = (pod: string) => async () => assertAssigned(await ipam.autoAssign(request(pod)), request(pod));
    return [await bench.measure(cold, assign('cold')), await bench.measure(warm, assign('warm'))];
  });
}

function assertAssigned({ v4, v6 }: AutoAssignResult, { num4 = 0, num6 = 0 }: AutoAssignOptions): void {
  assert.equal(v4?.addresses.length ?? 0, num4);
  assert.equal(v6?.addresses.length ?? 0, num6);
}

async function measureChosen(bench: RequestBench): Promise<Measured[]> {
  const host = 'chosen';
  await settle(bench, (pod) => podRequest(host, pod));
  const [ip, held] = await bench.withIpam(async (ipam) => {
    const free = await ipam.autoAssign(podRequest(host, 'free-again'));
    await ipam.releaseByHandle({ handle: handleOf('free-again') });
    const kept = await ipam.autoAssign(podRequest(host, 'kept'));
    return [free.v4?.addresses[0]?.ip ?? '', kept.v4?.addresses[0]?.ip];
  });
  const given = await bench.withIpam((ipam) =>
    bench.measure('givenAddress', async () => {
      const assigned = await ipam.assignIp({ host, ip, handle: handleOf('given'), attrs: attrsOf(host, 'given') });
      assert.equal(assigned.ip, ip);
    }),
  );
  const repeated = await bench.withIpam((ipam) =>
    bench.measure('repeated', async () => {
      const { v4 } = await ipam.autoAssign({ ...podRequest(host, 'kept'), ifHeld: 'return' });
      assert.deepEqual(
        v4?.addresses.map((address) => [address.ip, address.existing]),
        [[held, true]],
      );
    }),
  );
  return [given, repeated];
}

async function measureReleases(bench: RequestBench): Promise<Measured[]> {
  const host = 'releasing';
  const dual = (pod: string) => ({ ...podRequest(host, pod), num6: 1 });
  await settle(bench, dual);
  await bench.withIpam(async (ipam) => {
    await ipam.autoAssign(podRequest(host, 'one-family'));
    await ipam.autoAssign(dual('two-families'));
    await ipam.autoAssign(dual('final'));
  });
  const release = (name: OperationName, pod: string, addresses: number, final = false) =>
    bench.withIpam((ipam) =>
      bench.measure(name, async () => {
        const { released } = await ipam.releaseByHandle({ handle: handleOf(pod), host, final });
        assert.equal(released.length, addresses);
      }),
    );
  return [
    await release('releaseOne', 'one-family', 1),
    await release('releaseTwo', 'two-families', 2),
    await release('releaseFinal', 'final', 2, true),
    await release('releaseGone', 'two-families', 0),
  ];
}

/** A node with no block yet: what happens when all pods of a new node start. */
async function measureAtOnce(bench: RequestBench): Promise<Measured> {
  const host = 'crowded';
  await bench.withIpam((ipam) => createNode(ipam, host));
  return bench.withIpam((ipam) =>
    bench.measure('atOnce', async () => {
      const pods = Array.from({ length: PODS_AT_ONCE }, (_, pod) => podRequest(host, `crowded-${pod}`));
      const results = await Promise.all(pods.map((request) => ipam.autoAssign(request)));
      const ips = new Set(results.flatMap(({ v4 }) => v4?.addresses.map(({ ip }) => ip) ?? []));
      assert.equal(ips.size, PODS_AT_ONCE);
    }),
  );
}

async function measureExhausted(bench: RequestBench): Promise<Measured> {
  const store = await openStore(`etcd://${bench.endpoint}`);
  await new ForeignBlocks(store, SMALL_POOL.cidr, 'walk').growTo(EXHAUSTED_BLOCKS);
  await store.close();
  await bench.withIpam((ipam) => createNode(ipam, 'late', { pool: 'small' }));
  return bench.withIpam((ipam) =>
    bench.measure('exhausted', async () => {
      const request = { ...podRequest('late', 'late'), pools4: [SMALL_POOL.name] };
      const error = await ipam.autoAssign(request).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof IpamError && error.code === 'no-free-address', `expected a refusal, not ${error}`);
    }),
  );
}
