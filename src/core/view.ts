/**
 * What a planner can see: decoded records, each with the revision it was read at, wherever they came from: a cold read, the
 * entries that a conflict returned, or (later) a mirror fed by watches.
 */
import { type Cidr, covers } from './addr.ts';
import type { Collection, RecordOf, Ref, RefOf } from './records.ts';

/** Revision of a record, or that there is none: exactly what a guard needs. */
export type SeenRevision = bigint | 'absent';

export type Found<K extends Ref['kind'] = Ref['kind']> =
  | { readonly kind: 'absent' }
  /** It exists; its value was not asked for. */
  | { readonly kind: 'exists'; readonly revision: bigint }
  | { readonly kind: 'present'; readonly revision: bigint; readonly record: RecordOf[K] }
  | { readonly kind: 'corrupt'; readonly revision: bigint; readonly reason: string };

/** What a planner needs and a View does not have. */
export interface Need {
  readonly refs: readonly Ref[];
  /** Only whether they exist. */
  readonly probes: readonly Ref[];
  readonly collections: readonly Collection[];
}

/** Equal for equal refs: the map key inside a View. */
export function refId(ref: Ref): string {
  switch (ref.kind) {
    case 'config':
      return 'config';
    case 'pool':
    case 'reservation':
    case 'node':
    case 'network':
      return `${ref.kind} ${ref.name}`;
    case 'hostMarker':
      return `hostMarker ${ref.host}`;
    case 'block':
      return `block ${ref.cidr.text}`;
    case 'affinity':
      return `affinity ${ref.cidr.text} ${ref.owner.type} ${ref.owner.name}`;
    case 'handle':
      return `handle ${ref.id}`;
    case 'mark':
      return `mark ${ref.mark} ${ref.id}`;
  }
}

export function collectionId(collection: Collection): string {
  switch (collection.kind) {
    case 'pools':
    case 'reservations':
      return collection.kind;
    case 'affinitiesOf':
      return `affinitiesOf ${collection.owner.type} ${collection.owner.name}`;
    case 'blocksNear':
    case 'blocksWithin':
      return `${collection.kind} ${collection.cidr.text}`;
    case 'marksAfter':
      return `marksAfter ${collection.mark} ${collection.after}`;
  }
}

export class View {
  readonly #records = new Map<string, Found>();
  readonly #collections = new Map<string, readonly Ref[]>();
  /** Networks whose blocks were all listed. */
  readonly #listed: Cidr[] = [];
  readonly #otherSizes = new Map<string, readonly Cidr[]>();

  /** What is known of the record; undefined when nothing is. */
  find<K extends Ref['kind']>(ref: RefOf<K>): Found<K> | undefined {
    const found = this.#records.get(refId(ref)) as Found<K> | undefined;
    return found ?? (this.#isUnlisted(ref) ? { kind: 'absent' } : undefined);
  }

  /** An affinity that is not among all of its owner's, or a block that is not among all of a network. */
  #isUnlisted(ref: Ref): boolean {
    if (ref.kind === 'affinity') return this.#collections.has(collectionId({ kind: 'affinitiesOf', owner: ref.owner }));
    return ref.kind === 'block' && this.listedAround(ref.cidr) !== undefined;
  }

  /** The network around `cidr` of which every block is known. */
  listedAround(cidr: Cidr): Cidr | undefined {
    return this.#listed.find((network) => covers(network, cidr));
  }

  set(ref: Ref, found: Found): void {
    this.#records.set(refId(ref), found);
    if (ref.kind === 'affinity' && found.kind !== 'absent') this.#addToOwner(ref);
  }

  /** A conflict may tell of an affinity that its owner did not have when all of them were read (AA-15). */
  #addToOwner(ref: RefOf<'affinity'>): void {
    const id = collectionId({ kind: 'affinitiesOf', owner: ref.owner });
    const members = this.#collections.get(id);
    if (members && !members.some((member) => refId(member) === refId(ref))) this.#collections.set(id, inKeyOrder([...members, ref]));
  }

  /** A read that asked for existence only does not hide a value that is known at the same revision. */
  setExistence(ref: Ref, found: Found): void {
    const known = this.#records.get(refId(ref));
    const same = known !== undefined && 'revision' in known && 'revision' in found && known.revision === found.revision;
    if (!same) this.set(ref, found);
  }

  /** Of a network whose blocks were all listed, those of another size than `prefixLength`: hardly ever any. */
  listedOfOtherSize(network: Cidr, prefixLength: number): readonly Cidr[] {
    const id = `${network.text} ${prefixLength}`;
    const known = this.#otherSizes.get(id);
    if (known) return known;
    const cidrs = blockCidrs(this.members({ kind: 'blocksWithin', cidr: network }) ?? []).filter(
      (cidr) => cidr.prefixLength !== prefixLength,
    );
    this.#otherSizes.set(id, cidrs);
    return cidrs;
  }

  /** Members in key order; their records are in the view too. */
  members(collection: Collection): readonly Ref[] | undefined {
    return this.#collections.get(collectionId(collection));
  }

  setMembers(collection: Collection, members: readonly Ref[]): void {
    this.#collections.set(collectionId(collection), members);
    if (collection.kind === 'blocksWithin') this.#listed.push(collection.cidr);
  }
}

/** Block CIDRs among `refs`, in order. */
export function blockCidrs(refs: readonly Ref[]): Cidr[] {
  return refs.flatMap((ref) => (ref.kind === 'block' ? [ref.cidr] : []));
}

/** Affinities of one owner as their keys are ordered (data model §2.2). */
export function inKeyOrder(affinities: readonly Ref[]): Ref[] {
  return affinities.toSorted((a, b) => (keyOrder(a) < keyOrder(b) ? -1 : 1));
}

function keyOrder(ref: Ref): string {
  return ref.kind === 'affinity' ? `${ref.cidr.version} ${ref.cidr.text.replace('/', '-')}` : '';
}
