/** A host that may use only so many blocks of its own: behind a Linux bridge there is one gateway of each family, and so one block. */
import { type Cidr, covers } from '../addr.ts';
import { type Cooldown, collect, isEmpty } from '../block.ts';
import type { Draft } from '../draft.ts';
import { type Refusal, refused } from '../outcome.ts';
import type { Owner } from '../records.ts';
import { timeText } from '../time.ts';
import type { Assigned } from './assigned.ts';
import { affineCidrs } from './own-blocks.ts';
import type { PlanEnv } from './plan.ts';
import { blockRef, markRef } from './refs.ts';

/** Two first claims of one host at the same moment know nothing of each other: both change this mark, so one of them looks again. */
export function claimMark(host: string) {
  return markRef('operation', `claim-${host}`);
}

/** Of the host's blocks those it may use: ones with addresses in use before empty ones, since their gateway is in use too. */
export function usedBlocks(
  draft: Draft,
  cidrs: readonly Cidr[],
  { blocksMax, cooldown }: { blocksMax: number; cooldown: Cooldown },
): Cidr[] {
  draft.require({ refs: cidrs.map(blockRef) });
  const inUse = cidrs.filter((cidr) => {
    const found = draft.find(blockRef(cidr));
    return found.kind === 'present' && !isEmpty(collect(found.record, cooldown).block);
  });
  return [...inUse, ...cidrs.filter((cidr) => !inUse.includes(cidr))].slice(0, blocksMax);
}

interface Limit {
  readonly host: string;
  readonly owner: Owner;
  readonly blocksMax: number;
  readonly cooldown: Cooldown;
  /** The host's blocks before this plan. */
  readonly before: readonly Cidr[];
}

/**
 * Refuses addresses asked for by name in any other block of their pool (automatic ones are kept to few blocks when they are
 * looked for), and makes sure that a claim of this plan is the host's only one.
 */
export function keepToFewBlocks(draft: Draft, env: PlanEnv, given: readonly Assigned[], limit: Limit): Refusal | undefined {
  const { host, owner, before, blocksMax, cooldown } = limit;
  for (const { ip, block, poolCidr, borrowed, existing } of given) {
    const own = before.filter((cidr) => poolCidr !== undefined && covers(poolCidr, cidr));
    const used = usedBlocks(draft, own, { blocksMax, cooldown });
    const isNewOfOwn = !borrowed && own.length < blocksMax;
    if (existing || isNewOfOwn || used.some(({ text }) => text === block.text)) continue;
    const instead =
      used.length > 0 ? `uses ${used.map(({ text }) => text).join(', ')} and no other block of this pool` : 'may not borrow it';
    const message = `${ip.text} is in block ${block.text}, but host ${host} ${instead}. Choose another address.`;
    return refused('block-limit', message, { ip: ip.text, block: block.text, limit: blocksMax });
  }
  if (affineCidrs(draft, owner).length > before.length) draft.put(claimMark(host), { at: timeText(env.nowNs) });
  return undefined;
}
