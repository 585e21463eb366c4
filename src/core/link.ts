/** What a network segment shared by containers keeps for itself: the network's own address, a gateway, the broadcast address. */
import { type Cidr, containsIp, type Ip, ipAt, lastValue } from './addr.ts';

/** How the addresses of one assignment are grouped into segments. */
export interface LinkPolicy {
  /** A segment is a block, or a whole pool. */
  readonly subnet: 'block' | 'pool';
  /** Gateways given by name; a segment without one among them has its first usable address as gateway. */
  readonly gateways: readonly Ip[];
}

/** The gateway of the segment `subnet`: one of `gateways` when it lies inside, else the first usable address. */
export function gatewayOf(subnet: Cidr, gateways: readonly Ip[]): Ip {
  return gateways.find((gateway) => containsIp(subnet, gateway)) ?? ipAt(subnet.version, subnet.base + 1n);
}

/** What `ip` is on the segment, when no container may have it; undefined when one may. */
export function roleOnLink(subnet: Cidr, gateway: Ip, ip: Pick<Ip, 'value'>): 'network' | 'gateway' | 'broadcast' | undefined {
  if (ip.value === gateway.value) return 'gateway';
  if (ip.value === subnet.base) return 'network';
  return subnet.version === 4 && ip.value === lastValue(subnet) ? 'broadcast' : undefined;
}
