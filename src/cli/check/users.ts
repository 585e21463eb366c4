/** Who says that it uses which address: pods, and the tunnels in the records of nodes. */
import { parseIp } from '../../core/addr.ts';
import type { NodeResource } from '../../ipam/api.ts';
import type { Inventory } from '../../ipam/upkeep/api.ts';

export interface Users {
  /** Names of the users by address, as calicoctl prints them. */
  readonly byIp: ReadonlyMap<string, readonly string[]>;
  readonly tunnels: number;
  readonly workloads: number;
}

export function usersOf(inventory: Inventory, nodes: readonly NodeResource[]): Users {
  const byIp = new Map<string, string[]>();
  const use = (ip: string, user: string) => {
    const users = byIp.get(ip);
    if (users) users.push(user);
    else byIp.set(ip, [user]);
  };
  let tunnels = 0;
  for (const { name, spec } of nodes) {
    for (const ip of tunnelsOf(spec)) {
      tunnels++;
      use(ip, `Node(${name})`);
    }
  }
  let workloads = 0;
  for (const { namespace, name, ips, isOver, isHostNetwork } of inventory.pods?.values() ?? []) {
    if (isOver || isHostNetwork) continue;
    for (const ip of ips) {
      workloads++;
      use(ip, `Workload(${namespace}/${name})`);
    }
  }
  return { byIp, tunnels, workloads };
}

/** Data model §7.3; calicoctl leaves the IPv6 ones out and reports them as leaked. */
function tunnelsOf(spec: unknown): string[] {
  const { bgp, wireguard, ipv4VXLANTunnelAddr, ipv6VXLANTunnelAddr } = membersOf(spec);
  const { ipv4IPIPTunnelAddr } = membersOf(bgp);
  const { interfaceIPv4Address, interfaceIPv6Address } = membersOf(wireguard);
  const texts = [ipv4IPIPTunnelAddr, ipv4VXLANTunnelAddr, ipv6VXLANTunnelAddr, interfaceIPv4Address, interfaceIPv6Address];
  return texts.flatMap((text) => (typeof text === 'string' ? (parseIp(text)?.text ?? []) : []));
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
