/** Which addresses of a release are not what the caller believes, by Calico's stored blocks (BK-15 to BK-19). */
import { ordinalOf, parseIp } from '../../src/core/addr.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { blockEntries, cutId, objectAt } from './blocks.ts';
import type { Snapshot } from './keyspace.ts';

/** `options` as the history has them: `address`, and perhaps `handle` and `sequenceNumber`. */
export function mismatchedAddresses(options: Json | undefined, stored: Snapshot): string[] {
  if (!Array.isArray(options)) return [];
  const blocks = blockEntries(stored);
  return (options as readonly Json[]).flatMap((json) => {
    const option = json as JsonObject;
    const ip = parseIp(String(option.get('address')));
    const block = ip && blocks.find(({ cidr }) => ordinalOf(cidr, ip) !== undefined);
    const ordinal = block && ordinalOf(block.cidr, ip);
    const value = block && objectAt(block.value);
    return ip && value && ordinal !== undefined && isMismatch(option, value, ordinal) ? [ip.text] : [];
  });
}

function isMismatch(option: JsonObject, block: JsonObject, ordinal: number): boolean {
  const [number, handle] = [option.get('sequenceNumber'), option.get('handle')];
  const numbers = block.get('sequenceNumberForAllocation');
  const stored = numbers instanceof Map ? (numbers as JsonObject).get(String(ordinal)) : undefined;
  if (number !== undefined && String(number) !== String(stored ?? 0)) return true;
  const holder = holderOf(block, ordinal);
  return typeof handle === 'string' && holder !== undefined && holder !== handle;
}

/** The handle, cut, that holds the ordinal; empty for one without handle, undefined when nobody holds it. */
function holderOf(block: JsonObject, ordinal: number): string | undefined {
  const [allocations, attributes] = [block.get('allocations'), block.get('attributes')];
  const index: Json | undefined = Array.isArray(allocations) ? (allocations as readonly Json[])[ordinal] : undefined;
  if (typeof index !== 'number') return undefined;
  const attribute: Json | undefined = Array.isArray(attributes) ? (attributes as readonly Json[])[index] : undefined;
  if (!(attribute instanceof Map) || attribute.has('releasedAt')) return undefined;
  const handle: Json | undefined = (attribute as JsonObject).get('handle_id');
  return typeof handle === 'string' ? cutId(handle) : '';
}
