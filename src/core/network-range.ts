/** The ranges of a network that is defined by its configuration, as host-local has them (SS-89, SS-18). */
import { ADDRESS_BITS, type Cidr, cidrOf, containsIp, type Ip, ipAt, lastValue, parseCidr, parseIp, type Version } from './addr.ts';
import { CidrSet } from './cidrset.ts';
import { roleOnLink } from './link.ts';

/** One range as it is written. */
export interface RangeInput {
  readonly subnet: string;
  /** Default: the first usable address. */
  readonly rangeStart?: string;
  /** Default: the last usable address. */
  readonly rangeEnd?: string;
  /** Default: the first usable address of the subnet; it is never given out. */
  readonly gateway?: string;
  /** Addresses and networks that are not given out automatically. */
  readonly exclude?: readonly string[];
}

export interface Range {
  readonly subnet: Cidr;
  readonly first: Ip;
  readonly last: Ip;
  readonly gateway: Ip;
  readonly excluded: CidrSet;
}

/** Ranges that are alternatives of each other; a slot gives one address (SS-15). */
export interface Slot {
  readonly version: Version;
  readonly ranges: readonly Range[];
}

/** The slots, or what is wrong with them, naming the values. */
export function slotsOf(
  inputs: readonly (readonly RangeInput[])[],
): { kind: 'slots'; slots: readonly Slot[] } | { kind: 'bad'; problem: string } {
  const slots: Written[][] = [];
  if (inputs.length === 0) return bad('no ranges are given. Give at least one, such as {"subnet": "10.22.0.0/16"}');
  for (const input of inputs) {
    const ranges: Written[] = [];
    for (const each of input) {
      const range = rangeOf(each);
      if (typeof range === 'string') return bad(range);
      ranges.push(range);
    }
    const [first] = ranges;
    if (!first) return bad('a range set is empty. Give each at least one range with a subnet');
    const other = ranges.find(({ subnet }) => subnet.version !== first.subnet.version);
    if (other)
      return bad(`a range set has both families, ${first.subnet.text} and ${other.subnet.text}. Give each family a set of its own`);
    slots.push(ranges);
  }
  const overlap = overlapAmong(slots.flat());
  return overlap === undefined ? { kind: 'slots', slots: slots.map((ranges) => slotOf(ranges, slots.flat())) } : bad(overlap);
}

/** A range as read, before it knows of the others. */
type Written = Omit<Range, 'excluded'> & { readonly exclude: readonly Cidr[] };

/** Ranges may share a subnet and have different gateways: none gives out that of another. */
function slotOf(ranges: readonly Written[], all: readonly Written[]): Slot {
  const version = (ranges[0] as Written).subnet.version;
  const gateways = all.map(({ gateway }) => cidrOf(gateway, ADDRESS_BITS[gateway.version]));
  const withExcluded = ranges.map(({ exclude, ...range }) => ({ ...range, excluded: new CidrSet([...exclude, ...gateways], version) }));
  return { version, ranges: withExcluded };
}

function bad(problem: string): { kind: 'bad'; problem: string } {
  return { kind: 'bad', problem };
}

/** The range, or what is wrong with it. */
function rangeOf({ subnet: text, rangeStart, rangeEnd, gateway, exclude = [] }: RangeInput): Written | string {
  const parsed = parseCidr(text);
  if (parsed.kind === 'not-a-cidr') return `subnet "${text}" is not a network. Write it like 10.22.0.0/16`;
  if (parsed.kind === 'host-bits') return `subnet "${text}" has bits set after its prefix length. The network is ${parsed.cidr.text}`;
  const { cidr: subnet } = parsed;
  if (subnet.prefixLength > ADDRESS_BITS[subnet.version] - 2)
    return `subnet ${text} is too small to allocate from: it has no room for a gateway and an address`;
  const firstUsable = ipAt(subnet.version, subnet.base + 1n);
  const lastUsable = ipAt(subnet.version, subnet.version === 4 ? lastValue(subnet) - 1n : lastValue(subnet));
  const inside = {
    subnet,
    first: addressIn(subnet, 'rangeStart', rangeStart) ?? firstUsable,
    last: addressIn(subnet, 'rangeEnd', rangeEnd) ?? lastUsable,
    gateway: addressIn(subnet, 'gateway', gateway) ?? firstUsable,
  };
  const wrong = [inside.first, inside.last, inside.gateway].find((each) => typeof each === 'string');
  if (typeof wrong === 'string') return wrong;
  const { first, last, gateway: router } = inside as { first: Ip; last: Ip; gateway: Ip };
  if (first.value > last.value) return `rangeStart ${first.text} comes after rangeEnd ${last.text}`;
  const excluded = exclude.map((each) => excludedNetwork(each));
  const unreadable = exclude.find((_, index) => excluded[index] === undefined);
  if (unreadable !== undefined) return `exclude "${unreadable}" is neither an address nor a network`;
  return { subnet, first, last, gateway: router, exclude: excluded.filter((cidr) => cidr !== undefined) };
}

/** The address in `text`; what is wrong with it; undefined when there is none. */
function addressIn(subnet: Cidr, field: string, text: string | undefined): Ip | string | undefined {
  if (text === undefined || text === '') return undefined;
  const ip = parseIp(text);
  if (!ip) return `${field} "${text}" is not an IP address`;
  return containsIp(subnet, ip) ? ip : `${field} ${text} is not in subnet ${subnet.text}`;
}

function excludedNetwork(text: string): Cidr | undefined {
  const ip = parseIp(text);
  const parsed = parseCidr(ip ? `${text}/${ADDRESS_BITS[ip.version]}` : text);
  return parsed.kind === 'cidr' ? parsed.cidr : undefined;
}

function overlapAmong(ranges: readonly Written[]): string | undefined {
  const text = ({ first, last }: Written) => `${first.text}-${last.text}`;
  const ordered = ranges.toSorted((a, b) => a.subnet.version - b.subnet.version || (a.first.value < b.first.value ? -1 : 1));
  for (const [index, range] of ordered.entries()) {
    const next = ordered[index + 1];
    const meets = next && next.subnet.version === range.subnet.version && next.first.value <= range.last.value;
    if (meets) return `ranges ${text(range)} and ${text(next)} overlap`;
  }
  return undefined;
}

/** Where an address belongs: to the range that gives it out, else to the first one whose subnet holds it. `index`: of the slot. */
export function placeOf(slots: readonly Slot[], ip: Ip): { readonly index: number; readonly range: Range } | undefined {
  const places = slots.flatMap(({ ranges }, index) => ranges.map((range) => ({ index, range })));
  const inSubnet = places.filter(({ range }) => containsIp(range.subnet, ip));
  return inSubnet.find(({ range }) => ip.value >= range.first.value && ip.value <= range.last.value) ?? inSubnet[0];
}

/** What `ip` is in any of the ranges, when no container may have it. */
export function roleInSlots(slots: readonly Slot[], ip: Ip): ReturnType<typeof roleOnLink> {
  const holding = slots.flatMap(({ ranges }) => ranges.filter(({ subnet }) => containsIp(subnet, ip)));
  return holding.map(({ subnet, gateway }) => roleOnLink(subnet, gateway, ip)).find((role) => role !== undefined);
}

/**
 * The lowest value of `range` from `from` to `to` that may be given out automatically: never the network, gateway or
 * broadcast address, even where a range names them (SS-18), nor what is excluded or reserved (SS-19). Runs of those are
 * passed over at once.
 */
export function firstAutomatic(range: Range, from: bigint, to: bigint, reserved: CidrSet): bigint | undefined {
  const { version } = range.subnet;
  for (let value = from; value <= to; value++) {
    const end = range.excluded.runEnd({ version, value }) ?? reserved.runEnd({ version, value });
    if (end !== undefined) value = end;
    else if (roleOnLink(range.subnet, range.gateway, { value }) === undefined) return value;
  }
  return undefined;
}
