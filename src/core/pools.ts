/** Which pools an assignment may use, and why not the others (PL, AA-03, AA-05, EB-03). */
import { ADDRESS_BITS, type Cidr, containsIp, type Ip, parseCidrMasked, type Version } from './addr.ts';
import type { AllowedUse, Pool } from './records.ts';
import { memberObject } from './resource.ts';
import { type BadSelector, type Labels, matches, parseSelector } from './selector.ts';

/** A pool whose stored CIDR is a network. */
export interface UsablePool extends Pool {
  readonly cidr: Cidr;
}

export interface PoolQuery {
  /** Every pool of the store, in name order (PL-22). */
  readonly pools: readonly Pool[];
  readonly family: Version;
  /** CIDR texts or pool names; absent or empty: the pools that select the node and the namespace. */
  readonly requested?: readonly string[] | undefined;
  /** Empty for service load-balancer addresses, which belong to no node (AA-04). */
  readonly nodeLabels: Labels;
  /** Absent: no labels (PL-10). */
  readonly namespaceLabels?: Labels | undefined;
  readonly use: AllowedUse;
  /** Addresses a block must have at least: one more than a host keeps for itself in each block (EB-03). Default 1. */
  readonly minBlockAddresses?: number | undefined;
}

export type PoolVerdict =
  | 'eligible'
  | 'unparsable-cidr'
  | 'other-family'
  | 'disabled'
  | 'block-too-small'
  | 'not-requested'
  | 'manual'
  | 'node-selector'
  | 'namespace-selector'
  | 'bad-selector'
  | 'use-not-allowed'
  /** Its network does not have the address that was asked for. */
  | 'elsewhere';

/** What was found about one pool of the store. */
export interface ConsideredPool {
  readonly pool: string;
  /** As stored. */
  readonly cidr: string;
  readonly verdict: PoolVerdict;
  /** Continues a sentence that begins with the pool: `is disabled`. */
  readonly reason: string;
}

/** An entry of the request that no usable pool answers to. */
export interface MissingPool {
  readonly requested: string;
  /** Continues a sentence that begins with the entry: `is disabled`, `is the CIDR of no pool`. */
  readonly reason: string;
}

export type PoolRefusal =
  /** Entries of the request that belong to the other family (AA-03). */
  | { readonly kind: 'wrong-family'; readonly requested: readonly string[] }
  /** No enabled pool of the family whose blocks are large enough, whatever was requested (AA-05). */
  | { readonly kind: 'no-pool' }
  /** Requested pools that do not exist or cannot be used (PL-02). */
  | { readonly kind: 'pool-not-found'; readonly missing: readonly MissingPool[] }
  /** A selector that had to be evaluated cannot be read: no automatic choice is made (PL-11). */
  | { readonly kind: 'bad-selector'; readonly pool: string; readonly selector: SelectorName; readonly problem: BadSelector }
  /** No pool selects this node and namespace (PL-04). */
  | { readonly kind: 'none-for-node' }
  /** None of the pools left allows the use (PL-05). */
  | { readonly kind: 'none-for-use' };

export interface ChosenPools {
  readonly kind: 'pools';
  /** In request order, else in name order; one asked for twice is here twice (AA-35). */
  readonly pools: readonly UsablePool[];
}

/** `considered` has every pool of the store, in name order, also when pools were found. */
export type PoolChoice = (ChosenPools | PoolRefusal) & { readonly considered: readonly ConsideredPool[] };

type SelectorName = 'nodeSelector' | 'namespaceSelector';

interface Assessed extends ConsideredPool {
  readonly record: Pool;
  readonly problem?: { readonly selector: SelectorName; readonly found: BadSelector };
}

/** Verdicts that make a pool as good as absent, requested or not. */
const UNUSABLE: ReadonlySet<PoolVerdict> = new Set(['unparsable-cidr', 'other-family', 'disabled', 'block-too-small']);

/**
 * The pools that one family of an assignment may use, in the order in which new blocks are claimed (PL-01 to PL-14,
 * PL-19 to PL-24). Requested pools bypass both selectors and the assignment mode, not the allowed uses (PL-02, PL-12,
 * PL-13).
 */
export function selectPools(query: PoolQuery): PoolChoice {
  const wanted = (query.requested ?? []).map((text) => ({ text, pick: pickerOf(text) }));
  const isRequested = wanted.length > 0 ? (pool: Pool) => wanted.some(({ pick }) => pick(pool)) : undefined;
  const assessed = query.pools.map((pool) => assess(pool, query, isRequested));
  const considered = assessed.map(({ pool, cidr, verdict, reason }) => ({ pool, cidr, verdict, reason }));

  const foreign = wanted.filter(({ text }) => isOfOtherFamily(text, query));
  if (foreign.length > 0) return { kind: 'wrong-family', requested: foreign.map(({ text }) => text), considered };

  const usable = assessed.filter(({ verdict }) => !UNUSABLE.has(verdict));
  if (usable.length === 0) return { kind: 'no-pool', considered };

  const missing = wanted.filter(({ pick }) => !usable.some(({ record }) => pick(record)));
  if (missing.length > 0) {
    return { kind: 'pool-not-found', missing: missing.map(({ text, pick }) => explainMissing(text, pick, assessed)), considered };
  }
  const bad = usable.find(({ problem }) => problem !== undefined);
  if (bad?.problem) {
    return { kind: 'bad-selector', pool: bad.pool, selector: bad.problem.selector, problem: bad.problem.found, considered };
  }
  if (!usable.some(({ verdict }) => verdict === 'eligible' || verdict === 'use-not-allowed')) return { kind: 'none-for-node', considered };

  const eligible = usable.filter(({ verdict }) => verdict === 'eligible').map(({ record }) => record as UsablePool);
  if (eligible.length === 0) return { kind: 'none-for-use', considered };
  const pools = isRequested ? wanted.flatMap(({ pick }) => eligible.find(pick) ?? []) : eligible;
  return { kind: 'pools', pools, considered };
}

/**
 * What a request for one certain address makes of each pool: selectors and assignment mode do not count, and the first
 * enabled pool that has the address decides (AI-05, AI-06).
 */
export function considerForIp(pools: readonly Pool[], ip: Ip, use: AllowedUse): readonly ConsideredPool[] {
  return pools.map((pool) => {
    const { verdict, reason } = whyNotForIp(pool, ip, use) ?? { verdict: 'eligible', reason: 'has the address' };
    return { pool: pool.name, cidr: pool.cidrText, verdict, reason };
  });
}

function whyNotForIp(pool: Pool, ip: Ip, use: AllowedUse): Pick<ConsideredPool, 'verdict' | 'reason'> | undefined {
  if (!pool.cidr) return { verdict: 'unparsable-cidr', reason: unparsableReason(pool) };
  if (!containsIp(pool.cidr, ip)) return { verdict: 'elsewhere', reason: `does not have ${ip.text}` };
  if (pool.disabled) return { verdict: 'disabled', reason: disabledReason(pool) };
  if (!pool.allowedUses.includes(use)) return { verdict: 'use-not-allowed', reason: useReason(pool, use) };
  return undefined;
}

function unparsableReason({ cidrText }: Pool): string {
  return `has the CIDR ${JSON.stringify(cidrText)}, which is no network`;
}

function useReason({ allowedUses }: Pool, use: AllowedUse): string {
  return `allows ${allowedUses.join(' and ')}, not ${use}`;
}

/** Pools are requested by network, whatever its spelling (PL-02), or by name. */
function pickerOf(text: string): (pool: Pool) => boolean {
  const cidr = parseCidrMasked(text);
  return cidr ? (pool) => pool.cidr?.text === cidr.text : (pool) => pool.name === text;
}

function isOfOtherFamily(text: string, { pools, family }: PoolQuery): boolean {
  const cidr = parseCidrMasked(text) ?? pools.find(({ name }) => name === text)?.cidr;
  return cidr !== undefined && cidr.version !== family;
}

function explainMissing(text: string, pick: (pool: Pool) => boolean, assessed: readonly Assessed[]): MissingPool {
  const reason = assessed.find(({ record }) => pick(record))?.reason;
  return { requested: text, reason: reason ?? (parseCidrMasked(text) ? 'is the CIDR of no pool' : 'is the name of no pool') };
}

function assess(pool: Pool, query: PoolQuery, isRequested: ((pool: Pool) => boolean) | undefined): Assessed {
  const found = (verdict: PoolVerdict, reason: string): Assessed => ({
    pool: pool.name,
    cidr: pool.cidrText,
    verdict,
    reason,
    record: pool,
  });
  if (!pool.cidr) return found('unparsable-cidr', unparsableReason(pool));
  if (pool.cidr.version !== query.family) return found('other-family', `is an IPv${pool.cidr.version} pool`);
  if (pool.disabled) return found('disabled', disabledReason(pool));
  const blockAddresses = Math.floor(2 ** (ADDRESS_BITS[query.family] - pool.blockSize));
  const minBlockAddresses = query.minBlockAddresses ?? 1;
  if (blockAddresses < minBlockAddresses) {
    return found('block-too-small', `has blocks of ${blockAddresses} addresses, where at least ${minBlockAddresses} are needed`);
  }
  const notSelected = isRequested ? undefined : whyNotSelected(pool, query);
  if (notSelected)
    return { ...found(notSelected.verdict, notSelected.reason), ...(notSelected.problem && { problem: notSelected.problem }) };
  if (isRequested && !isRequested(pool)) return found('not-requested', 'was not asked for');
  if (!pool.allowedUses.includes(query.use)) return found('use-not-allowed', useReason(pool, query.use));
  return found('eligible', 'may be used');
}

/** Why a pool is not used that its owner switched off; others are being deleted, or kept from use by somebody else. */
export const DISABLED = 'is disabled';

function disabledReason({ object }: Pool): string {
  if (memberObject(object, 'metadata')?.get('deletionTimestamp')) return 'is being deleted';
  return memberObject(object, 'spec')?.get('disabled') === true ? DISABLED : 'has the condition Allocatable=False';
}

/** PL-03. The namespace selector is not looked at unless the node is selected (PL-11). */
function whyNotSelected(pool: Pool, query: PoolQuery): Pick<Assessed, 'verdict' | 'reason' | 'problem'> | undefined {
  if (pool.assignmentMode === 'Manual') {
    return { verdict: 'manual', reason: 'has assignment mode Manual: it is used only when asked for' };
  }
  return (
    whyNoMatch('nodeSelector', pool.nodeSelector, query.nodeLabels) ??
    whyNoMatch('namespaceSelector', pool.namespaceSelector, query.namespaceLabels ?? {})
  );
}

function whyNoMatch(selector: SelectorName, text: string, labels: Labels): Pick<Assessed, 'verdict' | 'reason' | 'problem'> | undefined {
  const parsed = parseSelector(text);
  if (parsed.kind === 'bad-selector') {
    const reason = `has a ${selector} that cannot be read: ${parsed.message}`;
    return { verdict: 'bad-selector', reason, problem: { selector, found: parsed } };
  }
  if (matches(parsed.selector, labels)) return undefined;
  return selector === 'nodeSelector'
    ? { verdict: 'node-selector', reason: `has the nodeSelector ${text}, which this node's labels do not match` }
    : { verdict: 'namespace-selector', reason: `has the namespaceSelector ${text}, which this namespace's labels do not match` };
}
