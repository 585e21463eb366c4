/** DEL: releases the attachment, also one that calico-ipam made; what is not there is released already (SS-28, SS-29, I11). */
import type { Ipam } from '../ipam/api.ts';
import { calicoHandlesOf, handleOf, NETWORK_ATTRIBUTE } from './attachment.ts';
import { blockHintsOf } from './block-hints.ts';
import { CniError, CODES } from './errors.ts';
import { callOptions, type Work } from './verbs.ts';

export async function del(work: Work, ipam: Ipam): Promise<string> {
  const { attachment, call, host, log } = work;
  const handle = handleOf(attachment);
  const former = { handles: calicoHandlesOf(attachment, call), unlessAttribute: NETWORK_ATTRIBUTE };
  const likelyBlocks = blockHintsOf(work)?.blocks ?? [];
  const beforeCommit = () => {
    // Its container may have been started anew meanwhile, under the same id.
    if (work.hasEnded()) throw new CniError(CODES.tryAgainLater, 'the process that was to release has ended, so nothing was released', '');
  };
  const { found, released } = await ipam.releaseByHandle({
    ...callOptions(work),
    handle,
    host,
    former,
    likelyBlocks,
    beforeCommit,
    final: true,
  });
  log.debug({ event: found ? 'released' : 'nothing-to-release', handle, addresses: released });
  return '';
}
