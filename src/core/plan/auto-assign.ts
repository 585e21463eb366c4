/** AutoAssign: any free addresses for a host, both families in one commit, all or nothing unless partial (I7). */
import { type Cidr, covers, type Ip, type Version } from '../addr.ts';
import type { Holder, ReservedEnds } from '../block.ts';
import { effectiveBlockLimit } from '../config.ts';
import type { Draft } from '../draft.ts';
import type { LinkPolicy } from '../link.ts';
import { done, type Outcome, type Refusal, refused } from '../outcome.ts';
import { type ConsideredPool, type PoolChoice, selectPools, type UsablePool } from '../pools.ts';
import type { AllowedUse, Node, Owner, Pool } from '../records.ts';
import { matches, parseSelector } from '../selector.ts';
import type { Need, SeenRevision } from '../view.ts';
import { assignIp, registerNode } from './assign-ip.ts';
import type { Assigned } from './assigned.ts';
import { explainSelection, explainShortfall } from './explain.ts';
import { type Family, gatewayBlocks, heldGateway } from './family.ts';
import { claimMark, keepToFewBlocks, usedBlocks } from './few-blocks.ts';
import { type Filled, fill, type Stop } from './fill.ts';
import { heldBy } from './handles.ts';
import { guardAgainstRelease, leaveOperationMark } from './marks.ts';
import { affineCidrs, dropDeselected, firstOwnBlocks } from './own-blocks.ts';
import type { PlanEnv, Planner } from './plan.ts';
import { affinitiesOf, blockRef, CONFIG, handleRef, markRef, nodeRef, POOLS, RESERVATIONS } from './refs.ts';
import { reservationsOf, settingsOf } from './settings.ts';

export interface FamilyRequest {
  readonly version: Version;
  readonly count: number;
  /** CIDRs or names; absent: any pool that selects the node. */
  readonly pools: readonly string[] | undefined;
  readonly reservedEnds: ReservedEnds | undefined;
  /** Given addresses, instead of automatic ones (AI): `count` is 0 then. */
  readonly ips: readonly Ip[];
}

export interface AutoAssign {
  readonly host: string;
  readonly holder: Holder;
  readonly use: AllowedUse;
  readonly families: readonly FamilyRequest[];
  /** As given by the caller: 0 means only the cluster's limit (MB-01). */
  readonly blocksMax: number;
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
  readonly maxPerHandle: number;
  readonly returnHeld: boolean;
  readonly partial: boolean;
  readonly link: LinkPolicy | undefined;
  /** Blocks of its own the host may use for this request, borrowing none; undefined: any, as the configuration says. */
  readonly blocksUsedMax: number | undefined;
  /** The record to write when the node is unknown; absent: refuse (AA-04). */
  readonly newNode: Node | undefined;
  /** Revision of the handle's release mark when this call first read the store; absent: not asked for (I11). */
  readonly releaseMark: SeenRevision | undefined;
  /** For a commit without handle: the mark that tells afterwards whether it happened. */
  readonly operation: string | undefined;
}

export interface FamilyAssigned {
  readonly version: Version;
  readonly requested: number;
  readonly addresses: readonly Assigned[];
  readonly stop: Stop | undefined;
  readonly blocksMax: number;
  readonly exhausted: readonly UsablePool[];
  /** Why fewer than asked for, for a person; absent when all were given. */
  readonly explanation: string | undefined;
}

export interface AutoAssigned {
  readonly families: readonly FamilyAssigned[];
}

export function autoAssign(request: AutoAssign): Planner<AutoAssigned> {
  return (draft, env) => {
    const owner = ownerOfRequest(request);
    draft.require(firstNeedOfAutoAssign(request, request.releaseMark !== undefined));
    const refusal = guardAgainstRelease(draft, request.holder.handle, request.releaseMark);
    if (refusal) return refusal;
    const before = affineCidrs(draft, owner);
    const given = givenAddresses(draft, env, request);
    if (given.kind === 'refused') return given;
    const automatic = request.families.filter(({ count }) => count > 0);
    const assigned = automatic.length > 0 ? assignAutomatic(draft, env, { ...request, families: automatic }, owner) : done([]);
    if (assigned.kind === 'refused') return assigned;
    const families = inOrder(request, [...given.value, ...assigned.value]);
    const scattered =
      request.blocksUsedMax === undefined
        ? undefined
        : keepToFewBlocks(
            draft,
            env,
            given.value.flatMap(({ addresses }) => addresses),
            { host: request.host, owner, blocksMax: request.blocksUsedMax, cooldown: settingsOf(draft, env).cooldown, before },
          );
    if (scattered) return scattered;
    const isNew = families.some(({ addresses }) => addresses.some(({ existing }) => !existing));
    if (isNew && request.operation !== undefined) leaveOperationMark(draft, request.operation, env);
    return done({ families });
  };
}

function inOrder({ families }: AutoAssign, assigned: readonly FamilyAssigned[]): FamilyAssigned[] {
  return families.flatMap(({ version }) => assigned.filter((family) => family.version === version));
}

/** The addresses asked for by name, each by the rules of AssignIP, in this plan. */
function givenAddresses(draft: Draft, env: PlanEnv, request: AutoAssign): Outcome<FamilyAssigned[]> {
  const families: FamilyAssigned[] = [];
  for (const { version, ips, reservedEnds } of request.families.filter((family) => family.ips.length > 0)) {
    const other = holdsOthers(draft, request, version, ips);
    if (other) return other;
    const addresses: Assigned[] = [];
    // What is held counts above, as a whole.
    const maxPerHandle = request.returnHeld ? 0 : request.maxPerHandle;
    for (const ip of ips) {
      const outcome = assignIp({ ...request, ip, reservedEnds, maxPerHandle, operation: undefined })(draft, env);
      if (outcome.kind === 'refused') return outcome;
      addresses.push(outcome.value);
    }
    const nothingSearched = { stop: undefined, blocksMax: 0, exhausted: [], explanation: undefined };
    families.push({ version, requested: ips.length, addresses, ...nothingSearched });
  }
  return done(families);
}

/** SS-02: a repeat asks for what the handle holds; one that asks for anything else would add to it. */
function holdsOthers(
  draft: Draft,
  { holder: { handle }, returnHeld }: AutoAssign,
  version: Version,
  ips: readonly Ip[],
): Refusal | undefined {
  if (!returnHeld || handle === undefined) return undefined;
  const held = heldBy(draft, handle, { version }).map(({ ip }) => ip.text);
  if (held.length === 0 || (held.length === ips.length && ips.every(({ text }) => held.includes(text)))) return undefined;
  const message = `handle ${handle} holds ${held.join(', ')}, but ${ips.map(({ text }) => text).join(', ')} was asked for. Release it first, or ask for what it holds.`;
  return refused('handle-limit', message, { handle, held });
}

function assignAutomatic(draft: Draft, env: PlanEnv, request: AutoAssign, owner: Owner): Outcome<FamilyAssigned[]> {
  const { config: stored, cooldown, pools } = settingsOf(draft, env);
  const config = request.blocksUsedMax === undefined ? stored : { ...stored, strictAffinity: true };
  const node = nodeOf(draft, request, owner);
  if (node.kind === 'refused') return node;

  const families: { family: Family; request: FamilyRequest; verdicts: readonly ConsideredPool[] }[] = [];
  for (const familyRequest of request.families) {
    const selected = selectFor(pools, request, familyRequest, node.value);
    if (selected.kind === 'refused') return selected;
    const reservations = reservationsOf(draft, familyRequest.version);
    const common = { draft, env, config, cooldown, owner, reservations, link: request.link };
    const family = { ...common, version: familyRequest.version, pools: selected.value.pools, reservedEnds: familyRequest.reservedEnds };
    families.push({ family, request: familyRequest, verdicts: selected.value.verdicts });
  }

  requireOwnBlocks(
    draft,
    families.map(({ family }) => family),
  );
  const taken = families.map(({ family }) => heldGateway(family)).find((refusal) => refusal !== undefined);
  if (taken) return taken;
  const assigned: FamilyAssigned[] = [];
  for (const each of families) {
    const outcome = assignFamily(each.family, request, each.request, { node: node.value, pools, verdicts: each.verdicts });
    if (outcome.kind === 'refused') return outcome;
    assigned.push(outcome.value);
  }
  return done(assigned);
}

/** The first own blocks of every family, in one read. */
function requireOwnBlocks(draft: Draft, families: readonly Family[]): void {
  const own = families.flatMap((family) => firstOwnBlocks(family, usableOwnCidrs(family)));
  draft.require({ refs: [...own, ...families.flatMap(gatewayBlocks)].map(blockRef) });
}

/** LoadBalancer addresses belong to a virtual owner that needs no node (AA-04). */
function ownerOfRequest(request: Pick<AutoAssign, 'host' | 'use'>): Owner {
  return { type: request.use === 'LoadBalancer' ? 'virtual' : 'host', name: request.host };
}

/** Everything whose key is known from the request alone: one read. */
export function firstNeedOfAutoAssign(request: Pick<AutoAssign, 'host' | 'holder' | 'use' | 'blocksUsedMax'>, marked: boolean): Need {
  const { handle } = request.holder;
  const owner = ownerOfRequest(request);
  const handles = handle === undefined ? [] : [handleRef(handle), ...(marked ? [markRef('released', handle)] : [])];
  const node = owner.type === 'host' ? [nodeRef(request.host)] : [];
  const claims = request.blocksUsedMax === undefined ? [] : [claimMark(request.host)];
  return { refs: [CONFIG, ...node, ...handles, ...claims], probes: [], collections: [POOLS, RESERVATIONS, affinitiesOf(owner)] };
}

function nodeOf(draft: Draft, request: AutoAssign, owner: Owner): Outcome<Pick<Node, 'labels'>> {
  if (owner.type === 'virtual') return done({ labels: {} });
  const node = draft.get(nodeRef(request.host));
  if (node) return done(node);
  if (!request.newNode) {
    const message = `node "${request.host}" is not known to the store, so no pool can be chosen for it. Register it first: plat create node ${request.host}`;
    return refused('node-not-found', message, { host: request.host });
  }
  return registerNode(draft, request) ?? done(request.newNode);
}

function selectFor(
  pools: readonly Pool[],
  request: AutoAssign,
  family: FamilyRequest,
  node: Pick<Node, 'labels'>,
): Outcome<{ pools: readonly UsablePool[]; verdicts: readonly ConsideredPool[] }> {
  const choice = choosePools(pools, request, family, node);
  if (choice.kind !== 'pools') return explainSelection(choice, { host: request.host, use: request.use, version: family.version });
  return done({ pools: choice.pools, verdicts: choice.considered });
}

/** The pools that one family of the request may use on this node, and why not the others. */
export function choosePools(
  pools: readonly Pool[],
  { namespaceLabels, use }: Pick<AutoAssign, 'namespaceLabels' | 'use'>,
  { version, pools: requested, reservedEnds: ends }: FamilyRequest,
  node: Pick<Node, 'labels'>,
): PoolChoice {
  return selectPools({
    pools,
    family: version,
    requested,
    nodeLabels: node.labels,
    namespaceLabels,
    use,
    minBlockAddresses: ends && ends.startOfBlock + ends.endOfBlock + 1,
  });
}

interface Surroundings {
  readonly node: Pick<Node, 'labels'>;
  readonly pools: readonly Pool[];
  readonly verdicts: readonly ConsideredPool[];
}

function assignFamily(family: Family, request: AutoAssign, { count }: FamilyRequest, around: Surroundings): Outcome<FamilyAssigned> {
  const held = heldFor(family, request, count);
  if (held.kind === 'refused') return held;
  const blocksMax = request.blocksUsedMax ?? effectiveBlockLimit(family.config.maxBlocksPerHost, request.blocksMax);
  const wanted = count - held.value.length;
  const filled = wanted > 0 ? fillWith(family, request, wanted, { ...around, blocksMax }) : NOTHING_TO_FILL;
  const addresses = [...held.value, ...filled.addresses];
  const { stop, exhausted } = filled;
  if (stop === undefined) {
    return done({ version: family.version, requested: count, addresses, stop, blocksMax, exhausted, explanation: undefined });
  }
  const refusal = explainShortfall(family, {
    stop,
    blocksMax,
    requested: count,
    given: addresses.length,
    verdicts: around.verdicts,
    isOwnLimit: request.blocksUsedMax !== undefined,
  });
  if (!request.partial) return refusal;
  return done({ version: family.version, requested: count, addresses, stop, blocksMax, exhausted, explanation: refusal.message });
}

const NOTHING_TO_FILL: Filled = { addresses: [], stop: undefined, exhausted: [] };

/** Addresses that the handle holds already and that answer this request (AA-11), judged by the blocks, not by counters (AA-12). */
function heldFor(family: Family, request: AutoAssign, count: number): Outcome<readonly Assigned[]> {
  const { handle } = request.holder;
  if (handle === undefined || (!request.returnHeld && request.maxPerHandle === 0)) return done([]);
  const held = heldBy(family.draft, handle, family);
  const answering = request.returnHeld ? held.slice(0, count).map((each) => ({ ...each, prefixLength: each.block.prefixLength })) : [];
  const wouldHold = held.length + count - answering.length;
  if (request.maxPerHandle === 0 || wouldHold <= request.maxPerHandle) return done(answering);
  if (held.length >= count) return done(held.slice(0, count));
  const message =
    `handle ${handle} holds ${held.length} IPv${family.version} address(es) and may hold ${request.maxPerHandle}, so ${count} more cannot be given. ` +
    `Release it first, ask for fewer, or raise the maximum per handle.`;
  return refused('handle-limit', message, { handle, held: held.length, maxPerHandle: request.maxPerHandle });
}

function fillWith(
  family: Family,
  request: AutoAssign,
  count: number,
  { node, pools, blocksMax }: Surroundings & { blocksMax: number },
): Filled {
  const affine = affineCidrs(family.draft, family.owner).filter((cidr) => cidr.version === family.version);
  const ownCidrs = usableOwnCidrs(family);
  dropDeselected(
    family,
    affine.filter((cidr) => isDeselected(pools, node, cidr)),
  );
  if (request.blocksUsedMax === undefined) return fill(family, { count, holder: request.holder, ownCidrs, blocksMax });
  const limit = effectiveBlockLimit(family.config.maxBlocksPerHost, request.blocksMax);
  const used = {
    ownCidrs: usedBlocks(family.draft, ownCidrs, { blocksMax: request.blocksUsedMax, cooldown: family.cooldown }),
    claimsMax: request.blocksUsedMax - ownCidrs.length,
  };
  return fill(family, { count, holder: request.holder, blocksMax: limit, ...used });
}

/** In key order; wholly reserved ones are not even read (RS-05). */
function usableOwnCidrs(family: Family): Cidr[] {
  const affine = affineCidrs(family.draft, family.owner).filter((cidr) => cidr.version === family.version);
  return affine.filter((cidr) => family.pools.some((pool) => covers(pool.cidr, cidr)) && !family.reservations.matchesWhole(cidr));
}

/** In an enabled pool whose node selector no longer matches the node. */
function isDeselected(pools: readonly Pool[], node: Pick<Node, 'labels'>, cidr: Cidr): boolean {
  const pool = pools.find((each) => !each.disabled && each.cidr !== undefined && covers(each.cidr, cidr));
  if (!pool) return false;
  const parsed = parseSelector(pool.nodeSelector);
  return parsed.kind === 'selector' && !matches(parsed.selector, node.labels);
}
