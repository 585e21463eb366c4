/** Releasing what was confirmed: exactly the assignments that were judged, whatever became of the rest. */
import { type Cidr, type Ip, ordinalOf } from '../addr.ts';
import { attributeAt, type Claim, type Cooldown, collect, release, sanitisedHandle, sequenceNumberAt, stateOf } from '../block.ts';
import type { Draft } from '../draft.ts';
import { done } from '../outcome.ts';
import { releaseBlocks } from '../plan/affinity.ts';
import { countDown } from '../plan/handles.ts';
import type { Planner } from '../plan/plan.ts';
import { affinityRef, blockRef, handleRef } from '../plan/refs.ts';
import { recordedId, writeReleased } from '../plan/release.ts';
import { settingsOf } from '../plan/settings.ts';
import type { Block, Owner, Pool, Ref } from '../records.ts';

export interface Releasable {
  readonly ip: Ip;
  readonly handle: string | undefined;
  readonly sequenceNumber: bigint;
}

/** What one commit takes. */
export interface Collecting {
  readonly blocks: readonly { readonly cidr: Cidr; readonly addresses: readonly Releasable[] }[];
  /** Empty blocks of these to be given up afterwards; `sequenceNumber`: only if nothing has changed in it. */
  readonly giveUp: readonly { readonly owner: Owner; readonly cidr: Cidr; readonly sequenceNumber?: bigint }[];
}

export interface Collected {
  readonly released: readonly Ip[];
  /** Held by somebody else by now, or free already. */
  readonly changed: readonly Ip[];
  readonly givenUp: readonly Cidr[];
}

export function refsOfCollecting({ blocks, giveUp }: Collecting): Ref[] {
  return [
    ...blocks.map(({ cidr }) => blockRef(cidr)),
    ...blocks.flatMap(({ addresses }) => addresses.flatMap(({ handle }) => (handle === undefined ? [] : [handleRef(handle)]))),
    ...giveUp.flatMap(({ owner, cidr }) => [blockRef(cidr), affinityRef(owner, cidr)]),
  ];
}

/** I6, GC-05, GC-09, GC-10. A value that cannot be read is passed over. */
export function collectAddresses(collecting: Collecting): Planner<Collected> {
  return (draft, env) => {
    draft.require({ refs: refsOfCollecting(collecting) });
    const { cooldown, pools } = settingsOf(draft, env);
    const parts = collecting.blocks.map((part) => releaseFrom(draft, { ...part, cooldown, pools }));
    const giveUp = collecting.giveUp.filter(
      ({ cidr, sequenceNumber }) => sequenceNumber === undefined || isUnchanged(draft, cidr, sequenceNumber),
    );
    const given = releaseBlocks({ affinities: giveUp, mustBeEmpty: true, onRefusal: 'continue' })(draft, env);
    return done({
      released: parts.flatMap((part) => part.released),
      changed: parts.flatMap((part) => part.changed),
      givenUp: given.kind === 'done' ? given.value.released : [],
    });
  };
}

function isUnchanged(draft: Draft, cidr: Cidr, sequenceNumber: bigint): boolean {
  const found = draft.find(blockRef(cidr));
  return found.kind === 'present' && found.record.sequenceNumber === sequenceNumber;
}

interface Part {
  readonly cidr: Cidr;
  readonly addresses: readonly Releasable[];
  readonly cooldown: Cooldown;
  readonly pools: readonly Pool[];
}

function releaseFrom(draft: Draft, { cidr, addresses, cooldown, pools }: Part): { released: Ip[]; changed: Ip[] } {
  const found = draft.find(blockRef(cidr));
  if (found.kind !== 'present') return { released: [], changed: addresses.map(({ ip }) => ip) };
  const block = collect(found.record, cooldown).block;
  const released: Ip[] = [];
  const changed: Ip[] = [];
  const claims: Claim[] = [];
  for (const address of addresses) {
    const claim = claimOf(cidr, address);
    const isStill = claim !== undefined && isHeldAsJudged(block, claim);
    (isStill ? released : changed).push(address.ip);
    if (isStill) claims.push(claim);
  }
  const outcome = release(block, claims, cooldown);
  if (outcome.kind !== 'released' || !outcome.changed) return { released: [], changed: addresses.map(({ ip }) => ip) };
  writeReleased(draft, outcome.block, pools, cooldown);
  for (const [id, count] of outcome.countByHandle) countDown(draft, recordedId(draft, id), cidr, count);
  return { released, changed };
}

function claimOf(cidr: Cidr, { ip, handle, sequenceNumber }: Releasable): Claim | undefined {
  const ordinal = ordinalOf(cidr, ip);
  return ordinal === undefined
    ? undefined
    : { ordinal, sequenceNumber, handle: handle === undefined ? undefined : sanitisedHandle(handle) };
}

function isHeldAsJudged(block: Block, { ordinal, sequenceNumber, handle }: Claim): boolean {
  const holder = attributeAt(block, ordinal)?.handleId;
  const isSameHandle = handle === undefined || (holder !== undefined && sanitisedHandle(holder) === handle);
  return stateOf(block, ordinal) === 'held' && sequenceNumberAt(block, ordinal) === sequenceNumber && isSameHandle;
}
