/** The store's content as the checks see it: decoded from the bytes of each revision, and what each revision changed. */
import type { Cidr } from '../../../src/core/addr.ts';
import type { AffinityState, Block, Handle, IpamConfig, Ref } from '../../../src/core/records.ts';
import { decode } from '../../../src/store/codec.ts';
import { parseKey } from '../../../src/store/keys.ts';
import type { WatchEvent } from '../../../src/store/port.ts';
import type { Operation } from '../operation.ts';
import type { Process } from '../process.ts';
import { type Hold, holdsOf, isSameHold } from './hold.ts';
import { violated } from './violation.ts';

/** Who sent a commit. */
export interface Author {
  readonly process: Process;
  readonly operations: readonly Operation[];
  /** Virtual milliseconds at which it was sent; it may land later. */
  readonly sentMs: number;
}

export interface BlockChange {
  readonly cidr: string;
  readonly before: Block | undefined;
  readonly after: Block | undefined;
  readonly lost: readonly Hold[];
  readonly gained: readonly Hold[];
}

/** One revision. */
export interface Change {
  readonly revision: bigint;
  readonly author: Author;
  readonly blocks: readonly BlockChange[];
  /** Ids of handles whose record was written or deleted. */
  readonly handles: readonly string[];
  readonly affinities: readonly { readonly cidr: string; readonly owner: string }[];
  /** Handles for which a release mark was written. */
  readonly releaseMarks: readonly string[];
  readonly config: IpamConfig | undefined;
}

export type KeyEvent = Exclude<WatchEvent, { kind: 'compacted' }>;

interface ChangeParts {
  readonly blocks: BlockChange[];
  readonly handles: string[];
  readonly affinities: { readonly cidr: string; readonly owner: string }[];
  readonly releaseMarks: string[];
  config: IpamConfig | undefined;
}

export class Mirror {
  revision = 0n;
  readonly blocks = new Map<string, Block>();
  readonly handles = new Map<string, Handle>();
  /** Every network that was reserved at some time. */
  readonly reserved: Cidr[] = [];
  /** By block, then by owner as a block names it. */
  readonly affinities = new Map<string, Map<string, AffinityState>>();
  /** Addresses each block holds for a handle, counted. */
  readonly #held = new Map<string, Map<string, number>>();

  /** Takes over all events of one revision. */
  apply(events: readonly KeyEvent[], author: Author): Change {
    const parts: ChangeParts = { blocks: [], handles: [], affinities: [], releaseMarks: [], config: undefined };
    for (const event of events) {
      const ref = parseKey(event.key);
      if (ref) this.#applyRef(ref, event, parts);
      this.revision = event.revision;
    }
    return { ...parts, revision: this.revision, author };
  }

  /** Addresses that blocks hold for the handle, per block; empty when there are none. */
  heldBy(handle: string): ReadonlyMap<string, number> {
    return this.#held.get(handle) ?? new Map();
  }

  #applyRef(ref: Ref, event: KeyEvent, parts: ChangeParts): void {
    switch (ref.kind) {
      case 'block':
        parts.blocks.push(this.#applyBlock(ref.cidr.text, decoded(ref, event)));
        break;
      case 'handle':
        setOrDelete(this.handles, ref.id, decoded(ref, event));
        parts.handles.push(ref.id);
        break;
      case 'affinity': {
        const owner = `${ref.owner.type}:${ref.owner.name}`;
        const owners = this.affinities.get(ref.cidr.text) ?? new Map<string, AffinityState>();
        this.affinities.set(ref.cidr.text, owners);
        setOrDelete(owners, owner, decoded(ref, event)?.state);
        parts.affinities.push({ cidr: ref.cidr.text, owner });
        break;
      }
      case 'config':
        parts.config = decoded(ref, event);
        break;
      case 'reservation':
        this.reserved.push(...(decoded(ref, event)?.cidrs ?? []));
        break;
      case 'mark':
        if (ref.mark === 'released' && event.kind === 'put') parts.releaseMarks.push(ref.id);
        break;
      default:
        decoded(ref, event);
    }
  }

  #applyBlock(cidr: string, after: Block | undefined): BlockChange {
    const before = this.blocks.get(cidr);
    setOrDelete(this.blocks, cidr, after);
    const [had, has] = [holdsOf(before), holdsOf(after)];
    const stays = (hold: Hold, others: ReadonlyMap<number, Hold>) => {
      const other = others.get(hold.ordinal);
      return other !== undefined && isSameHold(hold, other);
    };
    const lost = [...had.values()].filter((hold) => !stays(hold, has));
    const gained = [...has.values()].filter((hold) => !stays(hold, had));
    for (const hold of lost) this.#count(hold, cidr, -1);
    for (const hold of gained) this.#count(hold, cidr, 1);
    return { cidr, before, after, lost, gained };
  }

  #count({ handle }: Hold, cidr: string, by: 1 | -1): void {
    if (handle === undefined) return;
    const blocks = this.#held.get(handle) ?? new Map<string, number>();
    const count = (blocks.get(cidr) ?? 0) + by;
    setOrDelete(blocks, cidr, count === 0 ? undefined : count);
    setOrDelete(this.#held, handle, blocks.size === 0 ? undefined : blocks);
  }
}

function decoded<R extends Ref>(ref: R, event: KeyEvent) {
  if (event.kind === 'delete') return undefined;
  const value = decode<R['kind']>(ref, event.value);
  return value.kind === 'ok' ? value.record : violated('I2', `${event.key} was written with a value that cannot be read: ${value.reason}`);
}

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
