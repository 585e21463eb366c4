/** ReleaseIPs and ReleaseByHandle in Calico's steps: block first, handle second. */
import { type Cidr, cidrOf, containsIp, ordinalOf, parseCidrMasked, parseIp } from '../../../src/core/addr.ts';
import { type Claim, type Cooldown, collect, isEmpty, release, releaseHandle, updated } from '../../../src/core/block.ts';
import type { Block } from '../../../src/core/records.ts';
import type { ReleaseClaim } from '../operation.ts';
import { blockRef, type Calico, RETRIES_MAX, settingsOf } from './context.ts';
import { Conflict, Failed, type Stored } from './entries.ts';
import { decrement } from './handles.ts';

export async function releaseIp(calico: Calico, { ip: text, handle, sequenceNumber }: ReleaseClaim): Promise<void> {
  const ip = parseIp(text);
  const { pools, cooldown } = await settingsOf(calico);
  const pool = ip && pools.find(({ cidr }) => containsIp(cidr, ip));
  if (!ip || !pool) return;
  const cidr = cidrOf(ip, pool.blockSize);
  const claim: Claim = { ordinal: ordinalOf(cidr, ip) as number, handle, sequenceNumber };
  const counts = await changeBlock(calico, cidr, cooldown, (block) => {
    const outcome = release(block, [claim], cooldown);
    return outcome.kind === 'released' && outcome.changed ? { block: outcome.block, counts: outcome.countByHandle } : undefined;
  });
  for (const [id, count] of counts) await decrement(calico, id, cidr, count);
}

/** RH-02, RH-04: a handle without addresses is left as it is. */
export async function releaseByHandle(calico: Calico, handle: string): Promise<void> {
  const stored = await calico.entries.get({ kind: 'handle', id: handle });
  const { cooldown } = await settingsOf(calico);
  for (const text of stored?.record.blocks.keys() ?? []) {
    const cidr = parseCidrMasked(text) as Cidr;
    const counts = await changeBlock(calico, cidr, cooldown, (block) => {
      const { block: next, ordinals } = releaseHandle(block, handle, cooldown);
      return ordinals.length > 0 ? { block: next, counts: new Map([[handle, ordinals.length]]) } : undefined;
    });
    for (const [id, count] of counts) await decrement(calico, id, cidr, count);
  }
}

type Released = { readonly block: Block; readonly counts: ReadonlyMap<string, number> };

/** RI-10: what is empty and nobody's is deleted instead of written. Gives what was released per handle. */
async function changeBlock(
  calico: Calico,
  cidr: Cidr,
  cooldown: Cooldown,
  change: (block: Block) => Released | undefined,
): Promise<ReadonlyMap<string, number>> {
  for (let attempt = 0; attempt < RETRIES_MAX; attempt++) {
    const stored: Stored<'block'> | undefined = await calico.entries.get(blockRef(cidr));
    const released = stored && change(collect(stored.record, cooldown).block);
    if (!released) return new Map();
    const next = collect(released.block, cooldown).block;
    try {
      if (next.affinity === null && isEmpty(next)) await calico.entries.delete(stored);
      else await calico.entries.update(stored, updated(next));
      return released.counts;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
  throw new Failed('max retries hit');
}
