/** Addresses of a network that its configuration defines by ranges: in cursor order, one per slot, in one commit (SS-15 to SS-23). */
import { addressCount, type Cidr, cidrAt, cidrOf, type Ip, ipAt, lastValue, parseIp } from '../addr.ts';
import { affinityText, collect, freeCount, type Holder, stateOf } from '../block.ts';
import type { Draft } from '../draft.ts';
import { firstAutomatic, placeOf, type Range, roleInSlots, type Slot } from '../network-range.ts';
import { done, type Outcome, type Refusal, refused } from '../outcome.ts';
import { BLOCK_SIZE_DEFAULT, BLOCK_SIZES } from '../pool-spec.ts';
import { type Block, NO_EXTRA, type Node, type Owner, type Pool } from '../records.ts';
import type { Need, SeenRevision } from '../view.ts';
import { assignIp, firstNeedOfAssignIp } from './assign-ip.ts';
import type { Assigned } from './assigned.ts';
import { heldBy } from './handles.ts';
import { guardAgainstRelease } from './marks.ts';
import type { PlanEnv, Planner } from './plan.ts';
import { blockRef, CONFIG, networkRef, POOLS, RESERVATIONS } from './refs.ts';
import { createPool } from './resources.ts';
import { poolHolding, reservationsOf, type Settings, settingsOf } from './settings.ts';

export interface AssignFromNetwork {
  readonly network: string;
  readonly slots: readonly Slot[];
  /** Given addresses: each takes the place of the automatic one of its slot. */
  readonly ips: readonly Ip[];
  readonly host: string;
  readonly holder: Holder & { readonly handle: string };
  readonly newNode: Node | undefined;
  readonly releaseMark: SeenRevision | undefined;
  /** For the pool of a subnet that has none yet. */
  readonly uidOf: (subnet: Cidr) => string;
}

export interface NetworkAddress extends Assigned {
  readonly subnet: Cidr;
  /** Undefined for an address held from before that no range of the network has any more. */
  readonly gateway: Ip | undefined;
}

/** Blocks read at once while searching: few at first, since the first has room nearly always, then as many as before. */
const BLOCKS_PER_READ = { first: 32, max: 256 } as const;

export function assignFromNetwork(request: AssignFromNetwork): Planner<readonly NetworkAddress[]> {
  return (draft, env) => {
    draft.require(firstNeedOfNetwork(request, request.releaseMark !== undefined));
    const refusal = guardAgainstRelease(draft, request.holder.handle, request.releaseMark);
    if (refusal) return refusal;
    const held = heldAddresses(draft, request);
    if (held) return held;
    const misplaced = misplacedIp(request);
    if (misplaced) return misplaced;
    const addresses: NetworkAddress[] = [];
    const cursors = new Map(draft.get(networkRef(request.network))?.cursors);
    for (const [index, slot] of request.slots.entries()) {
      const outcome = assignSlot(draft, env, request, { slot, index, cursors });
      if (outcome.kind === 'refused') return outcome;
      addresses.push(...outcome.value);
    }
    return done(addresses);
  };
}

export function firstNeedOfNetwork(request: Pick<AssignFromNetwork, 'network' | 'holder' | 'host' | 'newNode'>, marked: boolean): Need {
  const { refs } = firstNeedOfAssignIp(request, marked);
  return { refs: [...refs, CONFIG, networkRef(request.network)], probes: [], collections: [POOLS, RESERVATIONS] };
}

/** SS-02: what the handle holds is the answer, unless other addresses are asked for. */
function heldAddresses(
  draft: Draft,
  { holder: { handle }, host, ips, slots, network }: AssignFromNetwork,
): Outcome<NetworkAddress[]> | undefined {
  const owner: Owner = { type: 'host', name: host };
  const held = ([4, 6] as const).flatMap((version) => heldBy(draft, handle, { version, owner }));
  if (held.length === 0) return undefined;
  const missing = ips.filter((ip) => !held.some((each) => each.ip.text === ip.text));
  const texts = held.map(({ ip }) => ip.text).join(', ');
  if (missing.length > 0) {
    const message = `${missing.map(({ text }) => text).join(', ')} was asked for in network ${network}, but this attachment holds ${texts} already. Delete it first, or ask for what it holds.`;
    return refused('handle-limit', message, { handle, held: texts });
  }
  const placed = held.map((address) => ({ address, place: placeOf(slots, address.ip) }));
  const ordered = placed.toSorted((a, b) => (a.place?.index ?? slots.length) - (b.place?.index ?? slots.length));
  return done(
    ordered.map(({ address, place }) => ({
      ...address,
      subnet: place?.range.subnet ?? address.poolCidr ?? address.block,
      gateway: place?.range.gateway,
    })),
  );
}

/** SS-21. */
function misplacedIp({ ips, slots, network }: AssignFromNetwork): Refusal | undefined {
  for (const [index, ip] of ips.entries()) {
    if (ips.findIndex(({ text }) => text === ip.text) < index)
      return refused('invalid-argument', `${ip.text} is asked for twice.`, { ip: ip.text });
    const range = placeOf(slots, ip)?.range;
    if (!range) {
      const subnets = slots.flatMap(({ ranges }) => ranges.map(({ subnet }) => subnet.text)).join(', ');
      return refused('invalid-argument', `${ip.text} is not in any subnet of network ${network} (${subnets}).`, { ip: ip.text });
    }
    const role = roleInSlots(slots, ip);
    if (role)
      return refused('address-in-use', `${ip.text} is the ${role} address of subnet ${range.subnet.text}. Choose another address.`, {
        ip: ip.text,
        role,
      });
    if (range.excluded.matches(ip))
      return refused('use-not-allowed', `${ip.text} is excluded from network ${network}. Choose another address.`, { ip: ip.text });
  }
  return undefined;
}

interface SlotSearch {
  readonly slot: Slot;
  readonly index: number;
  /** Changed by an automatic assignment. */
  readonly cursors: Map<string, string>;
}

function assignSlot(draft: Draft, env: PlanEnv, request: AssignFromNetwork, search: SlotSearch): Outcome<NetworkAddress[]> {
  const { slot, index, cursors } = search;
  const given = request.ips.flatMap((ip) => {
    const place = placeOf(request.slots, ip);
    return place?.index === index ? [{ ip, range: place.range }] : [];
  });
  const addresses: NetworkAddress[] = [];
  for (const each of given) {
    const outcome = assign(draft, env, request, each);
    if (outcome.kind === 'refused') return outcome;
    addresses.push(outcome.value);
  }
  if (given.length > 0) return done(addresses);
  const found = nextFree(draft, env, request, search);
  if (!found) {
    const ranges = slot.ranges.map(({ first, last, subnet }) => `${first.text}-${last.text} of ${subnet.text}`).join(', ');
    const message = `no address is free in network ${request.network}, slot ${index + 1} (${ranges}). Release addresses, or enlarge the range.`;
    return refused('no-free-address', message, { network: request.network, slot: index + 1 });
  }
  const outcome = assign(draft, env, request, found);
  if (outcome.kind === 'refused') return outcome;
  // SS-22: given addresses move no cursor.
  cursors.set(String(index), found.ip.text);
  const stored = draft.get(networkRef(request.network));
  draft.put(networkRef(request.network), { cursors: new Map(cursors), extra: stored?.extra ?? NO_EXTRA });
  return done([outcome.value]);
}

interface Found {
  readonly ip: Ip;
  readonly range: Range;
}

/** SS-16, SS-17: the first free address after the last one, each looked at once, wrapping around at the end of the slot. */
function nextFree(draft: Draft, env: PlanEnv, { host }: AssignFromNetwork, { slot, index, cursors }: SlotSearch): Found | undefined {
  const settings = settingsOf(draft, env);
  const reserved = reservationsOf(draft, slot.version);
  for (const { range, from, to } of stretches(slot, parseIp(cursors.get(String(index)) ?? ''))) {
    const blocks = new BlocksOfRange(draft, settings, range, { type: 'host', name: host });
    let value = firstAutomatic(range, from, to, reserved);
    while (value !== undefined) {
      const ip = ipAt(slot.version, value);
      const seen = blocks.look(ip, to);
      if (seen.isFree) return { ip, range };
      value = firstAutomatic(range, seen.next, to, reserved);
    }
  }
  return undefined;
}

/** The slot's ranges in turn, beginning behind the cursor; a cursor outside all of them counts as none (SS-14). */
function stretches({ ranges }: Slot, cursor: Ip | undefined): { range: Range; from: bigint; to: bigint }[] {
  const at = cursor
    ? ranges.findIndex(({ first, last }) => cursor.version === first.version && cursor.value >= first.value && cursor.value <= last.value)
    : -1;
  const whole = (range: Range) => ({ range, from: range.first.value, to: range.last.value });
  const current = ranges[at];
  if (!cursor || !current) return ranges.map(whole);
  const after = { range: current, from: cursor.value + 1n, to: current.last.value };
  const before = { range: current, from: current.first.value, to: cursor.value };
  return [after, ...ranges.slice(at + 1).map(whole), ...ranges.slice(0, at).map(whole), before];
}

/** The blocks of one range, read ahead while a search walks through them. */
class BlocksOfRange {
  readonly #draft: Draft;
  readonly #settings: Settings;
  readonly #owner: Owner;
  readonly #blockSize: number;
  /** Blocks as they are once what has cooled is free again; undefined: no address of it is to be had. */
  readonly #usable = new Map<string, Block | undefined>();

  constructor(draft: Draft, settings: Settings, { subnet }: Range, owner: Owner) {
    this.#draft = draft;
    this.#settings = settings;
    this.#owner = owner;
    this.#blockSize = poolHolding(settings.pools, subnet)?.blockSize ?? blockSizeFor(subnet);
  }

  /** Whether the address is free, else the next value to look at. `to`: where the search ends. */
  look(ip: Ip, to: bigint): { readonly isFree: true } | { readonly isFree: false; readonly next: bigint } {
    const cidr = cidrOf(ip, this.#blockSize);
    const known = this.#draft.peek(blockRef(cidr));
    if (known === undefined || known.kind === 'exists') this.#readFrom(cidr, to);
    const found = this.#draft.find(blockRef(cidr));
    if (found.kind === 'absent') return { isFree: true };
    if (!this.#usable.has(cidr.text)) this.#usable.set(cidr.text, found.kind === 'present' ? this.#usableOf(found.record) : undefined);
    const block = this.#usable.get(cidr.text);
    if (!block) return { isFree: false, next: lastValue(cidr) + 1n };
    return stateOf(block, Number(ip.value - cidr.base)) === 'free' ? { isFree: true } : { isFree: false, next: ip.value + 1n };
  }

  #usableOf(block: Block): Block | undefined {
    if (this.#settings.config.strictAffinity && block.affinity !== affinityText(this.#owner)) return undefined;
    const collected = collect(block, this.#settings.cooldown).block;
    return freeCount(collected, () => false) > 0 ? collected : undefined;
  }

  #readFrom(cidr: Cidr, to: bigint): void {
    const blocksMax = Math.min(BLOCKS_PER_READ.max, Math.max(BLOCKS_PER_READ.first, this.#usable.size));
    const size = addressCount(cidr);
    const refs = [];
    for (let base = cidr.base; base <= to && refs.length < blocksMax; base += size)
      refs.push(blockRef(cidrAt(cidr.version, base, this.#blockSize)));
    this.#draft.require({ refs });
  }
}

function assign(draft: Draft, env: PlanEnv, request: AssignFromNetwork, { ip, range }: Found): Outcome<NetworkAddress> {
  const refusal = ensurePool(draft, env, request, range.subnet);
  if (refusal) return refusal;
  const { holder, host, newNode } = request;
  const plain = {
    use: 'Workload',
    reservedEnds: undefined,
    link: undefined,
    maxPerHandle: 0,
    returnHeld: false,
    releaseMark: undefined,
    operation: undefined,
  } as const;
  const outcome = assignIp({ ...plain, ip, host, holder, newNode })(draft, env);
  return outcome.kind === 'refused' ? outcome : done({ ...outcome.value, subnet: range.subnet, gateway: range.gateway });
}

/** A subnet is a pool that is assigned from by name only: networks that share the subnet share its addresses, too. */
function ensurePool(draft: Draft, env: PlanEnv, { network, uidOf }: AssignFromNetwork, subnet: Cidr): Refusal | undefined {
  const holding: Pool | undefined = poolHolding(settingsOf(draft, env).pools, subnet);
  if (holding) return undefined;
  const metadata = {
    name: `subnet-${subnet.text.replaceAll(/[.:/]/g, '-')}`,
    labels: undefined,
    annotations: { 'plat/network': network },
    uid: uidOf(subnet),
  };
  const spec = { cidr: subnet.text, blockSize: blockSizeFor(subnet), assignmentMode: 'Manual', allowedUses: ['Workload'] } as const;
  const created = createPool(metadata, spec)(draft, env);
  return created.kind === 'refused' ? created : undefined;
}

function blockSizeFor({ version, prefixLength }: Cidr): number {
  return Math.max(BLOCK_SIZE_DEFAULT[version], Math.min(prefixLength, BLOCK_SIZES[version].max));
}
