/** What a (network, container, interface) is called in the store. */
import type { CniCall } from './call.ts';

export interface Attachment {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

/** Addresses with this attribute were assigned by this plugin, for the network it names. */
export const NETWORK_ATTRIBUTE = 'network';

const USUAL_INTERFACE = 'eth0';

/**
 * The handle that holds the attachment's addresses. For the usual interface it is the one calico-ipam uses, so that either
 * plugin can release what the other assigned. Neither network names nor container ids have a ":", so the other form is
 * never ambiguous; a container id with a dot takes it too, since networks may have dots in their names.
 */
export function handleOf({ network, containerId, ifname }: Attachment): string {
  return ifname === USUAL_INTERFACE && !containerId.includes('.') ? `${network}.${containerId}` : `${network}:${containerId}:${ifname}`;
}

/** Handles under which calico-ipam, now or long ago, may have assigned to the same container. */
export function calicoHandlesOf({ network, containerId }: Attachment, { args }: CniCall): string[] {
  const pod = args.get('K8S_POD_NAME');
  const namespace = args.get('K8S_POD_NAMESPACE');
  return [`${network}.${containerId}`, pod && namespace ? `${namespace}.${pod}` : containerId];
}

/** Recorded with the addresses: what calico-ipam records, and what tells the attachment. */
export function attributesOf(attachment: Attachment, { args }: CniCall, host: string, nowNs: bigint): Record<string, string> {
  const pod = args.get('K8S_POD_NAME');
  const namespace = args.get('K8S_POD_NAMESPACE');
  return {
    node: host,
    timestamp: timestampOf(nowNs),
    ...(pod && namespace && { pod, namespace }),
    [NETWORK_ATTRIBUTE]: attachment.network,
    container: attachment.containerId,
    interface: attachment.ifname,
  };
}

/** As Go prints a time in UTC, which is how calico-ipam records it. */
function timestampOf(nowNs: bigint): string {
  const [day, time = ''] = new Date(Number(nowNs / 1_000_000n)).toISOString().split('T');
  const nanoseconds = String(nowNs % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${day} ${time.slice(0, 8)}${nanoseconds === '' ? '' : `.${nanoseconds}`} +0000 UTC`;
}
