import { compareKeys } from './key-order.ts';
import type { Entry } from './port.ts';

/** Entries of a range in key order; `more`: the limit cut it short. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly more: boolean;
}

/**
 * The first `limit` entries of a range as they were at an earlier revision. `current`: the range as it is now, in key order.
 * `before`: every key of the range that changed since, with its entry at that revision; undefined: it did not exist.
 */
export function pageAsOf(current: Iterable<Entry>, before: ReadonlyMap<string, Entry | undefined>, limit: number): Page {
  const entries: Entry[] = [];
  for (const entry of current) {
    if (before.has(entry.key)) continue;
    entries.push(entry);
    // One more than the limit tells that there is more, and no later entry can come among the first ones.
    if (entries.length > limit) break;
  }
  if (before.size > 0) {
    for (const entry of before.values()) if (entry !== undefined) entries.push(entry);
    entries.sort((a, b) => compareKeys(a.key, b.key));
  }
  return { entries: entries.slice(0, limit), more: entries.length > limit };
}
