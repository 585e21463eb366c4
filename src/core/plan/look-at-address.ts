/** Everything that is known of one address, gathered from one view. */
import { type Cidr, cidrOf, containsIp, type Ip, ordinalOf } from '../addr.ts';
import {
  affinityText,
  attributeAt,
  type Cooldown,
  collect,
  ordinalsInUse,
  ownerOf,
  sanitisedHandle,
  sequenceNumberAt,
  stateOf,
} from '../block.ts';
import type { Draft } from '../draft.ts';
import { done } from '../outcome.ts';
import { BLOCK_SIZES } from '../pool-spec.ts';
import type { Attribute, Block, Pool } from '../records.ts';
import { secondsOf, timeText } from '../time.ts';
import type { AddressBlock, AddressExplanation, AddressHolder, AddressPool } from './explain-address.ts';
import type { Planner } from './plan.ts';
import { blockRef, handleRef, nodeRef, RESERVATIONS } from './refs.ts';
import { settingsOf } from './settings.ts';

/** Finds a block of any size, also one that its pool would not make today. */
export function lookAtAddress(ip: Ip): Planner<AddressExplanation> {
  return (draft, env) => {
    const candidates = blocksAround(ip);
    draft.require({ refs: candidates.map(blockRef), collections: [RESERVATIONS] });
    const { pools, cooldown } = settingsOf(draft, env);
    const common = { ip: ip.text, pool: poolOf(pools, ip), reservedBy: reservedBy(draft, ip) };
    const nothing = { block: null, holder: null, cooling: null, queue: null };
    const cidr = candidates.find((each) => draft.find(blockRef(each)).kind !== 'absent');
    const found = cidr && draft.find(blockRef(cidr));
    if (!cidr || !found || found.kind === 'absent') return done({ ...common, ...nothing, state: 'no-block' });
    if (found.kind === 'corrupt') return done({ ...common, ...nothing, block: unreadableBlock(cidr, found.reason), state: 'unreadable' });
    return done({ ...common, block: blockFacts(draft, found.record, cooldown), ...placeIn(draft, found.record, ip, cooldown) });
  };
}

/** Smallest first: where a smaller and a larger one overlap, the smaller is the later one. */
function blocksAround(ip: Ip): Cidr[] {
  const { min, max } = BLOCK_SIZES[ip.version];
  return Array.from({ length: max - min + 1 }, (_, index) => cidrOf(ip, max - index));
}

function poolOf(pools: readonly Pool[], ip: Ip): AddressPool | null {
  const holding = pools.filter(({ cidr }) => cidr !== undefined && containsIp(cidr, ip));
  const pool = holding.find(({ disabled }) => !disabled) ?? holding[0];
  if (!pool) return null;
  const { name, cidrText, disabled, assignmentMode, allowedUses } = pool;
  return { name, cidr: cidrText, disabled, assignmentMode, allowedUses };
}

function reservedBy(draft: Draft, ip: Ip): string[] {
  return draft.members(RESERVATIONS).flatMap((ref) => {
    const found = ref.kind === 'reservation' ? draft.find(ref) : undefined;
    const matches = found?.kind === 'present' && found.record.cidrs.some((cidr) => containsIp(cidr, ip));
    return matches ? [found.record.name] : [];
  });
}

function unreadableBlock(cidr: Cidr, fault: string): AddressBlock {
  return { cidr: cidr.text, affinity: null, nodeKnown: null, claimedAt: null, held: 0, cooling: 0, free: 0, holders: [], fault };
}

function blockFacts(draft: Draft, stored: Block, cooldown: Cooldown): AddressBlock {
  const { block } = collect(stored, cooldown);
  const inUse = ordinalsInUse(block);
  const held = inUse.filter((ordinal) => stateOf(block, ordinal) === 'held');
  const owner = ownerOf(block);
  return {
    cidr: block.cidr.text,
    affinity: block.affinity,
    nodeKnown: owner?.type === 'host' ? isKnown(draft, owner.name) : null,
    claimedAt: block.affinityClaimTime ?? null,
    held: held.length,
    cooling: inUse.length - held.length,
    free: block.unallocated.length,
    holders: holdersOf(held.map((ordinal) => attributeAt(block, ordinal))),
    fault: null,
  };
}

function holdersOf(attributes: readonly (Attribute | undefined)[]): AddressBlock['holders'] {
  const counts = new Map<string | null, number>();
  for (const attribute of attributes) {
    const handle = handleOf(attribute);
    counts.set(handle, (counts.get(handle) ?? 0) + 1);
  }
  return [...counts].map(([handle, addresses]) => ({ handle, addresses }));
}

function handleOf(attribute: Attribute | undefined): string | null {
  return attribute?.handleId === undefined ? null : sanitisedHandle(attribute.handleId);
}

type Place = Pick<AddressExplanation, 'state' | 'holder' | 'cooling' | 'queue'>;

function placeIn(draft: Draft, stored: Block, ip: Ip, cooldown: Cooldown): Place {
  const ordinal = ordinalOf(stored.cidr, ip) as number;
  const { block } = collect(stored, cooldown);
  const releasedAt = attributeAt(stored, ordinal)?.releasedAt;
  const until = releasedAt === undefined ? undefined : endOfCooldown(releasedAt, cooldown);
  switch (stateOf(block, ordinal)) {
    case 'held':
      return { state: 'held', holder: holderFacts(draft, block, ordinal), cooling: null, queue: null };
    case 'cooling':
      return { state: 'cooling', holder: null, cooling: { releasedAt: releasedAt ?? '', until: until ?? 'unknown' }, queue: null };
    case 'free':
      return {
        state: 'free',
        holder: null,
        cooling: null,
        queue: { before: block.unallocated.indexOf(ordinal), freeSince: until ?? null },
      };
  }
}

function endOfCooldown(releasedAt: string, { seconds }: Cooldown): string | undefined {
  const released = secondsOf(releasedAt);
  return released === undefined ? undefined : timeText((released + BigInt(seconds)) * 1_000_000_000n);
}

function holderFacts(draft: Draft, block: Block, ordinal: number): AddressHolder {
  const attribute = attributeAt(block, ordinal);
  const handle = handleOf(attribute);
  const node = attribute?.secondary?.['node'] ?? null;
  return {
    handle,
    handleKnown: handle === null ? null : fitsIntoKey(handle) && draft.find(handleRef(handle)).kind !== 'absent',
    active: attribute?.secondary ?? null,
    alternate: attribute?.alternate ?? null,
    sequenceNumber: sequenceNumberAt(block, ordinal),
    assignedAt: attribute?.secondary?.['timestamp'] ?? null,
    node,
    nodeKnown: node === null ? null : isKnown(draft, node),
    borrowed: node !== null && block.affinity !== affinityText({ type: 'host', name: node }),
  };
}

/** A name that can be no node's, as foreign data may have, is not looked up. */
function isKnown(draft: Draft, node: string): boolean {
  return node !== '' && !node.includes('/') && fitsIntoKey(node) && draft.find(nodeRef(node)).kind !== 'absent';
}

/** The longest name that leaves room in a key for what is around it. */
const NAME_BYTES_MAX = 900;

/** Of a longer name, as foreign data may have, there is no record. */
function fitsIntoKey(name: string): boolean {
  return new TextEncoder().encode(name).length <= NAME_BYTES_MAX;
}
