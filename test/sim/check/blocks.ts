/** I1 across blocks, I2 and I4: each block by itself, before and after a revision. */
import { containsIp, ipOfOrdinal, overlaps } from '../../../src/core/addr.ts';
import { blockFault } from '../../../src/core/block.ts';
import type { Block } from '../../../src/core/records.ts';
import type { Operation } from '../operation.ts';
import type { WallClock } from '../time.ts';
import { coolingOf, holdsOf } from './hold.ts';
import type { Author, BlockChange, Change, Mirror } from './mirror.ts';
import { must } from './violation.ts';

/** The longest an operation may take between reading the configuration and sending its commit. */
const CALL_MS_MAX = 31_000;
/** Sequence numbers of a block made anew start at the wall clock; updates add one per request. */
const UPDATES_PER_COMMIT_MAX = 1_000n;
const NS_PER_SECOND = 1_000_000_000n;

export interface BlockCheckParts {
  readonly mirror: Mirror;
  readonly wallOf: (author: Author) => WallClock;
  readonly nowMs: () => number;
}

export class BlockChecks {
  readonly #parts: BlockCheckParts;
  readonly #cooldowns: { readonly sinceMs: number; readonly seconds: number }[] = [{ sinceMs: 0, seconds: 0 }];

  constructor(parts: BlockCheckParts) {
    this.#parts = parts;
  }

  check(change: Change): void {
    if (change.config) this.#cooldowns.push({ sinceMs: this.#parts.nowMs(), seconds: change.config.ipCooldownSeconds });
    for (const block of change.blocks) {
      if (block.after) this.#checkWhole(block.after, block.before === undefined);
      this.#checkCooldown(block, change.author);
      if (block.before && block.after) this.#checkSuccession(block.before, block.after, change.author);
    }
  }

  #checkWhole(block: Block, isNew: boolean): void {
    const fault = blockFault(block);
    must(fault === undefined, 'I2', () => `block ${block.cidr.text}: ${fault}`);
    if (!isNew) return;
    for (const other of this.#parts.mirror.blocks.values()) {
      const isApart = other.cidr.text === block.cidr.text || !overlaps(other.cidr, block.cidr);
      must(isApart, 'I1', () => `block ${block.cidr.text} was created over block ${other.cidr.text}`);
    }
  }

  /** A released address cools, with the author's time on it, and does not stop cooling before its time. */
  #checkCooldown({ cidr, before, after, lost }: BlockChange, author: Author): void {
    const { lowest, highest } = this.#parts.wallOf(author).rangeNs(author.sentMs - CALL_MS_MAX, author.sentMs);
    const seconds = this.#lowestCooldown(author.sentMs);
    const cools = coolingOf(after);
    for (const [ordinal, releasedAt] of coolingOf(before)) {
      const isOver = cools.get(ordinal) === releasedAt || hasCooled(releasedAt, seconds, highest);
      must(
        isOver,
        'I4',
        () => `ordinal ${ordinal} of ${cidr} stopped cooling before its ${seconds} s were over (released at ${releasedAt})`,
      );
    }
    const holds = holdsOf(after);
    for (const { ordinal, ip } of lost) {
      const releasedAt = cools.get(ordinal);
      if (releasedAt === undefined) {
        must(
          seconds <= 0,
          'I4',
          () => `${ip} was released without cooling for ${seconds} s${holds.has(ordinal) ? ', and given away' : ''}`,
        );
        continue;
      }
      const isNow = BigInt(releasedAt + 1) * NS_PER_SECOND >= lowest && BigInt(releasedAt) * NS_PER_SECOND <= highest;
      must(isNow, 'I4', () => `${ip} cools since ${releasedAt}, which is not when it was released`);
    }
  }

  /** The next version of a block: a higher number, free ordinals in their order, and the released ones behind them. */
  #checkSuccession(before: Block, after: Block, author: Author): void {
    const grown = after.sequenceNumber - before.sequenceNumber;
    // Made anew, by a clock that may be behind.
    if (grown > UPDATES_PER_COMMIT_MAX || grown < -UPDATES_PER_COMMIT_MAX) return;
    must(grown > 0n, 'I6', () => `block ${after.cidr.text} went from number ${before.sequenceNumber} to ${after.sequenceNumber}`);
    const text = () => `free ordinals of ${after.cidr.text} went from [${before.unallocated}] to [${after.unallocated}]`;
    const wasFree = new Set(before.unallocated);
    const firstReturned = after.unallocated.findIndex((ordinal) => !wasFree.has(ordinal));
    const stayed = firstReturned < 0 ? after.unallocated : after.unallocated.slice(0, firstReturned);
    const behind = firstReturned < 0 ? [] : after.unallocated.slice(firstReturned);
    const isInOrder = isSubsequence(stayed, before.unallocated) && behind.every((ordinal) => !wasFree.has(ordinal));
    must(isInOrder || hasTakenAndReleased(author.operations), 'I4', () => `${text()}: not in their order, or released ones not behind`);
    if (!isFromHead(author.operations)) return;
    const isFree = new Set(after.unallocated);
    const lastTaken = before.unallocated.findLastIndex((ordinal) => !isFree.has(ordinal));
    const passedOver = before.unallocated.slice(0, lastTaken + 1).filter((ordinal) => isFree.has(ordinal));
    const isReserved = (ordinal: number) => this.#parts.mirror.reserved.some((cidr) => containsIp(cidr, ipOfOrdinal(before.cidr, ordinal)));
    must(passedOver.every(isReserved), 'I4', () => `${text()}: ${passedOver} were passed over`);
  }

  /** Of all settings the author can have read. */
  #lowestCooldown(sentMs: number): number {
    const fromMs = sentMs - CALL_MS_MAX;
    const seen = this.#cooldowns.filter(
      ({ sinceMs }, index) => sinceMs <= sentMs && (this.#cooldowns[index + 1]?.sinceMs ?? sentMs) >= fromMs,
    );
    return Math.min(...seen.map(({ seconds }) => seconds));
  }
}

function hasCooled(releasedAt: number, seconds: number, nowNs: bigint): boolean {
  if (seconds < 0) return true;
  const overNs = BigInt(releasedAt + seconds) * NS_PER_SECOND;
  return seconds === 0 ? overNs <= nowNs : overNs < nowNs;
}

function isSubsequence(part: readonly number[], whole: readonly number[]): boolean {
  let position = 0;
  for (const ordinal of whole) if (ordinal === part[position]) position++;
  return position === part.length;
}

/** Only requests that take what comes first: none that names an address, none that gives one back. */
function isFromHead(operations: readonly Operation[]): boolean {
  return operations.every(({ request }) => !request.kind.startsWith('release') && !(request.kind === 'assign' && request.ip !== undefined));
}

/** Requests that share a commit may take an address and give it back in it. */
function hasTakenAndReleased(operations: readonly Operation[]): boolean {
  return (
    operations.some(({ request }) => request.kind === 'assign') && operations.some(({ request }) => request.kind.startsWith('release'))
  );
}
