/** AutoAssign, AssignIp and EnsureBlock: from options to jobs, from plans to results. */
import type { Ip, Version } from '../core/addr.ts';
import type { Holder } from '../core/block.ts';
import { type AssignIp, firstNeedOfAssignIp, assignIp as planAssignIp } from '../core/plan/assign-ip.ts';
import type { Assigned } from '../core/plan/assigned.ts';
import {
  type AutoAssign,
  type AutoAssigned,
  type FamilyAssigned,
  type FamilyRequest,
  firstNeedOfAutoAssign,
  autoAssign as planAutoAssign,
} from '../core/plan/auto-assign.ts';
import { hasAssigned } from '../core/plan/doubt.ts';
import { ensureBlock as planEnsureBlock } from '../core/plan/ensure-block.ts';
import { markRef } from '../core/plan/refs.ts';
import { newNode } from '../core/plan/resources.ts';
import type { AllowedUse, Node } from '../core/records.ts';
import type { Need } from '../core/view.ts';
import type {
  AssignCommon,
  AssignedAddress,
  AssignIpOptions,
  AutoAssignOptions,
  AutoAssignResult,
  EnsureBlockOptions,
  EnsureBlockResult,
  FamilyResult,
  Shortfall,
} from './api.ts';
import { holderArgument, hostArgument, integerArgument, ipArgument, linkArgument, reservedEndsArgument } from './arguments.ts';
import { Call } from './call.ts';
import { type Context, foresee, runAlone, runJob } from './context.ts';
import { invalidArgument } from './errors.ts';
import { blockRefs, withHints } from './hints.ts';
import type { Attempt, Job } from './loop.ts';
import { assignInParts } from './parts.ts';
import { errorOfRefusal } from './translate.ts';

const USES: readonly AllowedUse[] = ['Workload', 'Tunnel', 'LoadBalancer'];

export async function autoAssign(context: Context, options: AutoAssignOptions): Promise<AutoAssignResult> {
  const families = familiesOf(options);
  if (families.length === 0) return {};
  const base = autoAssignRequest(context, options);
  const call = new Call(context.clock, options);
  const job = (wanted: readonly FamilyRequest[]): Job<AutoAssigned> => {
    // Each commit of several has an operation of its own.
    const request: AutoAssign = { ...base, families: wanted, operation: operationOf(context, base.holder) };
    return jobOf(call, options, {
      firstNeed: withHints(firstNeedOfAutoAssign(request, isWatched(options)), [
        ...context.hints.blocksOf(base.host),
        ...blockRefs(options.likelyBlocks),
      ]),
      planner: ({ watched }) => planAutoAssign({ ...request, releaseMark: watched }),
      happened: (draft, { families: planned }) =>
        hasAssigned(draft, { ...request, assigned: planned.flatMap(({ addresses }) => addresses) }),
    });
  };
  const isWhole = isWatched(options) || families.some(({ ips }) => ips.length > 0);
  const assigned = await assignInParts(context, base.host, { families, partial: base.partial, returnHeld: base.returnHeld, isWhole }, job);
  context.hints.note(
    base.host,
    assigned.families.flatMap(({ addresses }) => addresses),
  );
  return resultOf(assigned);
}

/** The options as the planner takes them, checked; `releaseMark` is filled in once it was read. */
export function autoAssignRequest(context: Context, options: AutoAssignOptions): AutoAssign {
  const common = commonOf(options);
  return {
    ...common,
    ...limitsOf(options),
    partial: options.partial ?? false,
    families: familiesOf(options),
    releaseMark: undefined,
    newNode: nodeToRegister(context, options),
    operation: operationOf(context, common.holder),
  };
}

/** Plans over what one read gives, or over all reads it takes, and writes nothing. */
export async function checkAutoAssign(context: Context, options: AutoAssignOptions & { readonly whole?: boolean }): Promise<void> {
  const families = familiesOf(options);
  if (families.length === 0) return;
  const request: AutoAssign = { ...autoAssignRequest(context, options), operation: undefined };
  const first = withHints(firstNeedOfAutoAssign(request, false), blockRefs(options.likelyBlocks));
  const refusal = await foresee(context, options, { first, planner: planAutoAssign(request), isWhole: options.whole ?? false });
  if (refusal) throw errorOfRefusal(refusal);
}

function familiesOf(options: AutoAssignOptions): FamilyRequest[] {
  const counts: readonly [Version, number][] = [
    [4, integerArgument('num4', options.num4, { otherwise: 0, min: 0 })],
    [6, integerArgument('num6', options.num6, { otherwise: 0, min: 0 })],
  ];
  const given = distinctIps(options.ips);
  return counts
    .map(([version, count]) => ({ version, count, ips: given.filter((ip) => ip.version === version) }))
    .filter(({ count, ips }) => count > 0 || ips.length > 0)
    .map(({ version, count, ips }) => ({
      version,
      count: eitherCounted(version, count, ips),
      ips,
      pools: version === 4 ? options.pools4 : options.pools6,
      reservedEnds: reservedEndsArgument(version, version === 4 ? options.hostReserved4 : options.hostReserved6),
    }));
}

export function distinctIps(texts: readonly string[] = []): readonly Ip[] {
  const ips = texts.map(ipArgument);
  const repeated = ips.find(({ text }, index) => ips.findIndex((other) => other.text === text) < index);
  if (repeated) throw invalidArgument(`${repeated.text} is asked for twice.`, { argument: 'ips', value: repeated.text });
  return ips;
}

function eitherCounted(version: Version, count: number, ips: readonly Ip[]): number {
  if (count === 0 || ips.length === 0) return count;
  throw invalidArgument(`num${version} must be 0 when IPv${version} addresses are given by name in ips.`, { argument: `num${version}` });
}

function limitsOf(options: AutoAssignOptions) {
  return {
    blocksMax: integerArgument('maxBlocksPerHost', options.maxBlocksPerHost, { otherwise: 0, min: Number.MIN_SAFE_INTEGER }),
    namespaceLabels: options.namespaceLabels,
    link: linkArgument(options.link),
    blocksUsedMax:
      options.blocksUsedMax === undefined ? undefined : integerArgument('blocksUsedMax', options.blocksUsedMax, { otherwise: 1, min: 1 }),
  };
}

export function commonOf(options: AssignCommon) {
  const holder = holderArgument(options);
  const use = options.use ?? 'Workload';
  if (!USES.includes(use))
    throw invalidArgument(`use "${use}" is not known. Use one of ${USES.join(', ')}.`, { argument: 'use', value: use });
  if (options.ifHeld !== undefined && options.ifHeld !== 'return' && options.ifHeld !== 'refuse') {
    throw invalidArgument(`ifHeld "${options.ifHeld}" is not known. Use return or refuse.`, { argument: 'ifHeld', value: options.ifHeld });
  }
  if (options.unlessReleased && holder.handle === undefined)
    throw invalidArgument('unlessReleased needs a handle: releases are told apart by it.');
  return {
    host: hostArgument(options.host),
    holder,
    use,
    maxPerHandle: integerArgument('maxPerHandle', options.maxPerHandle, { otherwise: 0, min: 0 }),
    returnHeld: options.ifHeld === 'return',
  };
}

export function nodeToRegister(context: Context, { host, registerNode }: AssignCommon): Node | undefined {
  return registerNode ? newNode(host, context.clock.uuid(), context.clock.nowNs()) : undefined;
}

/** Without a handle only a mark tells afterwards whether a commit happened: one per commit. */
function operationOf(context: Context, holder: Holder): string | undefined {
  return holder.handle === undefined ? context.clock.uuid() : undefined;
}

/** Whether releases of the handle matter to this call (I11). */
export function isWatched({ unlessReleased }: AssignCommon): boolean {
  return unlessReleased !== undefined && unlessReleased !== false;
}

interface JobParts<T> {
  readonly firstNeed: Need;
  readonly planner: (attempt: Attempt) => ReturnType<Job<T>['planner']>;
  readonly happened: NonNullable<Job<T>['happened']>;
}

export function jobOf<T>(call: Call, options: AssignCommon, parts: JobParts<T>): Job<T> {
  const watched = isWatched(options) && options.handle !== undefined ? { watched: markRef('released', options.handle) } : {};
  // As if the first read had found no mark: one that is there was left by a release before.
  const firstSeen = options.unlessReleased === 'recently' ? { firstSeen: 'absent' as const } : {};
  return { ...parts, ...watched, ...firstSeen, call, beforeCommit: options.beforeCommit };
}

function resultOf({ families }: AutoAssigned): AutoAssignResult {
  const v4 = families.find(({ version }) => version === 4);
  const v6 = families.find(({ version }) => version === 6);
  return { ...(v4 && { v4: familyResult(v4) }), ...(v6 && { v6: familyResult(v6) }) };
}

const SHORTFALL_CODES = {
  full: 'no-free-address',
  'strict-affinity': 'strict-affinity',
  'block-limit': 'block-limit',
  'no-block': 'no-block',
} as const;

function familyResult(family: FamilyAssigned): FamilyResult {
  const { requested, stop, blocksMax, explanation } = family;
  const shortfall: Shortfall | undefined = stop && {
    code: SHORTFALL_CODES[stop],
    missing: requested - family.addresses.length,
    ...(stop === 'block-limit' && { limit: blocksMax }),
    message: explanation ?? '',
  };
  const addresses = family.addresses.map((assigned) => addressOf(assigned));
  return { requested, addresses, exhaustedPools: family.exhausted.map(({ cidrText }) => cidrText), ...(shortfall && { shortfall }) };
}

export function addressOf({ ip, prefixLength, block, pool, poolCidr, sequenceNumber, borrowed, existing }: Assigned): AssignedAddress {
  return { ip: ip.text, prefixLength, block: block.text, pool, poolCidr: poolCidr?.text ?? '', sequenceNumber, borrowed, existing };
}

export async function assignIp(context: Context, options: AssignIpOptions): Promise<AssignedAddress> {
  const request = assignIpRequest(context, options);
  const call = new Call(context.clock, options);
  const job = jobOf<Assigned>(call, options, {
    firstNeed: firstNeedOfAssignIp(request, isWatched(options)),
    planner: ({ watched }) => planAssignIp({ ...request, releaseMark: watched }),
    happened: (draft, planned) => hasAssigned(draft, { ...request, assigned: [planned] }),
  });
  return addressOf(await runJob(context, request.host, job));
}

/** The options as the planner takes them, checked; `releaseMark` is filled in once it was read. */
export function assignIpRequest(context: Context, options: AssignIpOptions): AssignIp {
  const ip = ipArgument(options.ip);
  const common = commonOf(options);
  return {
    ...common,
    operation: operationOf(context, common.holder),
    newNode: nodeToRegister(context, options),
    ip,
    link: undefined,
    reservedEnds: reservedEndsArgument(ip.version, options.hostReserved),
    releaseMark: undefined,
  };
}

/** Only families with a `hostReserved` spec are handled (EB-01). */
export async function ensureBlock(context: Context, options: EnsureBlockOptions): Promise<EnsureBlockResult> {
  const host = hostArgument(options.host);
  const wanted: readonly FamilyRequest[] = [
    { version: 4, count: 0, ips: [], pools: options.pools4, reservedEnds: reservedEndsArgument(4, options.hostReserved4) },
    { version: 6, count: 0, ips: [], pools: options.pools6, reservedEnds: reservedEndsArgument(6, options.hostReserved6) },
  ];
  const families = wanted.filter(({ reservedEnds }) => reservedEnds !== undefined);
  const cidrs = await runAlone(context, options, planEnsureBlock({ host, families }), host);
  const v4 = cidrs.find(({ version }) => version === 4);
  const v6 = cidrs.find(({ version }) => version === 6);
  return { ...(v4 && { v4: v4.text }), ...(v6 && { v6: v6.text }) };
}
