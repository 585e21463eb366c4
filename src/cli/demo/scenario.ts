/** What the demo does to a store, step by step; printing is for its caller. */
import type { AssignedAddress, Ipam, PoolUtilization } from '../../ipam/api.ts';
import type { DemoPool } from './plan.ts';
import type { Pod } from './pods.ts';

/** Long enough that released addresses are still cooling when the picture is drawn. */
const COOLDOWN_SECONDS = 300;

/** Pods that a node starts at the same time. */
const PODS_AT_ONCE = 4;

export interface Placement {
  readonly pod: Pod;
  readonly addresses: readonly AssignedAddress[];
}

/** Pods by the node they run on, nodes in order of appearance. */
export function podsByNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const nodes = new Map<string, Pod[]>();
  for (const pod of pods) nodes.set(pod.node, [...(nodes.get(pod.node) ?? []), pod]);
  return nodes;
}

/** Creates those of `pools` that are not there yet. No cooldown: what an earlier demo left cooling may be used again. */
export async function prepare(ipam: Ipam, pools: readonly DemoPool[], signal: AbortSignal): Promise<void> {
  for (const { name, spec } of pools) {
    if ((await ipam.pools.get({ name, signal })) === undefined) await ipam.pools.create({ name, spec, signal });
  }
  await ipam.setConfig({ ipCooldownSeconds: 0, signal });
}

interface PlaceOptions {
  readonly signal: AbortSignal;
  /** Called after each pod. */
  readonly placed: () => void;
}

/** All nodes place their pods at the same time, a few at once each. Running it again finds the addresses held. */
export async function placePods(
  ipam: Ipam,
  nodes: ReadonlyMap<string, readonly Pod[]>,
  options: PlaceOptions,
): Promise<readonly Placement[]> {
  const queues = [...nodes.values()].map((pods) => pods.values());
  const starters = queues.flatMap((queue) => Array.from({ length: PODS_AT_ONCE }, () => placeFrom(queue, ipam, options)));
  return (await allOrFirstError(starters)).flat();
}

/** Takes pods from a queue, which others may share, until it is empty. */
async function placeFrom(queue: Iterable<Pod>, ipam: Ipam, { signal, placed }: PlaceOptions): Promise<readonly Placement[]> {
  const placements: Placement[] = [];
  for (const pod of queue) {
    const { v4, v6 } = await ipam.autoAssign({
      host: pod.node,
      handle: handleOf(pod),
      attrs: { node: pod.node, namespace: pod.namespace, pod: pod.name },
      num4: 1,
      num6: 1,
      ifHeld: 'return',
      registerNode: true,
      signal,
    });
    placements.push({ pod, addresses: [...(v4?.addresses ?? []), ...(v6?.addresses ?? [])] });
    placed();
  }
  return placements;
}

/** Gives up the addresses of all `pods`, which cool down from now on; the number of addresses released. */
export async function releasePods(ipam: Ipam, pods: readonly Pod[], signal: AbortSignal): Promise<number> {
  await ipam.setConfig({ ipCooldownSeconds: COOLDOWN_SECONDS, signal });
  const results = await allOrFirstError(pods.map((pod) => ipam.releaseByHandle({ handle: handleOf(pod), host: pod.node, signal })));
  return results.reduce((count, { released }) => count + released.length, 0);
}

/** How full the demo's pools are. */
export function utilizationOf(ipam: Ipam, pools: readonly DemoPool[], signal: AbortSignal): Promise<readonly PoolUtilization[]> {
  return ipam.getUtilization({ pools: pools.map(({ name }) => name), signal });
}

function handleOf({ namespace, name }: Pod): string {
  return `demo.${namespace}.${name}`;
}

/** Waits for all to end before it rejects, so that nothing uses the store after it is closed. */
async function allOrFirstError<T>(calls: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
