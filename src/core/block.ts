/**
 * One allocation block as a value: every function gives a new block and leaves its argument alone.
 *
 * Invariant I2: an ordinal is free (once in `unallocated`), held, or cooling; the three add up to the block's size. Foreign
 * data may break it: what points nowhere counts as held by an unknown owner, and nothing here makes it worse.
 */
import { addressCount, type Cidr, type Ip } from './addr.ts';
import { type Attribute, type Block, NO_EXTRA, type Owner } from './records.ts';
import { secondsOf, timeText } from './time.ts';

/** Allocations with this handle are the host's own and do not keep a block from counting as empty (BK-09). */
const WINDOWS_RESERVED_HANDLE = 'windows-reserved-ipam-handle';

/** Addresses at both ends of a new block that the host keeps for itself (EB-03, EB-04). */
export interface ReservedEnds {
  readonly startOfBlock: number;
  readonly endOfBlock: number;
  readonly handle: string;
  readonly note: string;
}

/** What an assignment records with its ordinals. */
export interface Holder {
  readonly handle: string | undefined;
  readonly attrs: Readonly<Record<string, string>> | undefined;
}

/** How a cooled ordinal is told from a cooling one. */
export interface Cooldown {
  readonly nowNs: bigint;
  readonly seconds: number;
}

function blockSize(block: Block): number {
  return block.allocations.length;
}

export function affinityText(owner: Owner): string {
  return `${owner.type}:${owner.name}`;
}

/** The owner named by a block's `affinity`, or undefined for nobody and for text of another form (BM-07). */
export function ownerOf(block: Block): Owner | undefined {
  const match = /^(host|virtual):(.*)$/s.exec(block.affinity ?? '');
  return match ? { type: match[1] as Owner['type'], name: match[2] as string } : undefined;
}

/** A new, empty block (BK-01); its number starts at the wall clock so that a block created again never repeats one. */
export function newBlock(cidr: Cidr, owner: Owner, nowNs: bigint, reserved?: ReservedEnds): Block {
  const size = Number(addressCount(cidr));
  const isReserved = (ordinal: number) =>
    reserved !== undefined && (ordinal < reserved.startOfBlock || ordinal >= size - reserved.endOfBlock);
  const ordinals = Array.from({ length: size }, (_, ordinal) => ordinal);
  return {
    cidr,
    affinity: affinityText(owner),
    affinityClaimTime: timeText(nowNs),
    allocations: ordinals.map((ordinal) => (isReserved(ordinal) ? 0 : null)),
    unallocated: ordinals.filter((ordinal) => !isReserved(ordinal)),
    attributes: reserved ? [reservedAttribute(reserved)] : null,
    sequenceNumber: nowNs,
    sequenceNumberForAllocation: new Map(),
    deleted: false,
    extra: NO_EXTRA,
  };
}

function reservedAttribute(reserved: ReservedEnds): Attribute {
  return attributeOf({ handle: reserved.handle, attrs: { note: reserved.note } });
}

function attributeOf(holder: Holder): Attribute {
  return { handleId: holder.handle, secondary: holder.attrs, alternate: undefined, releasedAt: undefined, extra: NO_EXTRA };
}

/**
 * The block after one update: every stored change of a block adds exactly one (data model §9.1). A block from before the
 * numbers per allocation gets its empty list of them, as Calico's updates do.
 */
export function updated(block: Block): Block {
  const sequenceNumberForAllocation = block.sequenceNumberForAllocation ?? new Map<number, bigint>();
  return { ...block, sequenceNumber: block.sequenceNumber + 1n, sequenceNumberForAllocation };
}

/** The block affine to nobody (AF-10). */
export function disowned(block: Block): Block {
  return { ...block, affinity: null, affinityClaimTime: undefined };
}

/** The block affine to `owner` from now on. */
export function adopted(block: Block, owner: Owner, nowNs: bigint): Block {
  return { ...block, affinity: affinityText(owner), affinityClaimTime: timeText(nowNs) };
}

/** The attribute entry of a held or cooling ordinal; undefined when free, or when the index points nowhere. */
export function attributeAt(block: Block, ordinal: number): Attribute | undefined {
  const index = block.allocations[ordinal];
  return index === null || index === undefined ? undefined : block.attributes?.[index];
}

/** What the ordinal is (I2). */
export function stateOf(block: Block, ordinal: number): 'free' | 'held' | 'cooling' {
  if (block.allocations[ordinal] === null) return 'free';
  return attributeAt(block, ordinal)?.releasedAt === undefined ? 'held' : 'cooling';
}

/** Handles are compared up to the first carriage return, an old migration's trace (BK-19). */
export function sanitisedHandle(handle: string): string {
  const cut = handle.indexOf('\r');
  return cut < 0 ? handle : handle.slice(0, cut);
}

function isHeldBy(attribute: Attribute | undefined, handle: string): boolean {
  return attribute?.handleId !== undefined && attribute.releasedAt === undefined && sanitisedHandle(attribute.handleId) === handle;
}

/** Held by exactly this holder, metadata included; as stored, where an empty map is none. */
export function isHeldAs(block: Block, ordinal: number, { handle, attrs }: Holder): boolean {
  const attribute = attributeAt(block, ordinal);
  if (attribute === undefined || attribute.releasedAt !== undefined) return false;
  return attribute.handleId === handle && isSameMap(attribute.secondary ?? {}, attrs ?? {});
}

/** Ordinals held under `handle`, ascending (BK-13); cooling ones belong to nobody (IH-02). */
export function ordinalsOfHandle(block: Block, handle: string): number[] {
  const holding = new Set<number>();
  block.attributes?.forEach((attribute, index) => {
    if (isHeldBy(attribute, handle)) holding.add(index);
  });
  if (holding.size === 0) return [];
  return ordinalsWhere(block, (index) => index !== null && holding.has(index));
}

function ordinalsWhere(block: Block, wanted: (attributeIndex: number | null) => boolean): number[] {
  const ordinals: number[] = [];
  block.allocations.forEach((index, ordinal) => {
    if (wanted(index)) ordinals.push(ordinal);
  });
  return ordinals;
}

/** Number of addresses of `block` held under `handle`. */
export function countOfHandle(block: Block, handle: string): number {
  return ordinalsOfHandle(block, handle).length;
}

/** Held and cooling ordinals, ascending (BK-10). */
export function ordinalsInUse(block: Block): number[] {
  return ordinalsWhere(block, (index) => index !== null);
}

/** Nothing but the host's own reservations is held, and nothing is cooling (BK-09). */
export function isEmpty(block: Block): boolean {
  return block.allocations.every((index) => index === null || isKeptByHost(block.attributes?.[index]));
}

/** Kept by the host under the one handle that every Windows host uses, in any letter case. */
export function isKeptByHost(attribute: Attribute | undefined): boolean {
  const handle = attribute?.handleId;
  return handle?.length === WINDOWS_RESERVED_HANDLE.length && handle.toLowerCase() === WINDOWS_RESERVED_HANDLE;
}

/** Whether an address is kept from automatic assignment; asked for every free one, so without its text. */
export type IsReserved = (address: Pick<Ip, 'version' | 'value'>) => boolean;

function addressAt({ cidr }: Pick<Block, 'cidr'>, ordinal: number): Pick<Ip, 'version' | 'value'> {
  return { version: cidr.version, value: cidr.base + BigInt(ordinal) };
}

/** Number of free ordinals that are not reserved (BK-11). */
export function freeCount(block: Pick<Block, 'cidr' | 'unallocated'>, isReserved: IsReserved): number {
  let free = 0;
  for (const ordinal of block.unallocated) if (!isReserved(addressAt(block, ordinal))) free++;
  return free;
}

/** The sequence number of the assignment that holds `ordinal`; 0 when none is recorded (BK-16). */
export function sequenceNumberAt(block: Block, ordinal: number): bigint {
  return block.sequenceNumberForAllocation?.get(ordinal) ?? 0n;
}

/**
 * Frees what has cooled long enough and drops attributes that nobody refers to (BK-22, BK-23, CD-02).
 *
 * Freed ordinals go to the tail in ascending order. `changed` is false when the block is given back as it was.
 */
export function collect(block: Block, cooldown: Cooldown): { block: Block; changed: boolean } {
  const cooled = cooledAttributes(block, cooldown);
  const freed = cooled.size === 0 ? [] : ordinalsWhere(block, (index) => index !== null && cooled.has(index));
  return dropUnreferenced(freed.length === 0 ? block : freeOrdinals(block, freed), freed.length > 0);
}

function cooledAttributes(block: Block, cooldown: Cooldown): Set<number> {
  const cooled = new Set<number>();
  block.attributes?.forEach((attribute, index) => {
    if (attribute.releasedAt !== undefined && hasCooled(attribute.releasedAt, cooldown)) cooled.add(index);
  });
  return cooled;
}

function hasCooled(releasedAt: string, { nowNs, seconds }: Cooldown): boolean {
  if (seconds < 0) return true;
  const releasedNs = secondsOf(releasedAt);
  if (releasedNs === undefined) return false;
  return seconds === 0 ? releasedNs * 1_000_000_000n <= nowNs : releasedNs * 1_000_000_000n < nowNs - BigInt(seconds) * 1_000_000_000n;
}

function freeOrdinals(block: Block, ascending: readonly number[]): Block {
  const allocations = [...block.allocations];
  const numbers = new Map(block.sequenceNumberForAllocation);
  for (const ordinal of ascending) {
    allocations[ordinal] = null;
    numbers.delete(ordinal);
  }
  return { ...block, allocations, unallocated: [...block.unallocated, ...ascending], sequenceNumberForAllocation: numbers };
}

function dropUnreferenced(block: Block, changed: boolean): { block: Block; changed: boolean } {
  if (block.attributes === null) return { block, changed };
  const referenced = new Set(block.allocations);
  if (block.attributes.every((_, index) => referenced.has(index))) return { block, changed };
  const attributeCount = block.attributes.length;
  const newIndex = new Map<number, number>();
  const attributes = block.attributes.filter((_, index) => {
    if (!referenced.has(index)) return false;
    newIndex.set(index, newIndex.size);
    return true;
  });
  // An index that points nowhere must go on pointing nowhere: it would otherwise fall on somebody's entry.
  const dangling = (index: number) => (index < 0 ? index : index + attributeCount);
  const allocations = block.allocations.map((index) => (index === null ? null : (newIndex.get(index) ?? dangling(index))));
  return { block: { ...block, allocations, attributes }, changed: true };
}

/**
 * Takes up to `count` free ordinals from the head of the queue; reserved ones keep their place (BK-02, BK-06).
 * The caller writes the block once, with {@link updated}.
 */
export function assignFree(
  block: Block,
  count: number,
  holder: Holder,
  isReserved: IsReserved,
): { block: Block; ordinals: readonly number[] } {
  const taken: number[] = [];
  const left: number[] = [];
  for (const ordinal of block.unallocated) {
    const take = taken.length < count && !isReserved(addressAt(block, ordinal));
    (take ? taken : left).push(ordinal);
  }
  return taken.length === 0 ? { block, ordinals: taken } : { block: hold({ ...block, unallocated: left }, taken, holder), ordinals: taken };
}

/** Assigns one given ordinal; `in-use` when it is held, `cooling` when it was released too recently (BK-08). */
export function assignOrdinal(
  block: Block,
  ordinal: number,
  holder: Holder,
): { kind: 'assigned'; block: Block } | { kind: 'held' | 'cooling' } {
  const state = stateOf(block, ordinal);
  if (state !== 'free') return { kind: state };
  const unallocated = block.unallocated.filter((free) => free !== ordinal);
  return { kind: 'assigned', block: hold({ ...block, unallocated }, [ordinal], holder) };
}

function hold(block: Block, ordinals: readonly number[], holder: Holder): Block {
  const { attributes, index } = withAttribute(block.attributes ?? [], attributeOf(holder));
  const allocations = [...block.allocations];
  const numbers = new Map(block.sequenceNumberForAllocation);
  for (const ordinal of ordinals) {
    allocations[ordinal] = index;
    numbers.set(ordinal, block.sequenceNumber);
  }
  return { ...block, allocations, attributes, sequenceNumberForAllocation: numbers };
}

/** All addresses of one call share an entry, and an identical one is used again (BK-04, AT-12). */
function withAttribute(attributes: readonly Attribute[], wanted: Attribute): { attributes: readonly Attribute[]; index: number } {
  const existing = attributes.findIndex((attribute) => isSameHolder(attribute, wanted));
  return existing >= 0 ? { attributes, index: existing } : { attributes: [...attributes, wanted], index: attributes.length };
}

function isSameHolder(a: Attribute, b: Attribute): boolean {
  return (
    a.releasedAt === undefined &&
    a.alternate === undefined &&
    a.extra.length === 0 &&
    a.handleId === b.handleId &&
    isSameMap(a.secondary, b.secondary)
  );
}

function isSameMap(a: Readonly<Record<string, string>> | undefined, b: Readonly<Record<string, string>> | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}

/** What a release believes of an address: when given, handle and number must match or nothing is released (I6). */
export interface Claim {
  readonly ordinal: number;
  readonly handle: string | undefined;
  readonly sequenceNumber: bigint | undefined;
}

export type ReleaseOutcome =
  | {
      readonly kind: 'released';
      readonly block: Block;
      /** False: nothing of the block changed. */
      readonly changed: boolean;
      /** Ordinals that nobody held. */
      readonly unallocated: readonly number[];
      /** Addresses released per handle, uncut; those without handle are not in it. */
      readonly countByHandle: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'bad-sequence-number'; readonly ordinal: number; readonly stored: bigint }
  | { readonly kind: 'wrong-handle'; readonly ordinal: number; readonly stored: string | undefined };

/**
 * Releases the claimed ordinals, or none when one does not match (BK-15 to BK-17). Per ordinal the number is checked
 * first, then whether anybody holds it, then the handle (BK-16). `cooldown.seconds` above 0: they cool first (CD-01).
 */
export function release(block: Block, claims: readonly Claim[], cooldown: Cooldown): ReleaseOutcome {
  const unallocated: number[] = [];
  const countByHandle = new Map<string, number>();
  const released: number[] = [];
  for (const { ordinal, handle, sequenceNumber } of claims) {
    const stored = sequenceNumberAt(block, ordinal);
    if (sequenceNumber !== undefined && sequenceNumber !== stored) return { kind: 'bad-sequence-number', ordinal, stored };
    if (stateOf(block, ordinal) !== 'held') {
      unallocated.push(ordinal);
      continue;
    }
    const holder = attributeAt(block, ordinal)?.handleId;
    if (handle !== undefined && (holder === undefined || sanitisedHandle(holder) !== handle))
      return { kind: 'wrong-handle', ordinal, stored: holder };
    if (holder !== undefined) countByHandle.set(holder, (countByHandle.get(holder) ?? 0) + 1);
    released.push(ordinal);
  }
  if (released.length === 0) return { kind: 'released', block, changed: false, unallocated, countByHandle };
  const numbered = renumbered(block, released);
  return { kind: 'released', block: letGo(numbered, released, cooldown), changed: true, unallocated, countByHandle };
}

/** A release by address stamps the ordinals with the block's number, so that the old number is refused while they cool (CD-10). */
function renumbered(block: Block, ordinals: readonly number[]): Block {
  const numbers = new Map(block.sequenceNumberForAllocation);
  for (const ordinal of ordinals) numbers.set(ordinal, block.sequenceNumber);
  return { ...block, sequenceNumberForAllocation: numbers };
}

/** Releases every ordinal held under `handle` (BK-21); an empty list when there is none. */
export function releaseHandle(block: Block, handle: string, cooldown: Cooldown): { block: Block; ordinals: readonly number[] } {
  const ordinals = ordinalsOfHandle(block, handle);
  return ordinals.length === 0 ? { block, ordinals } : { block: letGo(block, ordinals, cooldown), ordinals };
}

/** I4: a released ordinal goes to the tail of the queue, and not before its cooldown is over. */
function letGo(block: Block, ordinals: readonly number[], cooldown: Cooldown): Block {
  if (cooldown.seconds <= 0)
    return dropUnreferenced(
      freeOrdinals(
        block,
        ordinals.toSorted((a, b) => a - b),
      ),
      true,
    ).block;
  const cooling: Attribute = {
    handleId: undefined,
    secondary: undefined,
    alternate: undefined,
    releasedAt: timeText(cooldown.nowNs),
    extra: NO_EXTRA,
  };
  const attributes = [...(block.attributes ?? []), cooling];
  const allocations = [...block.allocations];
  for (const ordinal of ordinals) allocations[ordinal] = attributes.length - 1;
  return dropUnreferenced({ ...block, allocations, attributes }, true).block;
}

/** Gives `ordinal` an attribute entry of its own that holds `attribute`; others that shared its entry keep theirs (AT-10). */
export function withOwnAttribute(block: Block, ordinal: number, attribute: Attribute): Block {
  const index = block.allocations[ordinal];
  const attributes = [...(block.attributes ?? [])];
  const isShared = block.allocations.some((other, at) => at !== ordinal && other === index);
  if (!isShared && index !== null && index !== undefined) {
    attributes[index] = attribute;
    return { ...block, attributes };
  }
  const allocations = [...block.allocations];
  allocations[ordinal] = attributes.push(attribute) - 1;
  return { ...block, allocations, attributes };
}

/** Why the block breaks I2, or undefined when it does not: used by asserts, simulation and checks. */
export function blockFault(block: Block): string | undefined {
  const seen = new Set<number>();
  for (const ordinal of block.unallocated) {
    if (!(ordinal in block.allocations)) return `ordinal ${ordinal} in unallocated is out of the block`;
    if (seen.has(ordinal)) return `ordinal ${ordinal} is twice in unallocated`;
    if (block.allocations[ordinal] !== null) return `ordinal ${ordinal} is allocated and in unallocated`;
    seen.add(ordinal);
  }
  const attributeCount = block.attributes?.length ?? 0;
  const dangling = block.allocations.findIndex((index) => index !== null && (index < 0 || index >= attributeCount));
  if (dangling >= 0) return `allocation ${dangling} points at no attribute`;
  const unused = block.attributes?.findIndex((_, index) => !block.allocations.includes(index)) ?? -1;
  if (unused >= 0) return `attribute ${unused} belongs to no allocation`;
  const inUse = ordinalsInUse(block).length;
  return inUse + seen.size === blockSize(block) ? undefined : `free ${seen.size} and in use ${inUse} do not add up to ${blockSize(block)}`;
}
