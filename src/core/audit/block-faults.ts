/** What is wrong inside one block (I2), and the block with that put right. */

import { ipOfOrdinal } from '../addr.ts';
import { type Cooldown, collect } from '../block.ts';
import type { Block } from '../records.ts';
import { secondsOf } from '../time.ts';
import type { FindingKind } from './finding.ts';

export type BlockFaultKind = Extract<
  FindingKind,
  | 'ordinal-lost'
  | 'ordinal-repeated'
  | 'ordinal-held-and-free'
  | 'attribute-missing'
  | 'attribute-unused'
  | 'number-unused'
  | 'cooling-over'
  | 'time-in-future'
>;

export interface BlockFault {
  readonly kind: BlockFaultKind;
  /** Continues a sentence that begins with the block. */
  readonly what: string;
}

/** Clocks of nodes differ by this much without being wrong. */
const CLOCK_SKEW_SECONDS = 5n;
/** Addresses named in one sentence. */
const NAMED_MAX = 5;

/** `cooldown`: undefined when the configuration cannot be read. */
export function faultsOfBlock(block: Block, nowNs: bigint, cooldown: Cooldown | undefined): BlockFault[] {
  const { lost, repeated, both, dangling, numbered } = sortOrdinals(block);
  const unused = unusedAttributes(block);
  const fault = (kind: BlockFaultKind, ordinals: readonly number[], what: (addresses: string) => string): BlockFault[] =>
    ordinals.length === 0 ? [] : [{ kind, what: what(named(block, ordinals)) }];
  return [
    ...fault('ordinal-lost', lost, (addresses) => `has ${addresses} neither free nor held`),
    ...fault('ordinal-repeated', repeated, (addresses) => `has ${addresses} in its free queue more than once`),
    ...fault('ordinal-held-and-free', both, (addresses) => `has ${addresses} both held and in its free queue`),
    ...fault('attribute-missing', dangling, (addresses) => `holds ${addresses} for an owner that is not recorded`),
    ...(unused.length === 0 ? [] : [{ kind: 'attribute-unused' as const, what: `records ${unused.length} owner(s) that hold nothing` }]),
    ...fault('number-unused', numbered, (addresses) => `has a sequence number for ${addresses}, which nobody holds`),
    ...coolingFaults(block, cooldown),
    ...futureFaults(block, nowNs),
  ];
}

interface SortedOrdinals {
  readonly lost: number[];
  readonly repeated: number[];
  readonly both: number[];
  readonly dangling: number[];
  readonly numbered: number[];
}

function sortOrdinals({ allocations, unallocated, attributes, sequenceNumberForAllocation: numbers }: Block): SortedOrdinals {
  const sorted: SortedOrdinals = { lost: [], repeated: [], both: [], dangling: [], numbered: [] };
  const queued = new Uint32Array(allocations.length);
  for (const ordinal of unallocated) queued[ordinal] = (queued[ordinal] ?? 0) + 1;
  const attributeCount = attributes?.length ?? 0;
  allocations.forEach((index, ordinal) => {
    const times = queued[ordinal] ?? 0;
    if (times > 1) sorted.repeated.push(ordinal);
    if (index === null) {
      if (times === 0) sorted.lost.push(ordinal);
      if (numbers?.has(ordinal)) sorted.numbered.push(ordinal);
      return;
    }
    if (times > 0) sorted.both.push(ordinal);
    if (index < 0 || index >= attributeCount) sorted.dangling.push(ordinal);
  });
  return sorted;
}

function unusedAttributes({ allocations, attributes }: Block): number[] {
  const used = new Set(allocations);
  return (attributes ?? []).flatMap((_, index) => (used.has(index) ? [] : [index]));
}

function coolingFaults(block: Block, cooldown: Cooldown | undefined): BlockFault[] {
  const isCooling = block.attributes?.some(({ releasedAt }) => releasedAt !== undefined);
  if (!isCooling || !cooldown) return [];
  const freed = collect(block, cooldown).block.unallocated.slice(block.unallocated.length);
  return freed.length === 0 ? [] : [{ kind: 'cooling-over', what: `still keeps ${named(block, freed)}, whose cooldown is over` }];
}

function futureFaults({ attributes, affinityClaimTime }: Block, nowNs: bigint): BlockFault[] {
  const isFuture = (time: string | undefined) =>
    (time === undefined ? 0n : (secondsOf(time) ?? 0n)) > nowNs / 1_000_000_000n + CLOCK_SKEW_SECONDS;
  const releasedAt = attributes?.find((attribute) => isFuture(attribute.releasedAt))?.releasedAt;
  return [
    ...(releasedAt === undefined
      ? []
      : [{ kind: 'time-in-future' as const, what: `has an address that was released at ${releasedAt}, which is in the future` }]),
    ...(isFuture(affinityClaimTime)
      ? [{ kind: 'time-in-future' as const, what: `was claimed at ${affinityClaimTime}, which is in the future` }]
      : []),
  ];
}

function named(block: Block, ordinals: readonly number[]): string {
  const shown = ordinals.slice(0, NAMED_MAX).map((ordinal) => ipOfOrdinal(block.cidr, ordinal).text);
  return ordinals.length > NAMED_MAX ? `${shown.join(', ')} and ${ordinals.length - NAMED_MAX} more` : shown.join(', ');
}

/** The block without every fault of these kinds; nobody's address is touched. */
export function withoutFaults(block: Block, kinds: ReadonlySet<FindingKind>, cooldown: Cooldown): Block {
  let mended = block;
  if (kinds.has('ordinal-held-and-free'))
    mended = { ...mended, unallocated: mended.unallocated.filter((ordinal) => mended.allocations[ordinal] === null) };
  if (kinds.has('ordinal-repeated')) mended = { ...mended, unallocated: [...new Set(mended.unallocated)] };
  if (kinds.has('ordinal-lost')) mended = { ...mended, unallocated: [...mended.unallocated, ...sortOrdinals(mended).lost] };
  if (kinds.has('number-unused')) mended = withoutNumbers(mended, sortOrdinals(mended).numbered);
  return kinds.has('attribute-unused') || kinds.has('cooling-over') ? collect(mended, cooldown).block : mended;
}

function withoutNumbers(block: Block, ordinals: readonly number[]): Block {
  const numbers = new Map(block.sequenceNumberForAllocation);
  for (const ordinal of ordinals) numbers.delete(ordinal);
  return { ...block, sequenceNumberForAllocation: numbers };
}
