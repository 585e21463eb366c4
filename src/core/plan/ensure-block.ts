/** EnsureBlock: the host has a block in each family asked for, with the addresses it keeps for itself (EB). */
import { type Cidr, covers } from '../addr.ts';
import type { Draft } from '../draft.ts';
import { done, type Outcome, refused } from '../outcome.ts';
import { selectPools } from '../pools.ts';
import type { Owner } from '../records.ts';
import type { FamilyRequest } from './auto-assign.ts';
import { explainSelection, explainShortfall } from './explain.ts';
import type { Family } from './family.ts';
import { obtainBlock } from './fill.ts';
import { affineCidrs, ownBlocks } from './own-blocks.ts';
import type { PlanEnv, Planner } from './plan.ts';
import { affinitiesOf, nodeRef, RESERVATIONS } from './refs.ts';
import { reservationsOf, settingsOf } from './settings.ts';

export interface EnsureBlock {
  readonly host: string;
  readonly families: readonly FamilyRequest[];
}

export function ensureBlock({ host, families }: EnsureBlock): Planner<readonly Cidr[]> {
  return (draft, env) => {
    const owner: Owner = { type: 'host', name: host };
    draft.require({ refs: [{ kind: 'config' }, nodeRef(host)], collections: [{ kind: 'pools' }, RESERVATIONS, affinitiesOf(owner)] });
    const cidrs: Cidr[] = [];
    for (const request of families) {
      const ensured = ensureFamily(draft, env, owner, request);
      if (ensured.kind === 'refused') return ensured;
      cidrs.push(ensured.value);
    }
    return done(cidrs);
  };
}

function ensureFamily(draft: Draft, env: PlanEnv, owner: Owner, { version, pools: requested, reservedEnds }: FamilyRequest): Outcome<Cidr> {
  const { config, cooldown, pools } = settingsOf(draft, env);
  const node = draft.get(nodeRef(owner.name));
  if (!node) {
    const message = `node "${owner.name}" is not known to the store. Register it first: plat create node ${owner.name}`;
    return refused('node-not-found', message, { host: owner.name });
  }
  const kept = reservedEnds ? reservedEnds.startOfBlock + reservedEnds.endOfBlock : 0;
  const choice = selectPools({ pools, family: version, requested, nodeLabels: node.labels, use: 'Workload', minBlockAddresses: kept + 1 });
  if (choice.kind !== 'pools') return explainSelection(choice, { host: owner.name, use: 'Workload', version });
  const family: Family = {
    draft,
    env,
    config,
    cooldown,
    version,
    owner,
    pools: choice.pools,
    reservations: reservationsOf(draft, version),
    reservedEnds,
    link: undefined,
  };

  const own = affineCidrs(draft, owner).filter(
    (cidr) => choice.pools.some((pool) => covers(pool.cidr, cidr)) && !family.reservations.matchesWhole(cidr),
  );
  for (const block of ownBlocks(family, own)) return done(block.cidr);
  const shortage = { blocksMax: -1, requested: 1, given: 0, verdicts: choice.considered };
  if (!config.autoAllocateBlocks) return explainShortfall(family, { ...shortage, stop: 'no-block' });
  const block = obtainBlock(family);
  return block ? done(block.cidr) : explainShortfall(family, { ...shortage, stop: 'full' });
}
