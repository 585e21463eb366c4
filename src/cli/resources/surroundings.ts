/** What a description is made of. */
import { matches, parseSelector } from '../../core/selector.ts';
import type { BlockView, NodeResource, PoolResource, PoolUtilization, ReservationResource } from '../../ipam/api.ts';
import { percentOf } from '../quantity.ts';

/** Everything else in the store. */
export interface Surroundings {
  readonly blocks: readonly BlockView[];
  readonly pools: readonly PoolResource[];
  readonly reservations: readonly ReservationResource[];
  readonly nodes: readonly NodeResource[];
  readonly utilization: readonly PoolUtilization[];
}

/** One thing to tell: for people under a heading, for programs under a name. */
export interface Fact {
  readonly heading: string;
  readonly lines: readonly string[];
  readonly name: string;
  readonly value: unknown;
}
export type Facts = readonly Fact[];

export function fact(heading: string, name: string, value: unknown, lines: readonly string[] = [String(value)]): Fact {
  return { heading, name, value, lines };
}

/** `12 of 64 (19%)`. */
export function shareText(part: bigint | number, total: bigint | number): string {
  return `${part} of ${total} (${percentOf(BigInt(part), BigInt(total))}%)`;
}

/** Whether the node selector of a pool takes the node; a selector that cannot be read takes none. */
export function selectsNode(pool: PoolResource, { labels }: Pick<NodeResource, 'labels'>): boolean {
  const parsed = parseSelector(pool.spec.nodeSelector);
  return parsed.kind === 'selector' && matches(parsed.selector, labels);
}

/** The node of a block's affinity. */
export function nodeOfBlock({ affinity }: { readonly affinity: string | null }): string | undefined {
  return affinity?.startsWith('host:') ? affinity.slice('host:'.length) : undefined;
}

/** At most `max` lines, and how many are left out. */
export function atMost(max: number, lines: readonly string[]): readonly string[] {
  return lines.length <= max ? lines : [...lines.slice(0, max), `… and ${lines.length - max} more (-o json has all)`];
}
