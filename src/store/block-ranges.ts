/**
 * Ranges of block keys around a network, and what they cost.
 *
 * Keys hold addresses as text, whose byte order is not the numeric one: `10.0.0.128-26` sorts before `10.0.0.64-26`, and
 * `fd80::1:40-122` between `fd80::-122` and `fd80::40-122`. So a range holds more than was asked for: whoever reads it
 * parses the keys and compares networks.
 */
import { addressCount, type Cidr, cidrOf, ipAt, ipOfOrdinal } from '../core/addr.ts';
import { type KeyRange, prefixRange } from './port.ts';

const DASH = '-';
/** The byte after `-`: no key segment has it right after an address, and `:` and all digits sort behind it. */
const AFTER_DASH = '.';

/**
 * Ranges that hold the key of every block inside `cidr`, `cidr` itself included; larger blocks around it are not looked for.
 * At most 16, not overlapping. `prefix`: what stands before the address in the keys of that family.
 *
 * A network of fewer than 256 addresses is widened to that: neighbours then have the same ranges, read once. What comes along:
 * - IPv4 of length 20 to 32: the blocks in the same /24s, at most 256 in each.
 * - IPv4, shorter: the blocks in the surrounding network whose length is 0, 8 or 16.
 * - IPv6 of length 112 to 128, x being the last group: the blocks of the same /112 whose x begins with the same digits; all
 *   blocks of the /112 when x < 100 (hexadecimal). Where `::` hides how many groups follow (`fd80::12` begins the text of
 *   `fd80::1240` and of `fd80::12:5:40`), also blocks at longer texts with these digits: only a network whose groups
 *   before x are zero, or are zeros and the same few groups, has such neighbours.
 * - IPv6, shorter: the blocks that share the whole groups before the first zero one.
 */
export function blockRanges(prefix: string, cidr: Cidr): KeyRange[] {
  if (cidr.version === 4) return leadingOctets(cidr).map((text) => prefixRange(prefix + text));
  return cidr.prefixLength >= 112 ? lastGroupRanges(prefix, cidr) : leadingGroups(cidr).map((text) => prefixRange(prefix + text));
}

/** Texts that IPv4 addresses in `cidr` start with: whole octets, as many as give at most 16 texts. */
function leadingOctets(cidr: Cidr): string[] {
  const octets = [3, 2, 1].find((count) => count * 8 - cidr.prefixLength <= 4) ?? 0;
  const length = octets * 8;
  const first = cidrOf({ version: 4, value: cidr.base }, Math.min(length, cidr.prefixLength));
  const step = 1n << BigInt(32 - length);
  const count = length > cidr.prefixLength ? 1 << (length - cidr.prefixLength) : 1;
  return Array.from({ length: count }, (_, index) => {
    const parts = ipOfOrdinal(first, BigInt(index) * step)
      .text.split('.')
      .slice(0, octets);
    return parts.map((part) => `${part}.`).join('');
  });
}

/** Texts that IPv6 addresses in `cidr` start with: up to the first zero group, which is either written or compressed away. */
function leadingGroups(cidr: Cidr): string[] {
  const whole = Math.floor(cidr.prefixLength / 16);
  let text = '';
  for (let index = 0; index < whole; index++) {
    const group = (cidr.base >> BigInt(112 - 16 * index)) & 0xffffn;
    if (group === 0n) return [`${text}0:`, `${text}:`];
    text += `${group.toString(16)}:`;
  }
  return [text];
}

/** Ranges over the last group of IPv6 addresses; what comes before it is the same text for all, except when it is zero. */
function lastGroupRanges(prefix: string, cidr: Cidr): KeyRange[] {
  const wide = cidr.prefixLength > 120 ? cidrOf({ version: 6, value: cidr.base }, 120) : cidr;
  const low = Number(wide.base & 0xffffn);
  const high = low + Number(addressCount(wide)) - 1;
  const zeroth = cidrOf({ version: 6, value: cidr.base }, 112);
  const before = prefix + ipOfOrdinal(zeroth, 1).text.slice(0, -1);
  const ranges = digitRanges(before, Math.max(low, 1), high);
  if (low === 0) {
    const zero = prefix + ipAt(6, zeroth.base).text;
    ranges.push({ start: zero + DASH, end: zero + AFTER_DASH });
  }
  return merged(ranges);
}

/** One range per number of digits: among hexadecimal numbers of equal length byte order is numeric order. */
function digitRanges(before: string, low: number, high: number): KeyRange[] {
  const ranges: KeyRange[] = [];
  for (let from = low; from <= high; ) {
    const longer = 16 ** from.toString(16).length;
    const to = Math.min(high, longer - 1);
    ranges.push({ start: `${before}${from.toString(16)}${DASH}`, end: `${before}${to.toString(16)}${AFTER_DASH}` });
    from = longer;
  }
  return ranges;
}

/** The same keys in ranges that do not overlap; all texts here are ASCII, so string order is byte order. */
function merged(ranges: readonly KeyRange[]): KeyRange[] {
  const result: KeyRange[] = [];
  for (const range of ranges.toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    const last = result.at(-1);
    if (last && range.start <= last.end)
      result[result.length - 1] = { start: last.start, end: range.end > last.end ? range.end : last.end };
    else result.push(range);
  }
  return result;
}
