/** What an assignment would do now, by the planner that does it, and how every pool was judged. */
import { affinityText } from '../block.ts';
import type { Draft } from '../draft.ts';
import { done, type Outcome, type Refusal } from '../outcome.ts';
import { type ConsideredPool, considerForIp } from '../pools.ts';
import type { AllowedUse, Owner } from '../records.ts';
import { type AssignIp, assignIp } from './assign-ip.ts';
import type { Assigned } from './assigned.ts';
import { type AutoAssign, autoAssign, choosePools } from './auto-assign.ts';
import { dryRun } from './dry-run.ts';
import { changeFor } from './explain.ts';
import type { Planner } from './plan.ts';
import { blockRef, nodeRef } from './refs.ts';
import { settingsOf } from './settings.ts';

/**
 * Where an address would come from: held already; a block of the host; a new one; an empty one of another owner; one of
 * nobody that is in use; a block of another owner that stays theirs.
 */
export type AddressSource = 'held' | 'own-block' | 'new-block' | 'reclaimed-block' | 'adopted-block' | 'borrowed';

export interface PlannedAddress {
  readonly assigned: Assigned;
  readonly source: AddressSource;
}

/** A pool, how it was judged, and what would let it be used. */
export interface JudgedPool extends ConsideredPool {
  readonly change: string | undefined;
}

export interface AssignPreview {
  readonly addresses: readonly PlannedAddress[];
  readonly refusal: Refusal | undefined;
  /** Every pool of the store, in name order. */
  readonly considered: readonly JudgedPool[];
}

/** A request for any addresses; one for several families is refused when one is. */
export function previewAutoAssign(request: AutoAssign): Planner<AssignPreview> {
  const planner = dryRun(autoAssign(request));
  return (draft, env) => {
    const planned = planner(draft, env);
    if (planned.kind === 'refused') return planned;
    const outcome = planned.value;
    const assigned = outcome.kind === 'done' ? outcome.value.families.flatMap(({ addresses }) => addresses) : [];
    const { pools } = settingsOf(draft, env);
    const node = labelsOf(draft, request);
    const judged = request.families.map((family) => {
      const asked = { host: request.host, use: request.use, version: family.version };
      const found = choosePools(pools, request, family, node).considered;
      return withFindings(found, outcome).map((pool) => ({ ...pool, change: changeFor(pool, asked) }));
    });
    return done(previewOf(draft, request, { outcome, assigned, considered: mostTelling(judged) }));
  };
}

/** A request for one certain address. */
export function previewAssignIp(request: AssignIp): Planner<AssignPreview> {
  const planner = dryRun(assignIp(request));
  return (draft, env) => {
    const planned = planner(draft, env);
    if (planned.kind === 'refused') return planned;
    const outcome = planned.value;
    const assigned = outcome.kind === 'done' ? [outcome.value] : [];
    const asked = { host: request.host, use: request.use, version: request.ip.version };
    const pools = considerForIp(settingsOf(draft, env).pools, request.ip, request.use);
    const considered = pools.map((pool) => ({ ...pool, change: changeFor(pool, asked) }));
    return done(previewOf(draft, request, { outcome, assigned, considered }));
  };
}

interface Previewed {
  readonly outcome: Outcome<unknown>;
  readonly assigned: readonly Assigned[];
  readonly considered: readonly JudgedPool[];
}

function previewOf(
  draft: Draft,
  request: { readonly host: string; readonly use: AllowedUse },
  { outcome, assigned, considered }: Previewed,
): AssignPreview {
  const owner: Owner = { type: request.use === 'LoadBalancer' ? 'virtual' : 'host', name: request.host };
  const addresses = assigned.map((each) => ({ assigned: each, source: sourceOf(draft, each, owner) }));
  return { addresses, refusal: outcome.kind === 'refused' ? outcome : undefined, considered };
}

/** By the block as it is stored: what the plan made of it was taken back. */
function sourceOf(draft: Draft, { existing, block, borrowed }: Assigned, owner: Owner): AddressSource {
  if (existing) return 'held';
  const found = draft.find(blockRef(block));
  if (found.kind !== 'present') return 'new-block';
  if (borrowed) return 'borrowed';
  if (found.record.affinity === affinityText(owner)) return 'own-block';
  const isInUse = found.record.allocations.some((index) => index !== null);
  return isInUse && found.record.affinity === null ? 'adopted-block' : 'reclaimed-block';
}

/** A node without a record has no labels. */
function labelsOf(draft: Draft, { host, use }: AutoAssign): { labels: Readonly<Record<string, string>> } {
  const found = use === 'LoadBalancer' ? undefined : draft.find(nodeRef(host));
  return found?.kind === 'present' ? found.record : { labels: {} };
}

/** What the search found in a pool says more than that the pool may be used. */
function withFindings(considered: readonly ConsideredPool[], outcome: Outcome<unknown>): readonly ConsideredPool[] {
  if (outcome.kind !== 'refused') return considered;
  const found = outcome.details['considered'] as readonly ConsideredPool[] | undefined;
  return considered.map((pool) => found?.find((each) => each.pool === pool.pool && each.verdict === pool.verdict) ?? pool);
}

/** Of a pool judged for both families, the judgement for its own. */
function mostTelling([first = [], ...others]: readonly (readonly JudgedPool[])[]): readonly JudgedPool[] {
  return first.map((pool, index) => {
    if (pool.verdict !== 'other-family') return pool;
    return others.map((judged) => judged[index]).find((other) => other !== undefined && other.verdict !== 'other-family') ?? pool;
  });
}
