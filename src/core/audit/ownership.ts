/** I5: affinities beside the blocks they are for, and the nodes that own them. */
import type { AffinityState, Owner, RefOf } from '../records.ts';
import type { BlockSummary } from './block-summary.ts';
import { type Finding, finding, type Seen } from './finding.ts';

export interface SeenAffinity {
  readonly ref: RefOf<'affinity'>;
  /** Undefined: the value cannot be read. */
  readonly state: AffinityState | undefined;
  readonly seen: Seen;
}

export interface OwnershipQuery {
  /** By CIDR text; undefined: the block is there and cannot be read. */
  readonly blocks: ReadonlyMap<string, BlockSummary | undefined>;
  readonly affinities: readonly SeenAffinity[];
}

export function ownershipFindings({ blocks, affinities }: OwnershipQuery): Finding[] {
  const affine = new Set<string>();
  const findings: Finding[] = [];
  for (const affinity of affinities) {
    const { owner, cidr } = affinity.ref;
    affine.add(`${ownerText(owner)} ${cidr.text}`);
    if (affinity.state === undefined || (blocks.has(cidr.text) && blocks.get(cidr.text) === undefined)) continue;
    findings.push(...judgeAffinity(affinity, affinity.state, blocks.get(cidr.text)));
  }
  for (const block of blocks.values()) if (block) findings.push(...judgeOwner(block, affine));
  return findings;
}

function judgeAffinity({ ref, seen }: SeenAffinity, state: AffinityState, block: BlockSummary | undefined): Finding[] {
  const name = `Affinity of ${ownerText(ref.owner)} for ${ref.cidr.text}`;
  const subject = { block: ref.cidr.text, owner: ref.owner };
  const all = block ? [seen, block.seen] : [seen];
  const isOwn = block?.affinity === ownerText(ref.owner);
  const foundBlock = block ? `the block belongs to ${block.affinity ?? 'nobody'}` : 'there is no such block';
  if (state === 'pending')
    return [finding('affinity-pending', `${name} is pending, and ${isOwn ? 'the block is there' : foundBlock}.`, all, subject)];
  if (state === 'pendingDeletion') {
    return [
      finding('affinity-leaving', `${name} is being given up, and ${isOwn ? 'the block is still there' : foundBlock}.`, all, subject),
    ];
  }
  if (!block) return [finding('affinity-without-block', `${name} is confirmed, but there is no such block.`, all, subject)];
  return isOwn ? [] : [finding('affinity-foreign', `${name} is confirmed, but ${foundBlock}.`, all, subject)];
}

function judgeOwner({ cidr, affinity, owner, seen, isEmpty }: BlockSummary, affine: ReadonlySet<string>): Finding[] {
  const block = cidr.text;
  if (affinity === null) {
    return isEmpty ? [finding('block-stranded', `Block ${block} is empty and belongs to nobody.`, [seen], { block })] : [];
  }
  if (!owner || owner.name === '') {
    return [
      finding('owner-unreadable', `Block ${block} has the affinity ${JSON.stringify(affinity)}, which names no owner.`, [seen], { block }),
    ];
  }
  if (affine.has(`${affinity} ${block}`)) return [];
  return [
    finding('block-without-affinity', `Block ${block} belongs to ${affinity}, which has no affinity for it.`, [seen], { block, owner }),
  ];
}

/** One finding per node that owns blocks and has no record. */
export function missingNodes(blocks: Iterable<BlockSummary>, nodes: ReadonlySet<string>): Finding[] {
  const owned = new Map<string, { blocks: number; addresses: number; seen: Seen }>();
  for (const { owner, inUse, seen } of blocks) {
    if (owner?.type !== 'host' || owner.name === '' || nodes.has(owner.name)) continue;
    const before = owned.get(owner.name) ?? { blocks: 0, addresses: 0, seen };
    owned.set(owner.name, { ...before, blocks: before.blocks + 1, addresses: before.addresses + inUse });
  }
  return [...owned].map(([name, { blocks: count, addresses, seen }]) =>
    finding('node-missing', `Node ${name} owns ${count} block(s) with ${addresses} address(es) in use, but has no record.`, [seen], {
      name,
    }),
  );
}

export function ownerText({ type, name }: Owner): string {
  return `${type}:${name}`;
}
