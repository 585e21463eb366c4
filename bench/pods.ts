/** Requests as calico-ipam makes them for a pod: handle and metadata of the usual length. */
import { createHash } from 'node:crypto';
import type { AutoAssignOptions, Ipam } from '../src/ipam/api.ts';

const POOLS = [
  { name: 'pool-4', cidr: '10.0.0.0/10' },
  { name: 'pool-6', cidr: 'fd00:10::/64' },
];

const NODE_LABELS = {
  'beta.kubernetes.io/arch': 'amd64',
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': 'amd64',
  'kubernetes.io/os': 'linux',
  'node.kubernetes.io/instance-type': 'standard-8',
  'topology.kubernetes.io/region': 'region-1',
  'topology.kubernetes.io/zone': 'region-1-b',
};

/** `k8s-pod-network.<container id>`, other for each `pod`. */
export function handleOf(pod: string): string {
  return `k8s-pod-network.${digestOf(pod)}`;
}

export function attrsOf(host: string, pod: string): Record<string, string> {
  const name = `payments-api-7d9f8c6b5d-${digestOf(pod).slice(0, 5)}`;
  return { namespace: 'production', node: host, pod: name, timestamp: '2026-08-22 06:31:02.004511892 +0000 UTC' };
}

function digestOf(pod: string): string {
  return createHash('sha256').update(pod).digest('hex');
}

/** One IPv4 address for `pod`. */
export function podRequest(host: string, pod: string): AutoAssignOptions {
  return { host, handle: handleOf(pod), attrs: attrsOf(host, pod), num4: 1 };
}

/** Two pools, one of each family, with the default block sizes. */
export async function createPools(ipam: Ipam): Promise<void> {
  for (const { name, cidr } of POOLS) await ipam.pools.create({ name, spec: { cidr } });
}

export async function createNode(ipam: Ipam, name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  await ipam.nodes.create({ name, labels: { ...NODE_LABELS, 'kubernetes.io/hostname': name, ...labels }, spec: {} });
}
