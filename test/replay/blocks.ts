/** What stored blocks say about who holds what, read without the library. */
import { type Cidr, cidrOf, parseIp } from '../../src/core/addr.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { parseKey } from '../../src/store/keys.ts';
import { member, parseNode, valueOf } from './json.ts';
import type { Snapshot } from './keyspace.ts';

/** Addresses that a handle holds, by block CIDR text. */
export type Counts = ReadonlyMap<string, number>;

/** Ordinals held in one block per handle id, as stored. */
export function heldIn(blockValue: string): Map<string, number> {
  const held = new Map<string, number>();
  const block = objectAt(blockValue);
  const attributes = listOf(block?.get('attributes'));
  for (const index of listOf(block?.get('allocations'))) {
    const attribute = typeof index === 'number' ? attributes[index] : undefined;
    const handle = attribute instanceof Map ? (attribute as JsonObject).get('handle_id') : undefined;
    if (typeof handle === 'string') held.set(handle, (held.get(handle) ?? 0) + 1);
  }
  return held;
}

/** True when some ordinal is held or cooling. */
export function isInUse(blockValue: string): boolean {
  return listOf(objectAt(blockValue)?.get('allocations')).some((index) => index !== null);
}

export function affinityOf(blockValue: string | undefined): string | undefined {
  const affinity = blockValue === undefined ? undefined : objectAt(blockValue)?.get('affinity');
  return typeof affinity === 'string' ? affinity : undefined;
}

export function blockEntries(snapshot: Snapshot): { readonly key: string; readonly cidr: Cidr; readonly value: string }[] {
  return [...snapshot].flatMap(([key, value]) => {
    const ref = parseKey(key);
    return ref?.kind === 'block' ? [{ key, cidr: ref.cidr, value }] : [];
  });
}

/** What `handle` really holds; ids in blocks count up to their first carriage return too (BK-19). */
export function heldBy(snapshot: Snapshot, handle: string): Counts {
  const counts = new Map<string, number>();
  for (const { cidr, value } of blockEntries(snapshot)) {
    for (const [id, count] of heldIn(value)) {
      if (id === handle || cutId(id) === handle) counts.set(cidr.text, (counts.get(cidr.text) ?? 0) + count);
    }
  }
  return counts;
}

/** The id that Calico looks up: up to the first carriage return (RH-03). */
export function cutId(handle: string): string {
  return handle.split('\r', 1)[0] ?? '';
}

/** The block of an address that is written with its block's prefix length. */
export function blockOf(ipWithLength: string): string | undefined {
  const slash = ipWithLength.indexOf('/');
  const ip = parseIp(ipWithLength.slice(0, slash));
  return ip && cidrOf(ip, Number(ipWithLength.slice(slash + 1))).text;
}

/**
 * Whether a block got an attribute entry that equals one it had. The recording leaves empty maps out; that metadata was
 * empty and not absent shows in this alone (BK-04).
 */
export function addsEqualAttribute(changes: ReadonlyMap<string, string | null>, before: Snapshot): boolean {
  return [...changes].some(([key, value]) => {
    if (value === null || parseKey(key)?.kind !== 'block') return false;
    const old = attributeTexts(before.get(key) ?? '');
    const added = attributeTexts(value).slice(old.length);
    return added.some((text) => old.includes(text));
  });
}

function attributeTexts(blockValue: string): string[] {
  const attributes = member(parseNode(blockValue), 'attributes');
  return attributes?.kind === 'list' ? attributes.items.map(({ start, end }) => blockValue.slice(start, end)) : [];
}

export function objectAt(value: string): JsonObject | undefined {
  const node = parseNode(value);
  const json = node && valueOf(node);
  return json instanceof Map ? (json as JsonObject) : undefined;
}

function listOf(json: Json | undefined): readonly Json[] {
  return Array.isArray(json) ? (json as readonly Json[]) : [];
}
