/** I3: what handle records count, recounted from the blocks. */
import type { Change, Mirror } from './mirror.ts';
import { must } from './violation.ts';

interface HandleState {
  readonly revision: bigint;
  readonly hasRecord: boolean;
  readonly isHeld: boolean;
}

export class HandleChecks {
  readonly #mirror: Mirror;
  /** Handles that a foreign writer changed, which counts in steps. */
  readonly #foreign = new Set<string>();
  /** Every state of each handle, oldest first. */
  readonly #states = new Map<string, HandleState[]>();
  /** Handles whose record once counted less than blocks held. */
  readonly #short = new Set<string>();

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  check(change: Change): void {
    const touched = new Set(change.handles);
    for (const { lost, gained } of change.blocks) {
      for (const { handle } of [...lost, ...gained]) if (handle !== undefined) touched.add(handle);
    }
    for (const handle of touched) {
      if (change.author.process.writer === 'calico') this.#foreign.add(handle);
      this.#checkHandle(handle, change);
      this.#note(handle, change.revision);
    }
  }

  isForeign(handle: string): boolean {
    return this.#foreign.has(handle);
  }

  /** True when at some revision from `from` on there was no record of the handle; with `andNoHolds`, and no address of it. */
  wasGone(handle: string, from: bigint, andNoHolds: boolean): boolean {
    const states = this.#states.get(handle) ?? [];
    const isGone = ({ hasRecord, isHeld }: HandleState) => !hasRecord && !(andNoHolds && isHeld);
    const first = states.findLastIndex(({ revision }) => revision <= from);
    return first < 0 || states.slice(first).some(isGone);
  }

  #checkHandle(handle: string, { author }: Change): void {
    const record = this.#mirror.handles.get(handle);
    const held = this.#mirror.heldBy(handle);
    const isShort = [...held].some(([block, count]) => (record?.blocks.get(block) ?? 0) < count);
    if (this.#foreign.has(handle)) {
      // A foreign writer's steps may leave too little beside a release of ours; ours alone never do.
      const isOurs = author.process.writer === 'plat' && !this.#short.has(handle);
      must(!isOurs || !isShort || record === undefined, 'I3', () => `handle ${handle} ${this.#comparison(handle)}: too low`);
    } else {
      const isExact = !isShort && [...(record?.blocks ?? [])].every(([block, count]) => count === held.get(block));
      must(isExact && (record === undefined || held.size > 0), 'I3', () => `handle ${handle} ${this.#comparison(handle)}`);
    }
    if (isShort) this.#short.add(handle);
    else this.#short.delete(handle);
  }

  #comparison(handle: string): string {
    const text = (counts: Iterable<readonly [string, number]>) => JSON.stringify(Object.fromEntries(counts));
    const record = this.#mirror.handles.get(handle);
    return `counts ${record ? text(record.blocks) : 'nothing (no record)'}, blocks hold ${text(this.#mirror.heldBy(handle))}`;
  }

  #note(handle: string, revision: bigint): void {
    const states = this.#states.get(handle) ?? [];
    states.push({ revision, hasRecord: this.#mirror.handles.has(handle), isHeld: this.#mirror.heldBy(handle).size > 0 });
    this.#states.set(handle, states);
  }
}
