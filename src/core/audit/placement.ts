/** Where blocks lie: in a pool, of its size, and apart from each other (I1). */
import { type Cidr, compareCidrs, covers, overlaps } from '../addr.ts';
import { poolHolding } from '../plan/settings.ts';
import type { IpamConfig, Pool } from '../records.ts';
import { type BlockSummary, sharedAddresses } from './block-summary.ts';
import { type Finding, finding } from './finding.ts';

export interface PlacementQuery {
  readonly blocks: readonly BlockSummary[];
  /** Pools that can be read. */
  readonly pools: readonly Pool[];
  /** A pool that cannot be read may be the one of any block. */
  readonly arePoolsKnown: boolean;
  readonly config: IpamConfig | undefined;
}

/** Addresses named in one sentence. */
const NAMED_MAX = 3;

export function placementFindings({ blocks, pools, arePoolsKnown, config }: PlacementQuery): Finding[] {
  return [
    ...blocks.flatMap((block) => [
      ...(arePoolsKnown ? poolFinding(block, pools) : []),
      ...(config?.strictAffinity && block.borrowed > 0 ? [borrowedFinding(block)] : []),
    ]),
    ...overlapFindings(blocks),
  ];
}

function poolFinding({ cidr, seen, inUse }: BlockSummary, pools: readonly Pool[]): Finding[] {
  const home = homeOf(cidr, pools);
  const addresses = inUse === 0 ? 'empty' : `with ${inUse} address(es) in use`;
  if (!home) return [finding('block-outside-pools', `Block ${cidr.text}, ${addresses}, lies in no pool.`, [seen], { block: cidr.text })];
  if (home.blockSize === cidr.prefixLength) return [];
  const what = `Block ${cidr.text}, ${addresses}, lies in pool ${home.name}, whose blocks are /${home.blockSize}.`;
  return [finding('block-size-differs', what, [seen], { block: cidr.text, name: home.name })];
}

/** The pool that holds the block, or that a larger block overlaps. */
export function homeOf(cidr: Cidr, pools: readonly Pool[]): Pool | undefined {
  return poolHolding(pools, cidr) ?? pools.find((pool) => pool.cidr !== undefined && overlaps(pool.cidr, cidr));
}

function borrowedFinding({ cidr, affinity, borrowed, seen }: BlockSummary): Finding {
  const what = `Block ${cidr.text} belongs to ${affinity}, but ${borrowed} of its addresses are held by other nodes.`;
  return finding('borrowed-under-strict', what, [seen], { block: cidr.text });
}

/** In order of their first address an overlap is with one of the blocks that are still open: hardly ever more than one. */
function overlapFindings(blocks: readonly BlockSummary[]): Finding[] {
  const findings: Finding[] = [];
  let open: BlockSummary[] = [];
  for (const block of blocks.toSorted((a, b) => compareCidrs(a.cidr, b.cidr))) {
    open = open.filter(({ cidr }) => covers(cidr, block.cidr));
    for (const larger of open) findings.push(...overlapOf(larger, block));
    open.push(block);
  }
  return findings;
}

function overlapOf(larger: BlockSummary, smaller: BlockSummary): Finding[] {
  const subject = { block: larger.cidr.text, other: smaller.cidr.text };
  const seen = [larger.seen, smaller.seen];
  const shared = sharedAddresses(larger, smaller);
  const named = shared.slice(0, NAMED_MAX).map(({ ip, holders: [one, other] }) => `${ip} (${one} and ${other})`);
  const more = shared.length > NAMED_MAX ? ` and ${shared.length - NAMED_MAX} more` : '';
  return [
    finding('blocks-overlap', `Block ${larger.cidr.text} and block ${smaller.cidr.text} have addresses in common.`, seen, subject),
    ...(shared.length === 0
      ? []
      : [
          finding(
            'address-two-owners',
            `Held in both ${larger.cidr.text} and ${smaller.cidr.text}: ${named.join(', ')}${more}.`,
            seen,
            subject,
          ),
        ]),
  ];
}
