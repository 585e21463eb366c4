/** GC: frees what this node holds of this network for attachments that the runtime does not know (SS-31). */
import type { BlockView, Ipam } from '../ipam/api.ts';
import { IpamError } from '../ipam/errors.ts';
import { calicoHandlesOf, handleOf, NETWORK_ATTRIBUTE } from './attachment.ts';
import { CniError, CODES } from './errors.ts';
import { callOptions, type Work } from './verbs.ts';

interface Held {
  readonly ip: string;
  readonly handle: string;
  readonly sequenceNumber: bigint;
  /** By this plugin, which has a handle for each interface; calico-ipam has one for all of a container. */
  readonly isOwn: boolean;
}

const MAX_PERCENT = 50;

export async function gc(work: Work, ipam: Ipam): Promise<string> {
  const valid = work.conf['cni.dev/valid-attachments'] ?? work.conf['cni.dev/attachments'];
  if (!valid)
    throw new CniError(CODES.invalidConfig, 'GC needs cni.dev/valid-attachments', 'A missing list is not an empty one: nothing was freed.');
  const { network } = work.attachment;
  const attachments = valid.map(({ containerID, ifname }) => ({ network, containerId: containerID, ifname }));
  const own = new Set(attachments.map(handleOf));
  const calico = new Set(attachments.flatMap((attachment) => calicoHandlesOf(attachment, work.call)));
  const { held, unreadable } = await heldHere(work, ipam);
  const stale = held.filter(({ handle, isOwn }) => !(isOwn ? own : calico).has(handle));
  refuseTooMany(work, stale, held);
  await free(work, ipam, stale);
  if (unreadable.length > 0)
    throw new CniError(
      CODES.conflict,
      `${stale.length} address(es) were freed, but stored values cannot be read: ${unreadable.join('; ')}`,
      'Look at them with: plat ipam check',
    );
  return '';
}

/** Addresses of this network that this node's containers hold; borrowed ones lie in the blocks of others. */
async function heldHere(work: Work, ipam: Ipam): Promise<{ held: Held[]; unreadable: string[] }> {
  const { strictAffinity } = await ipam.getConfig(callOptions(work));
  const held: Held[] = [];
  const unreadable: string[] = [];
  for await (const block of ipam.listBlocks({ ...callOptions(work), ...(strictAffinity && { host: work.host }) })) {
    if ('corruptKey' in block) unreadable.push(`${block.corruptKey} (${block.reason})`);
    else held.push(...heldIn(work, block));
  }
  return { held, unreadable };
}

function heldIn({ attachment: { network }, host }: Work, { held, affinity }: BlockView): Held[] {
  return held.flatMap(({ ip, attribute, sequenceNumber }) => {
    const handle = attribute?.handleId;
    if (!attribute || handle === undefined || attribute.releasedAt !== undefined) return [];
    const { node, [NETWORK_ATTRIBUTE]: own } = attribute.secondary ?? {};
    const isHere = node === undefined ? affinity === `host:${host}` : node === host;
    return isHere && (own ?? calicoNetworkOf(handle)) === network ? [{ ip, handle, sequenceNumber, isOwn: own !== undefined }] : [];
  });
}

/** Of a handle that calico-ipam wrote for a container of a runtime; those of virtual machines and operators are not GC's. */
function calicoNetworkOf(handle: string): string | undefined {
  return /^(.+)\.[0-9a-f]{64}$/.exec(handle)?.[1];
}

/** A runtime that lost its memory names too few attachments. */
function refuseTooMany({ conf }: Work, stale: readonly Held[], held: readonly Held[]): void {
  const maxPercent = conf.ipam.gcMaxPercent ?? MAX_PERCENT;
  if (stale.length * 100 <= held.length * maxPercent) return;
  throw new CniError(
    CODES.tooManyToFree,
    `GC would free ${stale.length} of the ${held.length} addresses that this node holds in the network, more than ${maxPercent} %`,
    `Nothing was freed: ${listed(stale)}. If this is right, set ipam.gcMaxPercent to 100 for one run.`,
  );
}

const LISTED_MAX = 10;

function listed(stale: readonly Held[]): string {
  const texts = stale.slice(0, LISTED_MAX).map(({ ip, handle }) => `${ip} (${handle})`);
  return stale.length > LISTED_MAX ? `${texts.join(', ')} and ${stale.length - LISTED_MAX} more` : texts.join(', ');
}

const FREED_AT_ONCE = 100;

/** Guarded by sequence numbers (I6): what changed hands meanwhile stays; errors are collected, the rest goes on. */
async function free(work: Work, ipam: Ipam, stale: readonly Held[]): Promise<void> {
  const problems: string[] = [];
  for (let at = 0; at < stale.length; at += FREED_AT_ONCE) {
    const ips = stale.slice(at, at + FREED_AT_ONCE);
    try {
      await ipam.releaseIps({ ...callOptions(work), host: work.host, ips });
    } catch (error) {
      // Somebody else has the address by now; anything else concerns all of them.
      if (!(error instanceof IpamError) || (error.code !== 'bad-sequence-number' && error.code !== 'wrong-handle')) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0)
    throw new CniError(CODES.conflict, `not everything could be freed: ${problems.join(' ')}`, 'The next GC tries again.');
}
