/**
 * After a difference that leaves the two stores apart, ours gets Calico's values: every step is compared from a common
 * state, and a difference is reported where it arises and nowhere else. Handles keep true counts (kind 1).
 */
import { keyOf, parseKey } from '../../src/store/keys.ts';
import { cutId, heldBy, heldIn } from './blocks.ts';
import { countsOf, handleValue } from './handle-counts.ts';
import type { Snapshot } from './keyspace.ts';

/** What to write (null: delete) so that ours agrees with Calico's at `keys`, and at the handles of the blocks among them. */
export function resync(keys: readonly string[], calico: Snapshot, ours: Snapshot): ReadonlyMap<string, string | null> {
  const writes = new Map<string, string | null>();
  const handles = new Map<string, string>();
  for (const key of keys) {
    const ref = parseKey(key);
    if (ref?.kind === 'handle') handles.set(key, ref.id);
    else writes.set(key, calico.get(key) ?? null);
    if (ref?.kind !== 'block') continue;
    const ids = [calico.get(key), ours.get(key)].flatMap((value) => (value === undefined ? [] : [...heldIn(value).keys()]));
    for (const id of new Set(ids.flatMap((held) => [held, cutId(held)]))) handles.set(keyOf({ kind: 'handle', id }), id);
  }
  for (const [key, id] of handles) {
    const value = handleText(id, calico.get(key), calico);
    if (value !== (ours.get(key) ?? null)) writes.set(key, value);
  }
  return writes;
}

/** True counts where Calico's are at least that; Calico's own value where a history made it too low. */
function handleText(id: string, stored: string | undefined, calico: Snapshot): string | null {
  const held = heldBy(calico, id);
  const counts = countsOf(stored);
  const isEnough = counts !== undefined && [...held].every(([block, count]) => (counts.get(block) ?? 0) >= count);
  if (!isEnough) return stored ?? null;
  return held.size === 0 ? null : handleValue(held);
}
