/** Records made from the few members that a test is about. */
import { addressCount, type Cidr, type Ip, parseCidrMasked, parseIp } from '../../src/core/addr.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { type Block, NO_EXTRA, type Pool, type Reservation } from '../../src/core/records.ts';

export function cidr(text: string): Cidr {
  const parsed = parseCidrMasked(text);
  if (!parsed) throw new Error(`no network: ${text}`);
  return parsed;
}

export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed) throw new Error(`no address: ${text}`);
  return parsed;
}

/** A stored object from plain literals. */
export function jsonObject(members: Readonly<Record<string, Json>>): JsonObject {
  return new Map(Object.entries(members));
}

export function pool(name: string, cidrText: string, members: Partial<Pool> = {}): Pool {
  const network = parseCidrMasked(cidrText);
  return {
    name,
    cidr: network,
    cidrText,
    blockSize: network?.version === 6 ? 122 : 26,
    disabled: false,
    nodeSelector: 'all()',
    namespaceSelector: '',
    allowedUses: ['Workload', 'Tunnel'],
    assignmentMode: 'Automatic',
    object: new Map(),
    ...members,
  };
}

export function reservation(name: string, ...cidrs: string[]): Reservation {
  return { name, cidrs: cidrs.map(cidr), object: new Map() };
}

/** A block of `host:a` in which the given ordinals are held without handle; the others are free in ascending order. */
export function block(cidrText: string, held: readonly number[] = [], affinity: string | null = 'host:a'): Block {
  const network = cidr(cidrText);
  const ordinals = Array.from({ length: Number(addressCount(network)) }, (_, ordinal) => ordinal);
  return {
    cidr: network,
    affinity,
    affinityClaimTime: undefined,
    allocations: ordinals.map((ordinal) => (held.includes(ordinal) ? 0 : null)),
    unallocated: ordinals.filter((ordinal) => !held.includes(ordinal)),
    attributes:
      held.length === 0
        ? null
        : [{ handleId: undefined, secondary: undefined, alternate: undefined, releasedAt: undefined, extra: NO_EXTRA }],
    sequenceNumber: 1_787_380_200_123_456_789n,
    sequenceNumberForAllocation: new Map(held.map((ordinal) => [ordinal, 1_787_380_200_123_456_788n])),
    deleted: false,
    extra: NO_EXTRA,
  };
}
