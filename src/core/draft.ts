/**
 * A planner's working copy: the View, and on top of it what the plan will write. Requests planned together see each
 * other's changes; one that is refused is rolled back alone.
 */
import type { Cidr } from './addr.ts';
import type { Collection, Owner, RecordOf, Ref, RefOf } from './records.ts';
import { collectionId, type Found, inKeyOrder, type Need, refId, type SeenRevision, type View } from './view.ts';

/** Raised by a planner that misses entries; caught in `plan()` alone (docs/decisions/0002). */
export class NeedSignal {
  readonly need: Need;
  constructor(need: Need) {
    this.need = need;
  }
}

/** Raised by a planner that meets a value which cannot be read and without which it cannot go on. */
export class CorruptSignal {
  readonly ref: Ref;
  readonly reason: string;
  constructor(ref: Ref, reason: string) {
    this.ref = ref;
    this.reason = reason;
  }
}

type Change =
  | { readonly kind: 'write'; readonly ref: Ref; readonly record: RecordOf[Ref['kind']]; readonly guarded: boolean }
  | { readonly kind: 'delete'; readonly ref: Ref; readonly guarded: boolean };

/** A commit in domain terms: guards, then writes and deletes, each record at most once. */
export interface DraftCommit {
  readonly guards: readonly { readonly ref: Ref; readonly revision: SeenRevision }[];
  readonly writes: readonly { readonly ref: Ref; readonly record: RecordOf[Ref['kind']] }[];
  readonly deletes: readonly Ref[];
}

export interface Savepoint {
  readonly changes: ReadonlyMap<string, Change>;
  readonly guards: ReadonlyMap<string, { ref: Ref; revision: SeenRevision }>;
}

export class Draft {
  readonly #view: View;
  #changes = new Map<string, Change>();
  #guards = new Map<string, { ref: Ref; revision: SeenRevision }>();

  constructor(view: View) {
    this.#view = view;
  }

  /** The record as this plan would leave it; a value that cannot be read is `corrupt`. Raises {@link NeedSignal}. */
  find<K extends Ref['kind']>(ref: RefOf<K>): Exclude<Found<K>, { kind: 'exists' }> {
    const change = this.#changes.get(refId(ref));
    if (change?.kind === 'delete') return { kind: 'absent' };
    if (change) return { kind: 'present', record: change.record as RecordOf[K], revision: 0n };
    const found = this.#view.find(ref);
    if (found === undefined || found.kind === 'exists') throw new NeedSignal({ refs: [ref], probes: [], collections: [] });
    return found;
  }

  /** Like {@link find}, for what the plan cannot do without: undefined when absent; raises {@link CorruptSignal}. */
  get<K extends Ref['kind']>(ref: RefOf<K>): RecordOf[K] | undefined {
    const found = this.find(ref);
    if (found.kind === 'corrupt') throw new CorruptSignal(ref, found.reason);
    return found.kind === 'present' ? found.record : undefined;
  }

  /** What is known of the record now, value or not; undefined when nothing is. */
  peek<K extends Ref['kind']>(ref: RefOf<K>): Found<K> | undefined {
    return this.#changes.has(refId(ref)) ? this.find(ref) : this.#view.find(ref);
  }

  /** Whether the record exists, without its value. Raises {@link NeedSignal}. */
  exists(ref: Ref): boolean {
    const change = this.#changes.get(refId(ref));
    if (change) return change.kind === 'write';
    const found = this.#view.find(ref);
    if (found === undefined) throw new NeedSignal({ refs: [], probes: [ref], collections: [] });
    return found.kind !== 'absent';
  }

  /**
   * Members in key order: as the View has them, less those known to be gone; pools and an owner's affinities with those
   * this plan adds. Raises {@link NeedSignal}.
   */
  members(collection: Collection): readonly Ref[] {
    const members = this.#view.members(collection);
    if (members === undefined) throw new NeedSignal({ refs: [], probes: [], collections: [collection] });
    const present = members.filter((ref) => this.#isThere(ref));
    if (collection.kind === 'pools') return this.#withAddedPools(present);
    return collection.kind === 'affinitiesOf' ? this.#withAdded(present, collection.owner) : present;
  }

  #withAddedPools(members: readonly Ref[]): readonly Ref[] {
    const known = new Set(members.map(refId));
    const added = [...this.#changes].flatMap(([id, { kind, ref }]) =>
      kind === 'write' && ref.kind === 'pool' && !known.has(id) ? [ref] : [],
    );
    return added.length === 0 ? members : [...members, ...added].toSorted((a, b) => (refId(a) < refId(b) ? -1 : 1));
  }

  #withAdded(members: readonly Ref[], owner: Owner): readonly Ref[] {
    const known = new Set(members.map(refId));
    const added: RefOf<'affinity'>[] = [];
    for (const [id, { kind, ref }] of this.#changes) {
      const isOwn = ref.kind === 'affinity' && ref.owner.type === owner.type && ref.owner.name === owner.name;
      if (kind === 'write' && isOwn && !known.has(id)) added.push(ref);
    }
    return added.length === 0 ? members : inKeyOrder([...members, ...added]);
  }

  #isThere(ref: Ref): boolean {
    const change = this.#changes.get(refId(ref));
    return change ? change.kind === 'write' : this.#view.find(ref)?.kind !== 'absent';
  }

  /** Whether this draft writes or deletes the record. */
  isChanged(ref: Ref): boolean {
    return this.#changes.has(refId(ref));
  }

  /** The network around `cidr` of which every block is known. */
  listedAround(cidr: Cidr): Cidr | undefined {
    return this.#view.listedAround(cidr);
  }

  /** Blocks of a listed network that have another size than `prefixLength` and are still there. */
  listedOfOtherSize(network: Cidr, prefixLength: number): readonly Cidr[] {
    return this.#view.listedOfOtherSize(network, prefixLength).filter((cidr) => this.#isThere({ kind: 'block', cidr }));
  }

  /** Asks for several things in one read; does nothing when all are known. */
  require(need: Partial<Need>): void {
    const refs = (need.refs ?? []).filter((ref) => !this.#knows(ref, true));
    const probes = (need.probes ?? []).filter((ref) => !this.#knows(ref, false));
    const collections = (need.collections ?? []).filter((wanted) => this.#view.members(wanted) === undefined);
    if (refs.length + probes.length + collections.length > 0) throw new NeedSignal({ refs, probes, collections });
  }

  #knows(ref: Ref, withValue: boolean): boolean {
    if (this.#changes.has(refId(ref))) return true;
    const found = this.#view.find(ref);
    return found !== undefined && !(withValue && found.kind === 'exists');
  }

  /** Writes the record, guarded by the revision it was read at. */
  put<K extends Ref['kind']>(ref: RefOf<K>, record: RecordOf[K]): void {
    this.#changes.set(refId(ref), { kind: 'write', ref, record, guarded: true });
  }

  /** Writes the record whatever is there. */
  putUnguarded<K extends Ref['kind']>(ref: RefOf<K>, record: RecordOf[K]): void {
    this.#changes.set(refId(ref), { kind: 'write', ref, record, guarded: false });
  }

  /** Deletes the record, guarded by the revision it was read at. */
  delete(ref: Ref): void {
    this.#changes.set(refId(ref), { kind: 'delete', ref, guarded: true });
  }

  /** Deletes the record whatever its state, or if it is not there. */
  deleteUnguarded(ref: Ref): void {
    this.#changes.set(refId(ref), { kind: 'delete', ref, guarded: false });
  }

  /** The commit happens only when this record is as it was read, although it is not written. */
  guard(ref: Ref): void {
    this.#guards.set(refId(ref), { ref, revision: this.revisionOf(ref) });
  }

  /** Revision of the record in the View. Raises {@link NeedSignal}. */
  revisionOf(ref: Ref): SeenRevision {
    const found = this.#view.find(ref);
    if (found === undefined) throw new NeedSignal({ refs: [ref], probes: [], collections: [] });
    return found.kind === 'absent' ? 'absent' : found.revision;
  }

  savepoint(): Savepoint {
    return { changes: new Map(this.#changes), guards: new Map(this.#guards) };
  }

  rollback(savepoint: Savepoint): void {
    this.#changes = new Map(savepoint.changes);
    this.#guards = new Map(savepoint.guards);
  }

  hasChanges(): boolean {
    return this.#changes.size > 0;
  }

  /** Operations the commit would have: the larger of guards, and writes with deletes. */
  operationCount(): number {
    const { guards } = this.toCommit();
    return Math.max(guards.length, this.#changes.size);
  }

  toCommit(): DraftCommit {
    const guards = new Map(this.#guards);
    const writes: { ref: Ref; record: RecordOf[Ref['kind']] }[] = [];
    const deletes: Ref[] = [];
    for (const [id, change] of this.#changes) {
      const seen = change.guarded ? this.revisionOf(change.ref) : undefined;
      if (seen !== undefined) guards.set(id, { ref: change.ref, revision: seen });
      if (change.kind === 'write') writes.push({ ref: change.ref, record: change.record });
      // What was created and dropped again inside the plan was never there: its guard says so.
      else if (seen !== 'absent') deletes.push(change.ref);
    }
    return { guards: [...guards.values()], writes, deletes };
  }
}

/** All needs in one. */
export function mergeNeeds(needs: readonly Need[]): Need {
  const refs = new Map<string, Ref>();
  const probes = new Map<string, Ref>();
  const collections = new Map<string, Collection>();
  for (const need of needs) {
    for (const ref of need.refs) refs.set(refId(ref), ref);
    for (const ref of need.probes) probes.set(refId(ref), ref);
    for (const collection of need.collections) collections.set(collectionId(collection), collection);
  }
  for (const id of refs.keys()) probes.delete(id);
  return { refs: [...refs.values()], probes: [...probes.values()], collections: [...collections.values()] };
}
