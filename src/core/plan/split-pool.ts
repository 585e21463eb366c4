/** One pool becomes several: in one commit, so that no address is ever in no pool, and there is nothing to resume. */
import { ADDRESS_BITS, type Cidr, cidrAt, covers } from '../addr.ts';
import type { Draft } from '../draft.ts';
import type { JsonObject } from '../json.ts';
import { done, type Outcome, type Refusal, refused } from '../outcome.ts';
import type { Pool } from '../records.ts';
import { memberObject, memberTexts, newResource, withMember } from '../resource.ts';
import { timeText } from '../time.ts';
import { blockCidrs } from '../view.ts';
import type { Planner } from './plan.ts';
import { poolRef } from './refs.ts';
import { changedSince } from './resources.ts';

/** What one commit holds beside the pool itself, with room for what every commit carries. */
export const PARTS_MAX = 64;
const NAME_CHARACTERS_MAX = 253;

export interface SplitPool {
  readonly name: string;
  /** A power of 2, 2 to {@link PARTS_MAX}. */
  readonly parts: number;
  /** That the caller read; undefined: whatever is there now. */
  readonly revision: bigint | undefined;
  /** One for each part. */
  readonly uids: readonly string[];
}

export interface PoolPart {
  readonly name: string;
  readonly cidr: Cidr;
}

/** The parts, in address order; each is a copy of the pool but for name and network. Blocks and addresses stay as they are. */
export function splitPool({ name, parts, revision, uids }: SplitPool): Planner<readonly PoolPart[]> {
  return (draft, env) => {
    const pool = draft.get(poolRef(name));
    if (!pool)
      return refused('not-found', `unable to find IP pool with name ${name}. List them with: plat get ippools`, { kind: 'ippool', name });
    if (revision !== undefined && draft.revisionOf(poolRef(name)) !== revision) return changedSince('ippool', name, revision);
    if (pool.disabled && memberObject(pool.object, 'spec')?.get('disabled') !== true) {
      return refused('conflict', `pool "${name}" is being deleted, or something else keeps new addresses from it. Nothing was changed.`, {
        name,
      });
    }
    const networks = partsOf(pool, parts);
    if (networks.kind === 'refused') return networks;
    const named = networks.value.map((cidr, index) => ({ name: partName(name, index), cidr }));
    const refusal = takenName(draft, named) ?? cutBlock(draft, pool, networks.value);
    if (refusal) return refusal;
    named.forEach((part, index) => {
      const object = partObject(pool, part, { uid: uids[index] as string, createdAt: timeText(env.nowNs) });
      draft.put(poolRef(part.name), { ...pool, name: part.name, cidr: part.cidr, cidrText: part.cidr.text, object });
    });
    draft.delete(poolRef(name));
    return done(named);
  };
}

function partsOf({ name, cidr, cidrText, blockSize }: Pool, parts: number): Outcome<readonly Cidr[]> {
  const no = (why: string) =>
    refused('invalid-argument', `error splitting the CIDR ${cidrText} into ${parts} CIDRs: ${why}`, { pool: name, cidr: cidrText, parts });
  if (!cidr) return no('it is no network. Correct the pool first.');
  if (!Number.isSafeInteger(parts) || parts < 2 || (parts & (parts - 1)) !== 0) {
    return no(`number to split CIDR into is not a valid power of 2: ${parts}. Give 2, 4, 8, 16, 32 or 64.`);
  }
  if (parts > PARTS_MAX) return no(`more than ${PARTS_MAX} do not go into one commit. Split into fewer, then split each of them.`);
  const prefixLength = cidr.prefixLength + Math.log2(parts);
  if (prefixLength > ADDRESS_BITS[cidr.version]) return no(`the CIDR ${cidr.text} is not large enough to be split into ${parts} parts.`);
  if (prefixLength > blockSize) {
    return no(`each would be a /${prefixLength}, smaller than a block of the pool (/${blockSize}). Split into fewer.`);
  }
  const size = 1n << BigInt(ADDRESS_BITS[cidr.version] - prefixLength);
  return done(Array.from({ length: parts }, (_, index) => cidrAt(cidr.version, cidr.base + BigInt(index) * size, prefixLength)));
}

/** As calicoctl names them; a name that would be too long is cut. */
function partName(name: string, index: number): string {
  const longest = `split-${name}-${PARTS_MAX}`;
  return `split-${longest.length > NAME_CHARACTERS_MAX ? name.slice(0, 245) : name}-${index}`;
}

function takenName(draft: Draft, parts: readonly PoolPart[]): Refusal | undefined {
  draft.require({ probes: parts.map(({ name }) => poolRef(name)) });
  const taken = parts.filter(({ name }) => draft.exists(poolRef(name))).map(({ name }) => name);
  if (taken.length === 0) return undefined;
  const message = `a part would be called ${taken[0]}, and there is a pool of that name. Nothing was changed. Delete or split it under another name first.`;
  return refused('already-exists', message, { pools: taken });
}

/** A block that lies in no part whole would be found by nobody any more. */
function cutBlock(draft: Draft, { cidr }: Pool, parts: readonly Cidr[]): Refusal | undefined {
  const collection = { kind: 'blocksWithin' as const, cidr: cidr as Cidr };
  draft.require({ collections: [collection] });
  const cut = blockCidrs(draft.members(collection)).filter((block) => !parts.some((part) => covers(part, block)));
  if (cut.length === 0) return undefined;
  const message = `${cut.length} block(s), such as ${cut[0]?.text}, are larger than a part would be. Nothing was changed. Split into fewer, or release those blocks.`;
  return refused('pool-overlap', message, { blocks: cut.map(({ text }) => text) });
}

/** Labels, annotations and everything in `spec` but the network carry over (I10). */
function partObject({ object }: Pool, { name, cidr }: PoolPart, { uid, createdAt }: { uid: string; createdAt: string }): JsonObject {
  const metadata = memberObject(object, 'metadata');
  const spec = withMember(memberObject(object, 'spec') ?? new Map(), 'cidr', cidr.text);
  const labels = memberTexts(metadata, 'labels');
  const annotations = memberTexts(metadata, 'annotations');
  return newResource({ kind: 'IPPool', name, uid, createdAt, labels, annotations, spec });
}
