/**
 * Sequence numbers start from a clock and differ between two runs: each block's are taken as offsets from the smallest one
 * it had when it first appeared, Calico's and ours each from their own.
 */
import { containsIp, parseIp } from '../../src/core/addr.ts';
import { parseKey } from '../../src/store/keys.ts';
import { type JsonNode, member, parseNode, type ScalarNode } from './json.ts';

/** One life of a block: from its creation to its deletion, or to its replacement by a new one. */
interface Life {
  /** Counts the block's lives: a new block in the place of an old one is not an update of it. */
  readonly ordinal: number;
  readonly base: bigint;
  /** The block's own number when last seen. */
  readonly latest: bigint;
  readonly isOver: boolean;
}

/** Updates of one step at most; a larger jump, or any way back, is a new block. */
const UPDATES_PER_STEP_MAX = 1_000n;
/** A recorded number this far above a base belongs to it. */
const NUMBERS_PER_LIFE_MAX = 1_000_000n;

/** One side's numbers. */
class Side {
  readonly #lives = new Map<string, Life>();
  /** Every base there ever was, by key and life. */
  readonly bases = new Map<string, Map<number, bigint>>();

  life(key: string): Life | undefined {
    return this.#lives.get(key);
  }

  observe(key: string, value: string | undefined): void {
    const before = this.#lives.get(key);
    if (value === undefined) {
      if (before) this.#lives.set(key, { ...before, isOver: true });
      return;
    }
    const node = parseNode(value);
    const latest = numberOf(member(node, 'sequenceNumber')) ?? 0n;
    const continues = before && !before.isOver && latest >= before.latest && latest <= before.latest + UPDATES_PER_STEP_MAX;
    if (continues) this.#lives.set(key, { ...before, latest });
    else this.begin(key, (before?.ordinal ?? 0) + 1, smallest(node) ?? 0n, latest);
  }

  begin(key: string, ordinal: number, base: bigint, latest: bigint): void {
    this.#lives.set(key, { ordinal, base, latest, isOver: false });
    const bases = this.bases.get(key) ?? new Map<number, bigint>();
    this.bases.set(key, bases.set(ordinal, base));
  }
}

export class Numbering {
  readonly calico = new Side();
  readonly ours = new Side();

  /** Both sides have the very same bytes: from here on their numbers are compared as they are. */
  observeEqual(key: string, value: string): void {
    const ordinal = Math.max(this.calico.life(key)?.ordinal ?? 0, this.ours.life(key)?.ordinal ?? 0) + 1;
    const latest = numberOf(member(parseNode(value), 'sequenceNumber')) ?? 0n;
    for (const side of [this.calico, this.ours]) side.begin(key, ordinal, 0n, latest);
  }

  /** Our number in the place of the one that Calico's run had for an address. One that no block ever had stays as it is. */
  ourNumber(address: string, recorded: bigint): bigint {
    const ip = parseIp(address);
    for (const [key, bases] of this.calico.bases) {
      const ref = parseKey(key);
      if (!ip || ref?.kind !== 'block' || !containsIp(ref.cidr, ip)) continue;
      for (const [ordinal, base] of bases) {
        const ourBase = this.ours.bases.get(key)?.get(ordinal);
        const offset = recorded - base;
        if (ourBase !== undefined && offset >= -UPDATES_PER_STEP_MAX && offset < NUMBERS_PER_LIFE_MAX) return ourBase + offset;
      }
    }
    return recorded;
  }
}

/** The places of a block's sequence numbers in its value. */
export function numberNodes(block: JsonNode): ScalarNode[] {
  const perOrdinal = member(block, 'sequenceNumberForAllocation');
  const nodes = [member(block, 'sequenceNumber'), ...(perOrdinal?.kind === 'object' ? perOrdinal.members.map(({ node }) => node) : [])];
  return nodes.filter((node): node is ScalarNode => numberOf(node) !== undefined);
}

export function numberOf(node: JsonNode | undefined): bigint | undefined {
  if (node?.kind !== 'scalar') return undefined;
  return typeof node.value === 'bigint' || (typeof node.value === 'number' && Number.isInteger(node.value))
    ? BigInt(node.value)
    : undefined;
}

function smallest(block: JsonNode | undefined): bigint | undefined {
  const numbers = block ? numberNodes(block).flatMap((node) => numberOf(node) ?? []) : [];
  return numbers.length === 0 ? undefined : numbers.reduce((least, number) => (number < least ? number : least));
}
