/** CHECK: the previous result against the store, naming every difference (SS-30). */
import { containsIp, parseCidrMasked, parseIp } from '../core/addr.ts';
import type { Ipam } from '../ipam/api.ts';
import { IpamError } from '../ipam/errors.ts';
import { handleOf } from './attachment.ts';
import { CniError, CODES } from './errors.ts';
import { addressesOfResult } from './result.ts';
import { callOptions, type Work } from './verbs.ts';

export async function check(work: Work, ipam: Ipam): Promise<string> {
  const { conf, attachment } = work;
  const handle = handleOf(attachment);
  const held = await heldUnder(work, ipam, handle);
  // Without it there is nothing to compare, as for calico-ipam and host-local.
  const expected = addressesOfResult(conf.prevResult ?? { ips: held.map((address) => ({ address })) });
  if (!expected) throw new CniError(CODES.undecodable, 'prevResult has no readable list of addresses');
  const missing = await managed(
    work,
    ipam,
    expected.filter((ip) => !held.includes(ip)),
  );
  const added = held.filter((ip) => !expected.includes(ip));
  if (missing.length + added.length === 0 && held.length > 0) return '';
  const differences = [
    ...(await Promise.all(missing.map((ip) => whoHas(work, ipam, ip)))),
    ...added.map((ip) => `${ip} is held by this attachment and missing in prevResult`),
    ...(held.length === 0 ? [`the store has no address for it (handle ${handle})`] : []),
  ];
  const { network, containerId, ifname } = attachment;
  throw new CniError(
    CODES.conflict,
    `network ${network}, container ${containerId}, ${ifname} differs from the store: ${differences.join('; ')}`,
    'Remove the container and create it again.',
  );
}

async function heldUnder(work: Work, ipam: Ipam, handle: string): Promise<readonly string[]> {
  try {
    return await ipam.ipsByHandle({ ...callOptions(work), handle });
  } catch (error) {
    if (error instanceof IpamError && error.code === 'not-found') return [];
    throw error;
  }
}

/** Those that a pool of the store contains; others come from another plugin of the chain. */
async function managed(work: Work, ipam: Ipam, ips: readonly string[]): Promise<string[]> {
  if (ips.length === 0) return [];
  const pools = await ipam.pools.list({
    ...callOptions(work),
    onCorrupt: (key, reason) => work.log.warn({ event: 'unreadable-pool', key, reason }),
  });
  const cidrs = pools.flatMap(({ spec }) => parseCidrMasked(spec.cidr) ?? []);
  return ips.filter((text) => {
    const ip = parseIp(text);
    return ip !== undefined && cidrs.some((cidr) => containsIp(cidr, ip));
  });
}

async function whoHas(work: Work, ipam: Ipam, ip: string): Promise<string> {
  try {
    const { handle } = await ipam.getAssignmentAttributes({ ...callOptions(work), ip });
    return `${ip} is held ${handle === undefined ? 'without a handle' : `by handle ${handle}`}`;
  } catch (error) {
    if (error instanceof IpamError && (error.code === 'not-found' || error.code === 'address-cooling')) return `${ip} is held by nobody`;
    throw error;
  }
}
