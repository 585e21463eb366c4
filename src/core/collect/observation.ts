/** One look at a store beside an inventory: what nobody seems to use. A second look, later, confirms it. */
import { type Cidr, ipOfOrdinal } from '../addr.ts';
import { attributeAt, isEmpty, ordinalsInUse, ownerOf, sequenceNumberAt } from '../block.ts';
import type { Block, Node, Owner } from '../records.ts';
import { msOf } from '../time.ts';
import type { Inventory } from './inventory.ts';
import { type Allocation, isJudged, isNodeGone, judge, linksOf, type Verdict } from './judge.ts';

/** An address that nobody is behind. The number says which assignment is meant: a later one of the same address is another. */
export interface LeakedAddress {
  readonly ip: string;
  readonly block: string;
  readonly handle: string;
  readonly sequenceNumber: bigint;
  readonly node: string | undefined;
  /** Continues a sentence that begins with the address. */
  readonly why: string;
}

/** A node that is gone, with the blocks it still owns. */
export interface GoneNode {
  readonly name: string;
  readonly blocks: readonly string[];
}

/** An empty block of a node that has another one (GC-10). */
export interface IdleBlock {
  readonly block: string;
  readonly owner: Owner;
  readonly sequenceNumber: bigint;
}

export interface Candidates {
  readonly leaked: readonly LeakedAddress[];
  readonly goneNodes: readonly GoneNode[];
  readonly idleBlocks: readonly IdleBlock[];
}

/** Held addresses by verdict. */
export interface AddressCounts {
  readonly used: number;
  readonly unknown: number;
  readonly leaked: number;
  /** Of all of these, those that the inventory could call leaked: what a share is a share of. */
  readonly judged: number;
}

export interface Judged extends Candidates {
  readonly addresses: AddressCounts;
  /** Of those that cannot be judged, how many for which reason. */
  readonly unknownWhy: ReadonlyMap<string, number>;
}

interface OwnedBlock {
  readonly cidr: Cidr;
  readonly isEmpty: boolean;
  readonly sequenceNumber: bigint;
}

/** Why an address that the lists do not show is not leaked: they may be older than its assignment. */
export const ASSIGNED_SINCE = 'was assigned when the lists were taken, or since';
/** Why an address that nobody is behind is not leaked: GC-04. */
const SHARES_HANDLE = 'shares its handle with one that is in use, or may be';

/** Clocks of nodes differ, and a pod is listed with its address some seconds after it has it. */
const LISTED_AFTER_MS = 60_000;

/** Fed with nodes before blocks. */
export class Judging {
  readonly #inventory: Inventory;
  readonly #listedAtMs: number | undefined;
  /** Without any nothing is leaked, and nobody needs to know who lives. */
  readonly #hasEvidence: boolean;
  readonly #links = new Map<string, readonly string[]>();
  readonly #leaked: LeakedAddress[] = [];
  /** Handles of which an address is used, or may be: GC-04. */
  readonly #living = new Set<string>();
  readonly #counts = { used: 0, unknown: 0, leaked: 0, judged: 0 };
  readonly #unknownWhy = new Map<string, number>();
  readonly #owned = new Map<string, OwnedBlock[]>();

  /** `listedAtMs`: when the inventory was listed, where that may be before the blocks were read; what says it is newer is not judged. */
  constructor(inventory: Inventory, listedAtMs?: number) {
    this.#inventory = inventory;
    this.#listedAtMs = listedAtMs;
    this.#hasEvidence = Object.keys(inventory).length > 0;
  }

  addNode(node: Node): void {
    this.#links.set(node.name, linksOf(node));
  }

  /** Gives the verdict of each held address, by ordinal. */
  addBlock(block: Block): ReadonlyMap<number, Verdict> {
    const owner = ownerOf(block);
    const verdicts = new Map<number, Verdict>();
    for (const ordinal of ordinalsInUse(block)) {
      const attribute = attributeAt(block, ordinal);
      if (attribute?.releasedAt !== undefined) continue;
      const ip = ipOfOrdinal(block.cidr, ordinal).text;
      const allocation = { ip, attribute, owner };
      const verdict = this.#judge(allocation);
      if (isJudged(verdict, allocation, this.#inventory)) this.#counts.judged++;
      verdicts.set(ordinal, verdict);
      this.#note(verdict, attribute?.handleId, () => ({
        ip,
        block: block.cidr.text,
        handle: attribute?.handleId ?? '',
        sequenceNumber: sequenceNumberAt(block, ordinal),
        node: attribute?.secondary?.['node'],
        why: verdict.why,
      }));
    }
    if (owner?.type === 'host' && owner.name !== '') this.#own(owner.name, block);
    return verdicts;
  }

  #judge(allocation: Allocation): Verdict {
    const verdict = judge(allocation, this.#inventory, this.#links);
    const assignedAt = allocation.attribute?.secondary?.['timestamp'];
    if (verdict.kind !== 'leaked' || this.#listedAtMs === undefined || assignedAt === undefined) return verdict;
    const assignedAtMs = msOf(assignedAt);
    const isOlder = assignedAtMs !== undefined && assignedAtMs + LISTED_AFTER_MS <= this.#listedAtMs;
    return isOlder ? verdict : { kind: 'unknown', why: ASSIGNED_SINCE };
  }

  #note({ kind, why }: Verdict, handle: string | undefined, leakedAddress: () => LeakedAddress): void {
    this.#counts[kind]++;
    if (kind === 'leaked') this.#leaked.push(leakedAddress());
    else if (handle !== undefined && this.#hasEvidence) this.#living.add(handle);
    if (kind === 'unknown') this.#unknownWhy.set(why, (this.#unknownWhy.get(why) ?? 0) + 1);
  }

  #own(name: string, block: Block): void {
    const owned = this.#owned.get(name) ?? [];
    owned.push({ cidr: block.cidr, isEmpty: isEmpty(block), sequenceNumber: block.sequenceNumber });
    this.#owned.set(name, owned);
  }

  finish(): Judged {
    const isGone = (name: string) => isNodeGone(name, this.#inventory, this.#links);
    const nodes = [...this.#owned];
    const leaked = this.#leaked.filter(({ handle }) => !this.#living.has(handle));
    const spared = this.#leaked.length - leaked.length;
    const counts = this.#counts;
    return {
      leaked,
      goneNodes: nodes.filter(([name]) => isGone(name)).map(([name, blocks]) => ({ name, blocks: blocks.map(({ cidr }) => cidr.text) })),
      idleBlocks: nodes
        .filter(([name]) => !isGone(name))
        .flatMap(([name, blocks]) => [...idleOf(name, blocks, 4), ...idleOf(name, blocks, 6)]),
      addresses: { ...counts, unknown: counts.unknown + spared, leaked: leaked.length },
      unknownWhy: spared === 0 ? this.#unknownWhy : new Map([...this.#unknownWhy, [SHARES_HANDLE, spared]]),
    };
  }
}

/** GC-10: a node keeps one block of each family, one in use before an empty one. */
function idleOf(name: string, blocks: readonly OwnedBlock[], version: 4 | 6): IdleBlock[] {
  const own = blocks.filter(({ cidr }) => cidr.version === version);
  const empty = own.filter((block) => block.isEmpty);
  const idle = empty.length === own.length ? empty.slice(1) : empty;
  return idle.map(({ cidr, sequenceNumber }) => ({ block: cidr.text, owner: { type: 'host', name }, sequenceNumber }));
}
