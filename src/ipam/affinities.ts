/** Claiming and giving up blocks: long lists of blocks are worked through in commits of their own. */
import type { Cidr } from '../core/addr.ts';
import { covers } from '../core/addr.ts';
import type { Refusal } from '../core/outcome.ts';
import {
  blocksToClaim,
  claimBlocks,
  dropHostMarker,
  ownedCidrs,
  type ReleasedBlocks,
  releaseBlock,
  releaseBlocks,
} from '../core/plan/affinity.ts';
import type { Planner } from '../core/plan/plan.ts';
import type { Owner } from '../core/records.ts';
import { PREFIXES, parseKey } from '../store/keys.ts';
import type {
  AffinityOptions,
  CallOptions,
  ClaimAffinityOptions,
  ClaimAffinityResult,
  ReleaseAffinityOptions,
  ReleaseBlockAffinityOptions,
  ReleasedAffinities,
  ReleaseHostAffinitiesOptions,
} from './api.ts';
import { cidrArgument, ownerArgument } from './arguments.ts';
import { Call } from './call.ts';
import { type Context, runJob, withEvidence } from './context.ts';
import { IpamError } from './errors.ts';
import { errorOfRefusal } from './translate.ts';

/** A block, its affinity and its pool are at most three operations. */
const BLOCKS_PER_COMMIT = 40;

interface Affinity {
  readonly owner: Owner;
  readonly cidr: Cidr;
}

export async function claimAffinity(context: Context, options: ClaimAffinityOptions): Promise<ClaimAffinityResult> {
  const owner = ownerArgument(options);
  const run = runnerOf(context, options, owner.name);
  const cidrs = await run(blocksToClaim(cidrArgument(options.cidr)));
  const claimed: string[] = [];
  const failed: string[] = [];
  for (const chunk of chunksOf(cidrs)) {
    const result = await run(claimBlocks(owner, chunk));
    claimed.push(...result.claimed.map(({ text }) => text));
    failed.push(...result.failed.map(({ text }) => text));
  }
  return { claimed, failed };
}

type Run = <T>(planner: Planner<T>) => Promise<T>;

function runnerOf(context: Context, options: CallOptions, lane: string): Run {
  const call = new Call(context.clock, options);
  return (planner) => runJob(context, lane, { ...withEvidence(context, planner), call, rereads: true });
}

function* chunksOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += BLOCKS_PER_COMMIT) yield items.slice(at, at + BLOCKS_PER_COMMIT);
}

/** AF-11. */
export async function releaseAffinity(context: Context, options: ReleaseAffinityOptions): Promise<ReleasedAffinities> {
  const owner = ownerArgument(options);
  const run = runnerOf(context, options, owner.name);
  const cidrs = await run(ownedCidrs(owner, cidrArgument(options.cidr)));
  return releaseEach(run, {
    affinities: cidrs.map((cidr) => ({ owner, cidr })),
    mustBeEmpty: options.mustBeEmpty ?? false,
    onRefusal: 'stop',
  });
}

/** AF-14. */
export async function releaseHostAffinities(context: Context, options: ReleaseHostAffinitiesOptions): Promise<ReleasedAffinities> {
  const owner = ownerArgument(options);
  const run = runnerOf(context, options, owner.name);
  const cidrs = await run(ownedCidrs(owner));
  return releaseEach(run, {
    affinities: cidrs.map((cidr) => ({ owner, cidr })),
    mustBeEmpty: options.mustBeEmpty ?? false,
    onRefusal: 'continue',
  });
}

/** AF-16, AF-17: whoever owns the blocks, hosts and virtual owners alike. */
export async function releasePoolAffinities(
  context: Context,
  options: { readonly cidr: string } & CallOptions,
): Promise<ReleasedAffinities> {
  const within = cidrArgument(options.cidr);
  const affinities = (await allAffinities(context, options)).filter(({ cidr }) => covers(within, cidr));
  return releaseEach(runnerOf(context, options, 'operator'), { affinities, mustBeEmpty: false, onRefusal: 'continue' });
}

async function allAffinities(context: Context, options: CallOptions): Promise<Affinity[]> {
  const affinities: Affinity[] = [];
  for (const prefix of [PREFIXES.hostAffinities, PREFIXES.virtualAffinities]) {
    for await (const { entries } of context.store.list(prefix, { ...options, keysOnly: true })) {
      for (const { key } of entries) {
        const ref = parseKey(key);
        if (ref?.kind === 'affinity') affinities.push({ owner: ref.owner, cidr: ref.cidr });
      }
    }
  }
  return affinities;
}

interface ReleaseEach {
  readonly affinities: readonly Affinity[];
  readonly mustBeEmpty: boolean;
  readonly onRefusal: 'stop' | 'continue';
  /** Grows with each commit. */
  readonly released?: string[];
}

async function releaseEach(run: Run, { affinities, mustBeEmpty, onRefusal, released = [] }: ReleaseEach): Promise<ReleasedAffinities> {
  let refusal: Refusal | undefined;
  for (const chunk of chunksOf(affinities)) {
    const result = await run<ReleasedBlocks>(releaseBlocks({ affinities: chunk, mustBeEmpty, onRefusal }));
    released.push(...result.released.map(({ text }) => text));
    refusal = result.refusal ?? refusal;
    if (refusal && onRefusal === 'stop') break;
  }
  return releasedOr(released, refusal);
}

function releasedOr(released: readonly string[], refusal: Refusal | undefined): ReleasedAffinities {
  if (!refusal) return { released };
  const error = errorOfRefusal(refusal);
  throw new IpamError(error.code, error.message, { details: { ...error.details, released } });
}

/** AF-12, AF-13. */
export async function releaseBlockAffinity(context: Context, options: ReleaseBlockAffinityOptions): Promise<ReleasedAffinities> {
  const run = runnerOf(context, options, 'operator');
  const { released, refusal } = await run(releaseBlock(cidrArgument(options.cidr), options.mustBeEmpty ?? false));
  return releasedOr(
    released.map(({ text }) => text),
    refusal,
  );
}

/** AF-18. */
export async function removeHost(context: Context, options: AffinityOptions): Promise<void> {
  const owner = ownerArgument(options);
  await releaseHostAffinities(context, { ...options, mustBeEmpty: false });
  await runnerOf(context, options, owner.name)(dropHostMarker(owner.name));
}

/** The same for exactly these blocks; `released` grows with each commit. */
export async function giveUpBlocks(
  context: Context,
  { host, cidrs, released, ...call }: { readonly host: string; readonly cidrs: readonly Cidr[]; readonly released: string[] } & CallOptions,
): Promise<void> {
  const owner: Owner = { type: 'host', name: host };
  const run = runnerOf(context, call, host);
  await releaseEach(run, { affinities: cidrs.map((cidr) => ({ owner, cidr })), mustBeEmpty: false, onRefusal: 'continue', released });
  await run(dropHostMarker(host));
}
