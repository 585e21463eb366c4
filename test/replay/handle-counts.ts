/**
 * Kind 1. Calico adds to a handle, in every block it takes addresses from, the number it still wanted, and subtracts what a
 * release frees (HD-03): what it stores is computed here, so that no other wrong count passes for this difference.
 */
import type { Json, JsonObject } from '../../src/core/json.ts';
import { blockOf, type Counts, heldBy, objectAt } from './blocks.ts';
import type { Snapshot } from './keyspace.ts';
import type { Wanted } from './operations/operation.ts';

export interface HandleChange {
  readonly handle: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly ours: string | undefined;
}

export interface Surroundings {
  readonly calicoBefore: Snapshot;
  readonly calicoAfter: Snapshot;
  readonly oursAfter: Snapshot;
  /** Of the step, when it is an automatic assignment. */
  readonly wanted: Wanted | undefined;
  readonly result: Json | undefined;
}

/** Calico's count is what its way of counting gives, ours is what the blocks hold, and the blocks of both runs agree. */
export function isCountDifference(change: HandleChange, around: Surroundings): boolean {
  const { handle, after, ours } = change;
  const held = heldBy(around.oursAfter, handle);
  if (!areEqual(held, heldBy(around.calicoAfter, handle)) || !isCalicosCount(change, around)) return false;
  const calico = countsOf(after);
  const own = countsOf(ours);
  if (!calico || !own || (ours !== undefined && (own.size === 0 || ours !== handleValue(own)))) return false;
  return [...new Set([...held.keys(), ...calico.keys(), ...own.keys()])].every((block) => {
    const count = own.get(block) ?? 0;
    return count === (calico.get(block) ?? 0) || count === (held.get(block) ?? 0);
  });
}

/** The recorded value is what Calico's way of counting makes of the one before, letter by letter. */
export function isCalicosCount({ handle, before, after }: HandleChange, around: Surroundings): boolean {
  const counts = countsOf(before);
  const recorded = countsOf(after);
  if (!counts || !recorded) return false;
  if (after !== undefined && after !== before && after !== handleValue(recorded)) return false;
  const growth = around.wanted?.handle === handle ? wantedPerBlock(around.wanted, around.result) : NONE;
  return areEqual(recorded, afterStep(counts, heldBy(around.calicoBefore, handle), heldBy(around.calicoAfter, handle), growth));
}

const NONE: Counts = new Map();

/** As Calico writes it. */
export function handleValue(counts: Counts): string {
  const blocks = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([block, count]) => `${JSON.stringify(block)}:${count}`);
  return `{"block":{${blocks.join(',')}},"deleted":false}`;
}

/** Counts of a stored handle, none when it is absent; undefined when it is not one. */
export function countsOf(handleText: string | undefined): Counts | undefined {
  if (handleText === undefined) return NONE;
  const blocks = objectAt(handleText)?.get('block');
  if (!(blocks instanceof Map)) return undefined;
  const counts = [...(blocks as JsonObject)].flatMap(([block, count]) => (typeof count === 'number' ? [[block, count] as const] : []));
  return counts.length === blocks.size ? new Map(counts) : undefined;
}

/** Calico's counts once the blocks went from `before` to `after`. */
function afterStep(counts: Counts, before: Counts, after: Counts, growth: Counts): Counts {
  const result = new Map(counts);
  for (const block of new Set([...before.keys(), ...after.keys()])) {
    const count = result.get(block) ?? 0;
    const change = (after.get(block) ?? 0) - (before.get(block) ?? 0);
    if (change > 0) result.set(block, count + (growth.get(block) ?? change));
    // A decrement that does not fit is logged and left out (HD-05).
    if (change < 0 && count >= -change) result.set(block, count + change);
    if (result.get(block) === 0) result.delete(block);
  }
  return result;
}

/** What was still wanted when each block was used, by the order of the addresses in the result. */
function wantedPerBlock({ num4, num6 }: Wanted, result: Json | undefined): Counts {
  const perBlock = new Map<string, number>();
  for (const [family, wanted] of [['v4', num4] as const, ['v6', num6] as const]) {
    addresses(result, family).forEach((address, index, all) => {
      const block = blockOf(address);
      if (block === undefined || (index > 0 && blockOf(all[index - 1] as string) === block)) return;
      perBlock.set(block, (perBlock.get(block) ?? 0) + wanted - index);
    });
  }
  return perBlock;
}

function addresses(result: Json | undefined, family: string): string[] {
  const members = result instanceof Map ? (result as JsonObject).get(family) : undefined;
  const ips = members instanceof Map ? (members as JsonObject).get('ips') : undefined;
  return Array.isArray(ips) ? (ips as readonly Json[]).filter((ip) => typeof ip === 'string') : [];
}

function areEqual(a: Counts, b: Counts): boolean {
  return a.size === b.size && [...a].every(([block, count]) => b.get(block) === count);
}
