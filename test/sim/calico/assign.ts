/** AutoAssign and AssignIP in Calico's steps. */
import { type Cidr, cidrOf, containsIp, covers, type Ip, ordinalOf, type Version } from '../../../src/core/addr.ts';
import { affinityText, assignFree, assignOrdinal, collect, type Holder, isEmpty, ownerOf, updated } from '../../../src/core/block.ts';
import type { Owner } from '../../../src/core/records.ts';
import { blockCount, blockWalk } from '../../../src/core/walk.ts';
import { claimBlock, releaseBlock } from './affinities.ts';
import { blockRef, type Calico, RETRIES_MAX, type Settings, settingsOf } from './context.ts';
import { Conflict, Failed, type Stored } from './entries.ts';
import { decrement, increment } from './handles.ts';

const RECLAIM_AGE_NS = 60_000_000_000n;

export interface CalicoAssign {
  readonly host: string;
  readonly holder: Holder;
}

interface Filling extends CalicoAssign {
  readonly calico: Calico;
  readonly owner: Owner;
  readonly settings: Settings;
  readonly pools: Settings['pools'];
}

export async function autoAssign(
  calico: Calico,
  assign: CalicoAssign & { readonly version: Version; readonly count: number },
): Promise<void> {
  const settings = await settingsOf(calico);
  const pools = settings.pools.filter(({ cidr, allowedUses }) => cidr.version === assign.version && allowedUses.includes('Workload'));
  const owner: Owner = { type: 'host', name: assign.host };
  const filling: Filling = { ...assign, calico, owner, settings, pools };
  let missing = assign.count;
  for (const { ref } of await calico.entries.list('affinity', { kind: 'affinitiesOf', owner })) {
    if (missing === 0 || !pools.some(({ cidr }) => covers(cidr, ref.cidr))) continue;
    const block = await ownBlock(filling, ref.cidr);
    if (block) missing -= await takeFrom(filling, block, missing);
  }
  for await (const block of otherBlocks(filling)) {
    if (missing === 0) return;
    missing -= await takeFrom(filling, block, missing);
  }
}

async function ownBlock({ calico, owner }: Filling, cidr: Cidr): Promise<Stored<'block'> | undefined> {
  const affinity = await calico.entries.get({ kind: 'affinity', owner, cidr });
  const block = await calico.entries.get(blockRef(cidr));
  const isUsable =
    block?.record.affinity === affinityText(owner) && (affinity?.record.state === 'confirmed' || affinity?.record.state === '');
  return isUsable ? block : claimBlock(calico, owner, cidr);
}

/** New blocks, then reclaimed ones, then those of others. */
async function* otherBlocks(filling: Filling): AsyncGenerator<Stored<'block'>> {
  const { calico, owner, settings, pools } = filling;
  const walk = pools.flatMap(({ cidr, blockSize }) => {
    const start = BigInt(Math.floor(calico.clock.random() * Number(blockCount(cidr, blockSize))));
    return [...blockWalk(cidr, blockSize, start)];
  });
  const taken: Cidr[] = [];
  for (const cidr of walk) {
    if (await calico.entries.get(blockRef(cidr))) taken.push(cidr);
    else {
      const block = await claimBlock(calico, owner, cidr);
      if (block) yield block;
    }
  }
  for (const cidr of taken) {
    const block = await reclaimed(filling, cidr);
    if (block) yield block;
  }
  if (settings.config.strictAffinity) return;
  for (const cidr of taken) {
    const block = await calico.entries.get(blockRef(cidr));
    if (block) yield block;
  }
}

/** RC-01 to RC-03. */
async function reclaimed({ calico, owner, settings }: Filling, cidr: Cidr): Promise<Stored<'block'> | undefined> {
  const found = await calico.entries.get(blockRef(cidr));
  const former = found && ownerOf(found.record);
  if (!former || former.name === owner.name || !isEmpty(collect(found.record, settings.cooldown).block)) return undefined;
  const claimedNs = BigInt(Date.parse(found.record.affinityClaimTime ?? '1970-01-01')) * 1_000_000n;
  if (claimedNs + RECLAIM_AGE_NS >= calico.clock.nowNs()) return undefined;
  await releaseBlock(calico, former, cidr, true);
  return claimBlock(calico, owner, cidr);
}

/** Handle first, block second; a conflict takes the count back (AA-26). Gives how many were taken. */
async function takeFrom(filling: Filling, from: Stored<'block'>, count: number): Promise<number> {
  const { calico, holder, settings, owner } = filling;
  let block: Stored<'block'> | undefined = from;
  for (let attempt = 0; block && attempt < RETRIES_MAX; attempt++) {
    if (settings.config.strictAffinity && block.record.affinity !== affinityText(owner)) return 0;
    const cidr: Cidr = block.ref.cidr;
    const { block: next, ordinals } = assignFree(collect(block.record, settings.cooldown).block, count, holder, () => false);
    if (ordinals.length === 0) return 0;
    if (holder.handle !== undefined) await increment(calico, holder.handle, cidr, count);
    try {
      await calico.entries.update(block, updated(next));
      return ordinals.length;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      if (holder.handle !== undefined) await decrement(calico, holder.handle, cidr, count);
      block = await calico.entries.get(blockRef(cidr));
    }
  }
  return 0;
}

/** A conflict counts the handle up once more (AI-14). */
export async function assignIp(calico: Calico, { host, holder, ip }: CalicoAssign & { readonly ip: Ip }): Promise<void> {
  const owner: Owner = { type: 'host', name: host };
  for (let attempt = 0; attempt < RETRIES_MAX; attempt++) {
    const settings = await settingsOf(calico);
    const pool = settings.pools.find(({ cidr }) => containsIp(cidr, ip));
    if (!pool) return;
    const cidr = cidrOf(ip, pool.blockSize);
    const block = (await calico.entries.get(blockRef(cidr))) ?? (await claimBlock(calico, owner, cidr));
    if (!block || (settings.config.strictAffinity && block.record.affinity !== affinityText(owner))) return;
    const assigned = assignOrdinal(collect(block.record, settings.cooldown).block, ordinalOf(cidr, ip) as number, holder);
    if (assigned.kind !== 'assigned') return;
    if (holder.handle !== undefined) await increment(calico, holder.handle, cidr, 1);
    try {
      await calico.entries.update(block, updated(assigned.block));
      return;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
  throw new Failed('max retries hit');
}
