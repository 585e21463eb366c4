/** Releases and look-ups by address and by handle. */
import { sanitisedHandle } from '../core/block.ts';
import { mergeNeeds } from '../core/draft.ts';
import { done, refused } from '../core/outcome.ts';
import { heldInReadable } from '../core/plan/handles.ts';
import { assignmentAttributes, type OwnerUpdate, setOwners } from '../core/plan/owner.ts';
import type { Planner } from '../core/plan/plan.ts';
import { handleRef, POOLS } from '../core/plan/refs.ts';
import {
  firstNeedOfRelease,
  releaseIps as planReleaseIps,
  type ReleasedHandle,
  type ReleaseRequest,
  releaseHandles,
} from '../core/plan/release.ts';
import type { RefOf } from '../core/records.ts';
import type {
  AttributesResult,
  CallOptions,
  OwnerName,
  ReleaseByHandleOptions,
  ReleaseByHandleResult,
  ReleaseIpsOptions,
  ReleaseIpsResult,
  SetOwnerAttributesOptions,
} from './api.ts';
import { hostArgument, ipArgument, storedHandleArgument } from './arguments.ts';
import { Call } from './call.ts';
import { type Context, look, runAlone, runJob, withEvidence } from './context.ts';
import { IpamError, invalidArgument } from './errors.ts';
import { blockRefs, withHints } from './hints.ts';
import type { Job } from './loop.ts';
import { errorOfRefusal } from './translate.ts';

/** Releases that name no node share one lane. */
const RELEASE_LANE = ' release';
/** Each address may touch a block, a handle and an affinity. */
const IPS_PER_COMMIT = 40;

export async function releaseIps(context: Context, options: ReleaseIpsOptions): Promise<ReleaseIpsResult> {
  const requests = options.ips.map(requestOf);
  const lane = options.host === undefined ? RELEASE_LANE : hostArgument(options.host);
  const call = new Call(context.clock, options);
  const released: string[] = [];
  const unallocated = new Set<string>();
  const errors: IpamError[] = [];
  for (const group of groupsOf(requests)) {
    const result = await runJob(context, lane, { ...withEvidence(context, planReleaseIps(group)), call });
    released.push(...result.released);
    for (const text of result.unallocated) unallocated.add(text);
    errors.push(...result.refusals.map(errorOfRefusal));
  }
  const result = { released, unallocated: [...unallocated] };
  const [first] = errors;
  if (first) throw new IpamError(first.code, first.message, { details: { ...first.details, ...result, refused: errors } });
  return result;
}

function requestOf({ ip, handle, sequenceNumber }: ReleaseIpsOptions['ips'][number]): ReleaseRequest {
  if (!ip) throw invalidArgument('an address to release is missing: every entry needs an ip.', { argument: 'ips' });
  return { ip: ipArgument(ip), text: ip, handle: handle === undefined ? undefined : storedHandleArgument(handle), sequenceNumber };
}

/** Neighbouring addresses together, so that a block is written once. Duplicates stay together (BK-20). */
function groupsOf(requests: readonly ReleaseRequest[]): ReleaseRequest[][] {
  const ordered = requests.toSorted(
    (a, b) => a.ip.version - b.ip.version || (a.ip.value < b.ip.value ? -1 : a.ip.value > b.ip.value ? 1 : 0),
  );
  const groups: ReleaseRequest[][] = [];
  for (const request of ordered) {
    const group = groups.at(-1);
    if (group && (group.length < IPS_PER_COMMIT || group.at(-1)?.ip.text === request.ip.text)) group.push(request);
    else groups.push([request]);
  }
  return groups;
}

/** Each block and, rarely, its affinity change; the handle, the mark and what is swept come once. */
const BLOCKS_PER_COMMIT = 40;

export async function releaseByHandle(context: Context, options: ReleaseByHandleOptions): Promise<ReleaseByHandleResult> {
  const handle = sanitisedHandle(storedHandleArgument(options.handle));
  const lane = options.host === undefined ? RELEASE_LANE : hostArgument(options.host);
  const final = options.final ?? false;
  const former = formerOf(options, handle);
  const likely = blockRefs(options.likelyBlocks);
  const call = new Call(context.clock, options);
  const released: string[] = [];
  for (let isFirst = true; ; isFirst = false) {
    const part = await runJob(context, lane, {
      ...releaseJob({ handle, final, former, likely, call }),
      beforeCommit: options.beforeCommit,
    });
    released.push(...part.released.map(({ text }) => text));
    if (!part.hasMore) return { found: part.found || !isFirst, released };
  }
}

interface FormerHandle {
  readonly id: string;
  readonly unlessAttribute: string;
}

function formerOf({ former }: ReleaseByHandleOptions, handle: string): FormerHandle[] {
  if (!former) return [];
  const ids = former.handles.map((each) => sanitisedHandle(storedHandleArgument(each))).filter((each) => each !== handle);
  return [...new Set(ids)].map((id) => ({ id, unlessAttribute: former.unlessAttribute }));
}

interface Release {
  readonly handle: string;
  readonly final: boolean;
  readonly former: readonly FormerHandle[];
  readonly likely: readonly RefOf<'block'>[];
  readonly call: Call;
}

/** One part. Releasing again does no harm, and a final release must leave its mark whoever emptied the handle. */
function releaseJob({ handle, final, former, likely, call }: Release): Job<ReleasedHandle> {
  const blocksMax = BLOCKS_PER_COMMIT;
  const others = former.map(({ id, unlessAttribute }) => ({ handle: id, final: false, sweep: false, blocksMax, unlessAttribute }));
  return {
    call,
    firstNeed: withHints(mergeNeeds([firstNeedOfRelease({ handle, sweep: true }), ...others.map(firstNeedOfRelease)]), likely),
    // Sweeping is a courtesy: it must not make an attempt fail twice.
    planner: ({ number }) => releaseHandles([{ handle, final, sweep: number === 1, blocksMax }, ...others]),
    repeated: (doubted, again) => ({
      found: doubted.found || again.found,
      hasMore: again.hasMore,
      released: [...doubted.released, ...again.released.filter(({ text }) => !doubted.released.some((ip) => ip.text === text))],
    }),
  };
}

export async function ipsByHandle(context: Context, options: { readonly handle: string } & CallOptions): Promise<readonly string[]> {
  const handle = storedHandleArgument(options.handle);
  const planner: Planner<readonly string[]> = (draft) => {
    draft.require({ refs: [handleRef(handle)], collections: [POOLS] });
    if (!draft.get(handleRef(handle))) return refused('not-found', `there is no handle "${handle}".`, { handle });
    const held = [...heldInReadable(draft, handle, 4), ...heldInReadable(draft, handle, 6)];
    return done(held.map(({ ip }) => ip.text));
  };
  return look(context, options, planner);
}

export async function getAssignmentAttributes(context: Context, options: { readonly ip: string } & CallOptions): Promise<AttributesResult> {
  const ip = ipArgument(options.ip);
  const { attribute, sequenceNumber, block } = await look(context, options, assignmentAttributes(ip));
  return {
    handle: attribute.handleId === undefined ? undefined : sanitisedHandle(attribute.handleId),
    active: attribute.secondary,
    alternate: attribute.alternate,
    sequenceNumber,
    block: block.cidr.text,
    affinity: block.affinity,
  };
}

export async function setOwnerAttributes(context: Context, options: SetOwnerAttributesOptions): Promise<void> {
  const ip = ipArgument(options.ip);
  const active = ownerUpdate('active', options.active, options.expectActive);
  const alternate = ownerUpdate('alternate', options.alternate, options.expectAlternate);
  await runAlone(context, options, setOwners({ ip, handle: options.handle, active, alternate }));
}

function ownerUpdate(side: string, set: OwnerUpdate['set'], expect: OwnerName | 'empty' | undefined): OwnerUpdate {
  for (const [name, value] of Object.entries(set ?? {})) {
    if (typeof value !== 'string') throw invalidArgument(`${side}.${name} must be a text, not ${typeof value}.`, { argument: side });
  }
  return { set, expect };
}
