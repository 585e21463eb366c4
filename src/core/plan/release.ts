/** Releases: by address (RI) and by handle (RH). Block, handle, and what becomes of an emptied block change together. */
import { type Cidr, type Ip, ipOfOrdinal, ordinalOf, parseCidrMasked } from '../addr.ts';
import {
  attributeAt,
  type Claim,
  type Cooldown,
  collect,
  isEmpty,
  ordinalsOfHandle,
  ownerOf,
  type ReleaseOutcome,
  release,
  releaseHandle,
  sanitisedHandle,
  updated,
} from '../block.ts';
import { type Draft, mergeNeeds } from '../draft.ts';
import { corruptValue, done, type Refusal, refused } from '../outcome.ts';
import type { Block, Handle, Pool } from '../records.ts';
import { matches, parseSelector, selectsEverything } from '../selector.ts';
import type { Need } from '../view.ts';
import { countDown, forgetBlock } from './handles.ts';
import { leaveReleaseMark, sweepMarks, sweptMarks } from './marks.ts';
import type { Planner } from './plan.ts';
import { affinityRef, blockRef, CONFIG, handleRef, nodeRef, POOLS } from './refs.ts';
import { blockCandidates, poolHolding, settingsOf } from './settings.ts';

export interface ReleaseRequest {
  readonly ip: Ip;
  /** As the caller wrote it: results repeat it (RI-17). */
  readonly text: string;
  readonly handle: string | undefined;
  readonly sequenceNumber: bigint | undefined;
}

export interface ReleasedIps {
  readonly released: readonly string[];
  readonly unallocated: readonly string[];
  /** One per block that was left as it was because a claim did not match (BK-17, RI-13). */
  readonly refusals: readonly Refusal[];
}

/** RI-01 to RI-21. Blocks without a mismatch are released although another one is refused (RI-13). */
export function releaseIps(requests: readonly ReleaseRequest[]): Planner<ReleasedIps> {
  return (draft, env) => {
    const { cooldown, pools } = settingsOf(draft, env);
    const groups = byBlock(draft, requests, pools);
    const evaluated = [...groups].map(([cidr, group]) => evaluate(draft, { cidr, group, cooldown }));
    draft.require({
      refs: evaluated.flatMap(({ handles }) => [...handles.keys()].flatMap((id) => [handleRef(id), handleRef(sanitisedHandle(id))])),
    });
    for (const { cidr, next, handles } of evaluated) {
      if (next) writeReleased(draft, next, pools, cooldown);
      for (const [id, count] of handles) countDown(draft, recordedId(draft, id), cidr, count);
    }
    const inSomeBlock = new Set([...groups.values()].flat());
    const nowhere = requests.filter((request) => !inSomeBlock.has(request)).map(({ text }) => text);
    return done({
      released: evaluated.flatMap(({ released }) => released),
      unallocated: [...new Set([...nowhere, ...evaluated.flatMap(({ unallocated }) => unallocated)])],
      refusals: evaluated.flatMap(({ refusal }) => refusal ?? []),
    });
  };
}

/** HD-08: old records of one handle stand under the full id or under the part before the carriage return. */
export function recordedId(draft: Draft, id: string): string {
  return draft.find(handleRef(id)).kind === 'absent' ? sanitisedHandle(id) : id;
}

/** RI-02, RI-19: the block by the pool's block size, disabled pools included; outside all pools, whatever block holds it. */
function byBlock(draft: Draft, requests: readonly ReleaseRequest[], pools: readonly Pool[]): Map<Cidr, ReleaseRequest[]> {
  const candidates = requests.map((request) => blockCandidates(request.ip, pools));
  draft.require({ refs: candidates.flat().map(blockRef) });
  const groups = new Map<string, { cidr: Cidr; group: ReleaseRequest[] }>();
  requests.forEach((request, index) => {
    const inPool = candidates[index]?.length === 1;
    const cidr = candidates[index]?.find((each) => inPool || draft.find(blockRef(each)).kind !== 'absent');
    if (!cidr) return;
    const entry = groups.get(cidr.text) ?? { cidr, group: [] };
    entry.group.push(request);
    groups.set(cidr.text, entry);
  });
  return new Map([...groups.values()].map(({ cidr, group }) => [cidr, group]));
}

interface Evaluated {
  readonly cidr: Cidr;
  /** The block to write; absent when nothing of it changes. */
  readonly next?: Block;
  /** Addresses released per handle. */
  readonly handles: ReadonlyMap<string, number>;
  readonly released: readonly string[];
  readonly unallocated: readonly string[];
  readonly refusal?: Refusal;
}

/** What a release does to one block, before anything is written. */
function evaluate(
  draft: Draft,
  { cidr, group, cooldown }: { cidr: Cidr; group: readonly ReleaseRequest[]; cooldown: Cooldown },
): Evaluated {
  const texts = group.map(({ text }) => text);
  const nothing = { cidr, handles: new Map<string, number>(), released: [], unallocated: [] };
  const found = draft.find(blockRef(cidr));
  if (found.kind === 'corrupt') return { ...nothing, refusal: corruptValue(blockRef(cidr), found.reason) };
  if (found.kind === 'absent') return { ...nothing, released: texts, unallocated: texts };
  const outcome = release(collect(found.record, cooldown).block, claimsOf(cidr, group), cooldown);
  if (outcome.kind !== 'released') return { ...nothing, refusal: mismatch(cidr, group, outcome) };
  const free = new Set(outcome.unallocated.map((ordinal) => ipOfOrdinal(cidr, ordinal).text));
  const unallocated = group.filter(({ ip }) => free.has(ip.text)).map(({ text }) => text);
  return { cidr, handles: outcome.countByHandle, released: texts, unallocated, ...(outcome.changed && { next: outcome.block }) };
}

/** BK-20: one claim per address, however often and in whatever spelling it is asked for; the last one wins. */
function claimsOf(cidr: Cidr, group: readonly ReleaseRequest[]): Claim[] {
  const claims = new Map<string, Claim>();
  for (const { ip, handle, sequenceNumber } of group) {
    const ordinal = ordinalOf(cidr, ip) as number;
    claims.set(ip.text, { ordinal, handle: handle === undefined ? undefined : sanitisedHandle(handle), sequenceNumber });
  }
  return [...claims.values()];
}

function mismatch(cidr: Cidr, group: readonly ReleaseRequest[], outcome: Exclude<ReleaseOutcome, { kind: 'released' }>): Refusal {
  const ip = ipOfOrdinal(cidr, outcome.ordinal).text;
  const asked = group.findLast((request) => request.ip.text === ip);
  if (outcome.kind === 'bad-sequence-number') {
    const message = `${ip} was not released: sequence number ${asked?.sequenceNumber} was given, but the assignment has ${outcome.stored}, so it is another one by now. Nothing in block ${cidr.text} was changed.`;
    return refused('bad-sequence-number', message, { ip, given: asked?.sequenceNumber, stored: outcome.stored });
  }
  const holder = outcome.stored === undefined ? 'it is held without a handle' : `it is held by handle ${outcome.stored}`;
  const message = `${ip} was not released: handle ${asked?.handle} was given, but ${holder}. Nothing in block ${cidr.text} was changed.`;
  return refused('wrong-handle', message, { ip, given: asked?.handle, stored: outcome.stored });
}

/**
 * Writes a block from which addresses were released. An empty one is dropped when it is nobody's (RI-10), or when its
 * pool no longer selects its node (RI-11).
 */
export function writeReleased(draft: Draft, block: Block, pools: readonly Pool[], cooldown: Cooldown): void {
  const next = collect(block, cooldown).block;
  const owner = ownerOf(next);
  if (isEmpty(next) && next.affinity === null) draft.delete(blockRef(next.cidr));
  else if (isEmpty(next) && owner?.type === 'host' && isDeselected(draft, pools, next.cidr, owner.name)) {
    draft.delete(blockRef(next.cidr));
    draft.deleteUnguarded(affinityRef(owner, next.cidr));
  } else draft.put(blockRef(next.cidr), updated(next));
}

function isDeselected(draft: Draft, pools: readonly Pool[], cidr: Cidr, host: string): boolean {
  const pool = poolHolding(
    pools.filter(({ disabled }) => !disabled),
    cidr,
  );
  const parsed = pool ? parseSelector(pool.nodeSelector) : undefined;
  if (parsed?.kind !== 'selector' || selectsEverything(parsed.selector)) return false;
  const node = draft.find(nodeRef(host));
  return node.kind === 'present' && !matches(parsed.selector, node.record.labels);
}

export interface ReleaseByHandle {
  readonly handle: string;
  /** Leave a mark that makes this release final (I11). */
  readonly final: boolean;
  readonly sweep: boolean;
  /** Leave the handle alone when one of its addresses has this attribute; undefined: never. */
  readonly unlessAttribute?: string;
  /** Blocks that one commit releases from; the handle keeps counting the others until they are released too (I3). */
  readonly blocksMax: number;
}

export interface ReleasedHandle {
  readonly found: boolean;
  /** Blocks are left for the next commit. */
  readonly hasMore: boolean;
  readonly released: readonly Ip[];
}

/** Everything whose key is known from the request alone: one read. */
export function firstNeedOfRelease({ handle, sweep }: Pick<ReleaseByHandle, 'handle' | 'sweep'>): Need {
  const id = sanitisedHandle(handle);
  return { refs: [CONFIG, handleRef(id)], probes: [], collections: [POOLS, ...(sweep ? sweptMarks(id) : [])] };
}

/** RH-01 to RH-08. Ends with no handle, also where its count was wrong (RH-04). */
function releaseByHandle(request: ReleaseByHandle): Planner<ReleasedHandle> {
  const { final, sweep } = request;
  const id = sanitisedHandle(request.handle);
  return (draft, env) => {
    draft.require(firstNeedOfRelease(request));
    if (final) leaveReleaseMark(draft, id, env);
    const handle = draft.get(handleRef(id));
    if (sweep && (handle || final)) sweepMarks(draft, id, env);
    if (!handle) return done({ found: false, hasMore: false, released: [] });
    if (isAnothers(draft, id, handle, request.unlessAttribute)) return done({ found: false, hasMore: false, released: [] });
    const blocks = [...handle.blocks.keys()].slice(0, request.blocksMax);
    const released = releaseBlocksOf(draft, id, { handle, blocks, ...settingsOf(draft, env) });
    return done({ found: true, hasMore: handle.blocks.size > blocks.length, released });
  };
}

function isAnothers(draft: Draft, id: string, handle: Handle, attribute: string | undefined): boolean {
  if (attribute === undefined) return false;
  const cidrs = [...handle.blocks.keys()].flatMap((text) => parseCidrMasked(text) ?? []);
  draft.require({ refs: cidrs.map(blockRef) });
  return cidrs.some((cidr) => {
    const block = draft.get(blockRef(cidr));
    return (
      block !== undefined &&
      ordinalsOfHandle(block, id).some((ordinal) => attributeAt(block, ordinal)?.secondary?.[attribute] !== undefined)
    );
  });
}

/** An owner's handle and the forms its handle had before, in one plan; the first one's answer, with what the others released. */
export function releaseHandles(requests: readonly [ReleaseByHandle, ...ReleaseByHandle[]]): Planner<ReleasedHandle> {
  return (draft, env) => {
    draft.require(mergeNeeds(requests.map(firstNeedOfRelease)));
    const results: ReleasedHandle[] = [];
    for (const request of requests) {
      const outcome = releaseByHandle(request)(draft, env);
      if (outcome.kind === 'refused') return outcome;
      results.push(outcome.value);
    }
    return done({
      found: results.some(({ found }) => found),
      hasMore: results.some(({ hasMore }) => hasMore),
      released: results.flatMap(({ released }) => released),
    });
  };
}

interface BlocksOfHandle {
  readonly handle: Handle;
  readonly blocks: readonly string[];
  readonly cooldown: Cooldown;
  readonly pools: readonly Pool[];
}

function releaseBlocksOf(draft: Draft, id: string, { handle, blocks, cooldown, pools }: BlocksOfHandle): Ip[] {
  const cidrs = blocks.flatMap((text) => parseCidrMasked(text) ?? []);
  draft.require({ refs: cidrs.map(blockRef) });
  const released: Ip[] = [];
  for (const cidr of cidrs) {
    const block = draft.get(blockRef(cidr));
    const outcome = block && releaseHandle(collect(block, cooldown).block, id, cooldown);
    if (!outcome || outcome.ordinals.length === 0) continue;
    writeReleased(draft, outcome.block, pools, cooldown);
    released.push(...outcome.ordinals.map((ordinal) => ipOfOrdinal(cidr, ordinal)));
  }
  for (const text of blocks) forgetBlock(draft, id, text);
  if (handle.blocks.size === 0) draft.delete(handleRef(id));
  return released;
}
