/** Releases: right ones, stale ones, wrong ones. */
import type { Hold } from '../check/hold.ts';
import type { Cluster } from '../cluster.ts';
import type { ReleaseClaim } from '../operation.ts';
import { type PlatStart, plain } from './start.ts';

export function releaseIps(cluster: Cluster, host: string): PlatStart {
  const { random } = cluster;
  const count = random.weighted([
    [6, 1],
    [2, 2],
    [1, 4],
  ] as const);
  const claims = random.chance(0.3) ? neighbours(cluster) : Array.from({ length: count }, () => claimOn(cluster));
  const node = random.chance(0.6) ? { host } : {};
  return {
    label: `releaseIps ${claims.map(({ ip, handle, sequenceNumber }) => [ip, handle, sequenceNumber].filter((part) => part !== undefined).join(' ')).join(', ')}`,
    request: { kind: 'release-ips', claims },
    isRepeatable: true,
    run: async (ipam, { signal, timeoutMs }) => {
      const result = await ipam.releaseIps({ ips: claims, ...node, signal, ...(timeoutMs !== undefined && { timeoutMs }) });
      return { kind: 'released', ...result };
    },
  };
}

/** Some of what one block holds: often several addresses of one handle. */
function neighbours(cluster: Cluster): ReleaseClaim[] {
  const { random } = cluster;
  const claims = cluster
    .someHolds()
    .filter(() => random.chance(0.6))
    .map(claimOf);
  return claims.length > 0 ? claims : [claimOn(cluster)];
}

function claimOn(cluster: Cluster): ReleaseClaim {
  const { random } = cluster;
  const hold = cluster.someHold();
  const stale = cluster.ended.length > 0 ? random.pick(cluster.ended) : undefined;
  if (stale && random.chance(0.25)) return claimOf(stale);
  if (!hold || random.chance(0.1)) return { ip: cluster.someIp() };
  return random.weighted<() => ReleaseClaim>([
    [5, () => claimOf(hold)],
    [2, () => ({ ip: hold.ip })],
    [1, () => ({ ip: hold.ip, sequenceNumber: hold.sequenceNumber + BigInt(random.int(3)) - 1n })],
    [1, () => ({ ip: hold.ip, handle: cluster.recentHandle().id })],
  ])();
}

function claimOf({ ip, handle, sequenceNumber }: Hold): ReleaseClaim {
  return { ip, sequenceNumber, ...(handle !== undefined && { handle }) };
}

export function releaseByHandle(cluster: Cluster, host: string): PlatStart {
  const { random } = cluster;
  const held = cluster.someHold()?.handle;
  const handle = held !== undefined && random.chance(0.5) ? held : cluster.recentHandle().id;
  return releaseHandle(handle, { final: random.chance(0.6), ...(random.chance(0.6) && { host }) });
}

export function releaseHandle(handle: string, options: { readonly final: boolean; readonly host?: string }): PlatStart {
  return {
    label: `releaseByHandle ${handle}${options.final ? ' final' : ''}`,
    request: { kind: 'release-handle', handle, final: options.final },
    isRepeatable: true,
    run: async (ipam, { signal, timeoutMs }) => {
      const result = await ipam.releaseByHandle({ handle, ...options, signal, ...(timeoutMs !== undefined && { timeoutMs }) });
      return { kind: 'released-handle', ...result };
    },
  };
}

/** Questions: they write nothing, whatever they are told. */
export function reads(cluster: Cluster): PlatStart {
  const { random } = cluster;
  const handle = cluster.recentHandle().id;
  const ip = cluster.someHold()?.ip ?? cluster.someIp();
  return random.weighted<() => PlatStart>([
    [2, () => plain(`ipsByHandle ${handle}`, (ipam, call) => ipam.ipsByHandle({ handle, ...call }))],
    [2, () => plain(`getAssignmentAttributes ${ip}`, (ipam, call) => ipam.getAssignmentAttributes({ ip, ...call }))],
    [1, () => plain('getUtilization', (ipam, call) => ipam.getUtilization(call))],
  ])();
}
