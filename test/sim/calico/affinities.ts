/** Claiming and giving up a block: affinity first, then block, then affinity again (AA-14, AF-10, CR). */
import type { Cidr } from '../../../src/core/addr.ts';
import { affinityText, collect, disowned, isEmpty, newBlock, updated } from '../../../src/core/block.ts';
import { type Affinity, type AffinityState, NO_EXTRA, type Owner, type RefOf } from '../../../src/core/records.ts';
import { blockRef, type Calico, settingsOf } from './context.ts';
import { Conflict, type Stored } from './entries.ts';

function affinityRef(owner: Owner, cidr: Cidr): RefOf<'affinity'> {
  return { kind: 'affinity', owner, cidr };
}

function inState(state: AffinityState): Affinity {
  return { state, deleted: false, extra: NO_EXTRA };
}

/** The block of `owner` at `cidr`, created or confirmed; undefined when it is somebody else's (CR-01 to CR-04, AA-15). */
export async function claimBlock(calico: Calico, owner: Owner, cidr: Cidr): Promise<Stored<'block'> | undefined> {
  const { entries, clock } = calico;
  const ref = affinityRef(owner, cidr);
  const found = await entries.get(ref);
  const revision = found ? await entries.update(found, inState('pending')) : await entries.create(ref, inState('pending'));
  const pending: Stored<'affinity'> = { ref, record: inState('pending'), revision };
  const block = await createdOrFound(calico, cidr, () => newBlock(cidr, owner, clock.nowNs()));
  if (block.record.affinity !== affinityText(owner)) {
    await entries.delete(pending);
    return undefined;
  }
  await entries.update(pending, inState('confirmed'));
  return block;
}

async function createdOrFound({ entries }: Calico, cidr: Cidr, make: () => ReturnType<typeof newBlock>): Promise<Stored<'block'>> {
  const ref = blockRef(cidr);
  const record = make();
  try {
    return { ref, record, revision: await entries.create(ref, record) };
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    const found = await entries.get(ref);
    if (!found) throw error;
    if (found.record.affinity !== record.affinity) return found;
    // Confirming counts as an update (CR-02).
    const confirmed = updated(found.record);
    return { ref, record: confirmed, revision: await entries.update(found, confirmed) };
  }
}

/** AF-10, one block. */
export async function releaseBlock(calico: Calico, owner: Owner, cidr: Cidr, mustBeEmpty: boolean): Promise<void> {
  const { entries } = calico;
  const { cooldown } = await settingsOf(calico);
  const affinity = await entries.get(affinityRef(owner, cidr));
  const stored = affinity && (await entries.get(blockRef(cidr)));
  if (!affinity || !stored) return;
  const block = collect(stored.record, cooldown).block;
  if (block.affinity !== null && block.affinity !== affinityText(owner)) {
    await entries.delete(affinity);
    return;
  }
  if (mustBeEmpty && !isEmpty(block)) return;
  const revision = await entries.update(affinity, inState('pendingDeletion'));
  if (isEmpty(block)) await entries.delete(stored);
  else await entries.update(stored, updated(disowned(block)));
  await entries.delete({ ...affinity, revision });
}
