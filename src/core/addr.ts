/**
 * Addresses and networks: the only file that knows ipaddr.js.
 *
 * Values are canonical: equal addresses have equal `text`, so `text` serves as map key and in stored JSON.
 */
import ipaddr from 'ipaddr.js';

export type Version = 4 | 6;

/** One address. `text` is canonical: dotted decimal, or RFC 5952 for IPv6. */
export interface Ip {
  readonly version: Version;
  readonly value: bigint;
  readonly text: string;
}

/** A network without host bits. `text` is `address/prefixLength` (data model §2.1). */
export interface Cidr {
  readonly version: Version;
  readonly base: bigint;
  readonly prefixLength: number;
  readonly text: string;
}

export const ADDRESS_BITS: Readonly<Record<Version, number>> = { 4: 32, 6: 128 };

const IPV4_OCTETS = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
/** Of the eight parts of an IPv6 address, 16 bits each, the first part first. */
const IPV6_PART_SHIFTS = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n];
const PREFIX_LENGTH = /^(0|[1-9]\d{0,2})$/;

/**
 * Parses one address, strictly; `undefined` when it is none.
 *
 * Refused: leading zeros (`010.0.0.1`), short forms (`10.1`), decimal or hexadecimal integers, zones (`fe80::1%eth0`),
 * a mask, surrounding blanks. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is the IPv4 address (RI-18).
 */
export function parseIp(text: string): Ip | undefined {
  const octets = IPV4_OCTETS.exec(text);
  if (octets) return ipv4(octets);
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const tail = text.slice(text.lastIndexOf(':') + 1);
  if (tail.includes('.') && !IPV4_OCTETS.test(tail)) return undefined;
  const parsed = ipaddr.IPv6.parse(text);
  if (parsed.isIPv4MappedAddress()) return parseIp(parsed.toIPv4Address().toString());
  const value = parsed.parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);
  return { version: 6, value, text: parsed.toRFC5952String() };
}

function ipv4(octets: RegExpExecArray): Ip | undefined {
  let value = 0;
  for (let index = 1; index <= 4; index++) {
    const octet = Number(octets[index]);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return { version: 4, value: BigInt(value), text: octets[0] };
}

/**
 * Parses a network. `not-a-cidr`: no such text (`10/8`, a bad prefix length, anything {@link parseIp} refuses);
 * `host-bits`: an address inside the network where the network itself is wanted, with the network it lies in.
 */
export function parseCidr(text: string): { kind: 'cidr'; cidr: Cidr } | { kind: 'not-a-cidr' } | { kind: 'host-bits'; cidr: Cidr } {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const lengthText = text.slice(slash + 1);
  // A length written behind an IPv4-mapped address counts 128 bits: no IPv4 network is meant.
  const isMapped = ip?.version === 4 && text.includes(':');
  if (!ip || isMapped || !PREFIX_LENGTH.test(lengthText)) return { kind: 'not-a-cidr' };
  const prefixLength = Number(lengthText);
  if (prefixLength > ADDRESS_BITS[ip.version]) return { kind: 'not-a-cidr' };
  const cidr = cidrOf(ip, prefixLength);
  return cidr.base === ip.value ? { kind: 'cidr', cidr } : { kind: 'host-bits', cidr };
}

/** The network that `text` names, host bits cleared (stored values may carry them, PL-07); `undefined` when it is none. */
export function parseCidrMasked(text: string): Cidr | undefined {
  const parsed = parseCidr(text);
  return parsed.kind === 'not-a-cidr' ? undefined : parsed.cidr;
}

/** The network of `prefixLength` bits that holds `ip` (BM-01). */
export function cidrOf(ip: { version: Version; value: bigint }, prefixLength: number): Cidr {
  const hostBits = BigInt(ADDRESS_BITS[ip.version] - prefixLength);
  return cidrAt(ip.version, (ip.value >> hostBits) << hostBits, prefixLength);
}

/** The network that starts at `base`; `base` must have no host bits. */
export function cidrAt(version: Version, base: bigint, prefixLength: number): Cidr {
  return { version, base, prefixLength, text: `${formatIp(version, base)}/${prefixLength}` };
}

/** The address with the given numeric value. */
export function ipAt(version: Version, value: bigint): Ip {
  return { version, value, text: formatIp(version, value) };
}

function formatIp(version: Version, value: bigint): string {
  if (version === 4) {
    const bits = Number(value);
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
  }
  return new ipaddr.IPv6(IPV6_PART_SHIFTS.map((shift) => Number((value >> shift) & 0xffffn))).toRFC5952String();
}

/** Number of addresses in `cidr`, exact (BM-02). */
export function addressCount(cidr: Cidr): bigint {
  return 1n << BigInt(ADDRESS_BITS[cidr.version] - cidr.prefixLength);
}

/** The `ordinal`-th address of `cidr`; no check against its end (BM-03, BM-04). */
export function ipOfOrdinal(cidr: Cidr, ordinal: number | bigint): Ip {
  return ipAt(cidr.version, cidr.base + BigInt(ordinal));
}

/** Position of `ip` in `cidr`, or `undefined` when it lies outside (BM-03). */
export function ordinalOf(cidr: Cidr, ip: Ip): number | undefined {
  return containsIp(cidr, ip) ? Number(ip.value - cidr.base) : undefined;
}

export function containsIp(cidr: Cidr, ip: Ip): boolean {
  return cidr.version === ip.version && ip.value >= cidr.base && ip.value <= lastValue(cidr);
}

/** True when every address of `inner` is one of `outer` (BM-05). */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return outer.version === inner.version && outer.base <= inner.base && lastValue(inner) <= lastValue(outer);
}

/** True when the two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return covers(a, b) || covers(b, a);
}

/** Numeric value of the last address of `cidr`. */
export function lastValue(cidr: Cidr): bigint {
  return cidr.base + addressCount(cidr) - 1n;
}

/** Orders networks by family, then numerically, then larger networks first. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  if (a.version !== b.version) return a.version - b.version;
  if (a.base !== b.base) return a.base < b.base ? -1 : 1;
  return a.prefixLength - b.prefixLength;
}
