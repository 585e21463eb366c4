/** I3: what handles count beside what blocks hold for them. Small: one entry per handle and block, whatever a block weighs. */
import { parseCidrMasked } from '../addr.ts';
import { isKeptByHost, sanitisedHandle } from '../block.ts';
import type { Block, Handle, RefOf } from '../records.ts';
import { type Finding, finding, type Seen } from './finding.ts';

/** Addresses of one handle in one block; entries of a handle are a list. One object, since there is one for nearly every address. */
interface Held extends HandleCount {
  readonly block: string;
  readonly next: Held | undefined;
  /** Of the first entry of a handle: its record was seen. */
  isCounted: boolean;
}

/** `sure`: surely counted by the handle. `held`: with those that may be a host's own reservations, which no handle counts (EB-05). */
export interface HandleCount {
  readonly sure: number;
  readonly held: number;
}

/** What a block holds, per handle up to its carriage return (BK-19). */
export function countsByHandle(block: Block): ReadonlyMap<string, HandleCount> {
  const counts = new Map<string, { sure: number; held: number }>();
  const numbers = block.sequenceNumberForAllocation;
  block.allocations.forEach((index, ordinal) => {
    const attribute = index === null ? undefined : block.attributes?.[index];
    if (attribute?.handleId === undefined || attribute.releasedAt !== undefined || isKeptByHost(attribute)) return;
    const id = sanitisedHandle(attribute.handleId);
    const count = counts.get(id) ?? { sure: 0, held: 0 };
    count.held++;
    // What a host reserves when it makes a block has no number; an assignment has one, but in blocks from before there were any.
    if (numbers === null || numbers.has(ordinal)) count.sure++;
    counts.set(id, count);
  });
  return counts;
}

/** A count that agrees with what the block holds. */
function agrees(counted: number, { sure, held }: HandleCount): boolean {
  return counted >= sure && counted <= held;
}

/** The map a handle should store for these blocks: what agrees stays as it is, and blocks that hold nothing are left out. */
export function rightCounts(stored: ReadonlyMap<string, number>, held: ReadonlyMap<string, HandleCount>): ReadonlyMap<string, number> {
  const right = new Map<string, number>();
  for (const [block, count] of held) {
    const counted = stored.get(block) ?? 0;
    const wanted = agrees(counted, count) ? counted : count.sure;
    if (wanted > 0) right.set(block, wanted);
  }
  return right;
}

export class HandleCensus {
  readonly #held = new Map<string, Held>();
  /** Blocks whose value cannot be read: what they hold is not known. */
  readonly #unreadable = new Set<string>();

  /** Handles that hold something. */
  get size(): number {
    return this.#held.size;
  }

  count(block: Block): void {
    for (const [id, { sure, held }] of countsByHandle(block))
      this.#held.set(id, { sure, held, block: block.cidr.text, next: this.#held.get(id), isCounted: false });
  }

  /** A block that cannot be read. */
  skip(block: string): void {
    this.#unreadable.add(block);
  }

  /** After all blocks: what is wrong with one handle's record. */
  judge({ id }: RefOf<'handle'>, handle: Handle, seen: Seen): Finding[] {
    const name = sanitisedHandle(id);
    const entry = this.#held.get(name);
    if (entry) entry.isCounted = true;
    if (entry && isRight(handle, entry)) return [];
    const held = this.#heldBy(name);
    const blocks = [...new Set([...handle.blocks.keys(), ...held.keys()])];
    const subject = { handle: id, blocks };
    if (held.size === 0) {
      const counted = [...handle.blocks].map(([block, count]) => `${count} in ${block}`).join(', ') || 'none';
      const isOpen = [...handle.blocks.keys()].some((text) => this.#unreadable.has(canonical(text)));
      return isOpen ? [] : [finding('handle-leaked', `Handle ${id} counts ${counted}, and holds no address.`, [seen], subject)];
    }
    const high: string[] = [];
    const low: string[] = [];
    for (const block of blocks) {
      const counted = handle.blocks.get(block) ?? 0;
      const count = held.get(block) ?? NONE;
      if (agrees(counted, count) && (counted > 0 || !handle.blocks.has(block))) continue;
      if (this.#unreadable.has(canonical(block))) continue;
      (counted < count.sure ? low : high).push(`${counted} in ${block}, which holds ${count.held}`);
    }
    return [
      ...(high.length === 0 ? [] : [finding('handle-count-high', `Handle ${id} counts ${high.join('; ')}.`, [seen], subject)]),
      ...(low.length === 0 ? [] : [finding('handle-count-low', `Handle ${id} counts ${low.join('; ')}.`, [seen], subject)]),
    ];
  }

  /** After all handles: those that hold something and have no record. `unreadable`: ids of records that cannot be read. */
  missing(unreadable: ReadonlySet<string>): Finding[] {
    const findings: Finding[] = [];
    for (const [id, { isCounted }] of this.#held) {
      if (isCounted || unreadable.has(id)) continue;
      const held = [...this.#heldBy(id)].filter(([, { sure }]) => sure > 0);
      if (held.length === 0) continue;
      const text = held.map(([block, { sure }]) => `${sure} in ${block}`).join(', ');
      findings.push(
        finding('handle-missing', `Handle ${id} holds ${text}, but has no record.`, [], {
          handle: id,
          blocks: held.map(([block]) => block),
        }),
      );
    }
    return findings;
  }

  #heldBy(id: string): Map<string, HandleCount> {
    const held = new Map<string, HandleCount>();
    for (let each = this.#held.get(id); each; each = each.next) held.set(each.block, each);
    return held;
  }
}

/** Nearly every handle: it counts one block, and holds as much there and nothing elsewhere. */
function isRight({ blocks }: Handle, entry: Held): boolean {
  const counted = blocks.get(entry.block);
  return blocks.size === 1 && entry.next === undefined && counted !== undefined && counted > 0 && agrees(counted, entry);
}

const NONE: HandleCount = { sure: 0, held: 0 };

function canonical(text: string): string {
  return parseCidrMasked(text)?.text ?? text;
}
