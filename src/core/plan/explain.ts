/** Refusals of assignments in words: what was asked, which pools were considered and why each was refused, what to do. */
import type { Version } from '../addr.ts';
import { unreachable } from '../assert.ts';
import { type Refusal, refused } from '../outcome.ts';
import { type ConsideredPool, DISABLED, type PoolChoice } from '../pools.ts';
import type { AllowedUse } from '../records.ts';
import { blockCount } from '../walk.ts';
import type { Family } from './family.ts';
import type { Stop } from './fill.ts';

interface Asked {
  readonly host: string;
  readonly use: AllowedUse;
  readonly version: Version;
}

/** No pool may be used at all (PL, AA-03, AA-05). */
export function explainSelection(choice: Exclude<PoolChoice, { kind: 'pools' }>, asked: Asked): Refusal {
  const { version, host, use } = asked;
  const details = { host, use, version, considered: choice.considered };
  const considered = consideredText(choice.considered);
  switch (choice.kind) {
    case 'wrong-family':
      return refused(
        'invalid-argument',
        `the IPv${version} pools asked for include one of the other family: ${choice.requested.join(', ')}. Give it among the IPv${version === 4 ? 6 : 4} pools.`,
        details,
      );
    case 'no-pool':
      return refused(
        'no-qualified-pool',
        `there is no enabled IPv${version} pool. ${considered}Make one: plat create ippool NAME --cidr ${version === 4 ? '10.0.0.0/16' : 'fd00::/48'}`,
        details,
      );
    case 'pool-not-found': {
      const missing = choice.missing.map(({ requested, reason }) => `${requested} ${reason}`).join('; ');
      return refused(
        'pool-not-found',
        `a pool that was asked for cannot be used: ${missing}. ${considered}List pools with: plat get ippools`,
        { ...details, missing: choice.missing },
      );
    }
    case 'bad-selector':
      return refused(
        'invalid-resource',
        `pool "${choice.pool}" has a ${choice.selector} that cannot be read, so no pool can be chosen automatically: ${choice.problem.message} (at character ${choice.problem.position + 1}). Correct it, or ask for a pool by name.`,
        { ...details, pool: choice.pool },
      );
    case 'none-for-node':
      return refused(
        'no-qualified-pool',
        `no IPv${version} pool is for node ${host}. ${considered}Change a selector or the node's labels, or ask for a pool by name.`,
        details,
      );
    case 'none-for-use':
      return refused(
        'no-qualified-pool',
        `no IPv${version} pool left allows use ${use}. ${considered}Change allowedUses, or choose another pool.`,
        { ...details, reason: 'use' },
      );
    default:
      return unreachable(choice);
  }
}

/** What would let a pool be used that is not; undefined where it is, or where nothing sensible would. */
export function changeFor({ pool, verdict, reason }: ConsideredPool, { host, use, version }: Asked): string | undefined {
  switch (verdict) {
    case 'eligible':
    case 'elsewhere':
      return undefined;
    case 'unparsable-cidr':
      return 'Correct its CIDR, or delete it.';
    case 'other-family':
      return `Ask for IPv${version === 4 ? 6 : 4} addresses.`;
    case 'disabled':
      return reason !== DISABLED ? undefined : `Enable it: plat patch ippool ${pool} -p '{"spec":{"disabled":false}}'`;
    case 'block-too-small':
      return 'Keep fewer addresses of each block for the host, or use a pool with larger blocks.';
    case 'not-requested':
    case 'manual':
      return `Ask for it by name: --pool ${pool}`;
    case 'node-selector':
      return `Change its nodeSelector or the labels of node ${host}, or ask for it by name: --pool ${pool}`;
    case 'namespace-selector':
      return `Change its namespaceSelector or the labels of the namespace, or ask for it by name: --pool ${pool}`;
    case 'bad-selector':
      return `Correct the selector, or ask for it by name: --pool ${pool}`;
    case 'use-not-allowed':
      return `Add ${use} to its allowedUses, or ask for another use.`;
    default:
      return unreachable(verdict);
  }
}

function consideredText(considered: readonly ConsideredPool[]): string {
  if (considered.length === 0) return 'The store has no pools. ';
  return `Considered: ${considered.map(({ pool, cidr, reason }) => `${pool} (${cidr}) ${reason}`).join('; ')}. `;
}

interface Shortage {
  readonly stop: Stop;
  readonly blocksMax: number;
  readonly requested: number;
  readonly given: number;
  readonly verdicts: readonly ConsideredPool[];
  /** The limit is the request's own, not the configuration's. */
  readonly isOwnLimit?: boolean;
}

/** Pools may be used, but have too little room for this host (AA-20 to AA-23). */
export function explainShortfall(family: Family, shortage: Shortage): Refusal {
  const { stop, blocksMax, requested, given } = shortage;
  const asked = `${requested} IPv${family.version} address(es) for ${family.owner.name}`;
  const had = given > 0 ? `only ${given} can be given` : 'none can be given';
  const free = given > 0 ? 'no more are free' : 'no address is free';
  const used = usedPools(family, shortage);
  const others = otherPools(family, shortage);
  const considered = `Considered: ${[...used, ...others].map(({ pool, cidr, reason }) => `${pool} (${cidr}) ${reason}`).join('; ')}.`;
  const details = { host: family.owner.name, version: family.version, requested, available: given, considered: [...used, ...others] };
  switch (stop) {
    case 'full':
      return refused(
        'no-free-address',
        `${asked} were asked for, but ${had}: ${free}. ${considered} Release addresses, add a pool, or enlarge one.`,
        details,
      );
    case 'strict-affinity':
      return refused(
        'strict-affinity',
        `${asked} were asked for, but ${had}: no block of this host has room, no new one is to be had, and strict affinity forbids to borrow. ${considered} Free blocks of other hosts, add a pool, or turn strict affinity off.`,
        details,
      );
    case 'block-limit':
      if (shortage.isOwnLimit)
        return refused(
          'block-limit',
          `${asked} were asked for, but ${had}: the request may use ${blocksMax} block(s) of this host and borrow none. ${considered} Release addresses of this host, or make blocks larger.`,
          { ...details, limit: blocksMax },
        );
      return refused(
        'block-limit',
        `${asked} were asked for, but ${had}: the host has its ${blocksMax} block(s), as many as it may. ${considered} Raise maxBlocksPerHost, or release addresses of this host.`,
        { ...details, limit: blocksMax },
      );
    case 'no-block':
      return refused(
        'no-block',
        `${asked} were asked for, but ${had}: automatic block allocation is off and the host has no block with room. ${considered} Claim a block for it, or turn autoAllocateBlocks on.`,
        details,
      );
    default:
      return unreachable(stop);
  }
}

function usedPools(family: Family, { stop }: Shortage): ConsideredPool[] {
  return family.pools.map((pool) => {
    const blocks = blockCount(pool.cidr, pool.blockSize);
    const searched = `${foundIn(family, stop)} ${blocks} block(s) of /${pool.blockSize}`;
    const reason = blocks === 0n ? `is smaller than its block size /${pool.blockSize}` : searched;
    return { pool: pool.name, cidr: pool.cidrText, verdict: 'eligible' as const, reason };
  });
}

function foundIn({ config }: Family, stop: Stop): string {
  if (stop === 'full') return 'has no free address in its';
  if (stop === 'strict-affinity') return 'has none left for this host of its';
  if (stop === 'no-block' || config.strictAffinity) return 'was not searched for a new one of its';
  return 'has no address to borrow in its';
}

function otherPools(family: Family, { verdicts }: Shortage): ConsideredPool[] {
  const used = new Set(family.pools.map(({ name }) => name));
  return verdicts.filter(({ pool }) => !used.has(pool));
}
