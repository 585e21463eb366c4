/** AssignIP: one given address (AI-01 to AI-19). */
import { type Cidr, cidrOf, containsIp, type Ip, ordinalOf } from '../addr.ts';
import {
  affinityText,
  assignOrdinal,
  attributeAt,
  collect,
  type Holder,
  newBlock,
  type ReservedEnds,
  sanitisedHandle,
  sequenceNumberAt,
  updated,
} from '../block.ts';
import type { Draft } from '../draft.ts';
import { gatewayOf, type LinkPolicy, roleOnLink } from '../link.ts';
import { done, type Outcome, type Refusal, refused } from '../outcome.ts';
import type { UsablePool } from '../pools.ts';
import type { AllowedUse, Block, IpamConfig, Node, Owner, Pool } from '../records.ts';
import { nameViolations } from '../resource-rules.ts';
import type { Need, SeenRevision } from '../view.ts';
import type { Assigned } from './assigned.ts';
import { isFreeOfOverlap } from './claim.ts';
import { coolingText, heldText } from './explain-address.ts';
import { countUp, heldBy } from './handles.ts';
import { guardAgainstRelease, leaveOperationMark } from './marks.ts';
import { CONFIRMED } from './own-blocks.ts';
import type { PlanEnv, Planner } from './plan.ts';
import { affinityRef, blockRef, CONFIG, handleRef, markRef, nodeRef, POOLS, poolRef } from './refs.ts';
import { type Settings, settingsOf } from './settings.ts';

export interface AssignIp {
  readonly ip: Ip;
  readonly host: string;
  readonly holder: Holder;
  readonly use: AllowedUse;
  readonly reservedEnds: ReservedEnds | undefined;
  /** Present: what the address's segment keeps for itself is refused. */
  readonly link: LinkPolicy | undefined;
  readonly maxPerHandle: number;
  readonly returnHeld: boolean;
  readonly releaseMark: SeenRevision | undefined;
  readonly operation: string | undefined;
  /** The record to write when the node is unknown; absent: the node need not be known (AI-06). */
  readonly newNode: Node | undefined;
}

export function assignIp(request: AssignIp): Planner<Assigned> {
  return (draft, env) => {
    draft.require(firstNeedOfAssignIp(request, request.releaseMark !== undefined));
    const refusal = guardAgainstRelease(draft, request.holder.handle, request.releaseMark);
    if (refusal) return refusal;
    const settings = settingsOf(draft, env);
    const pool = poolFor(settings.pools, request);
    if (pool.kind === 'refused') return pool;
    const kept = request.link && keptByLink(request.link, request.ip, pool.value);
    if (kept) return kept;
    const owner: Owner = { type: request.use === 'LoadBalancer' ? 'virtual' : 'host', name: request.host };
    const cidr = cidrOf(request.ip, pool.value.blockSize);
    const found = draft.find(blockRef(cidr));
    if (found.kind === 'corrupt') draft.get(blockRef(cidr));
    const stored = found.kind === 'present' ? found.record : undefined;

    const affinityRefusal = stored && strictRefusal(settings.config, stored, owner, request.ip);
    if (affinityRefusal) return affinityRefusal;
    const held = heldAlready(draft, request, { block: stored, pool: pool.value, owner });
    if (held) return held.kind === 'refused' ? held : done(held.value);
    const nodeRefusal = registerNode(draft, request);
    if (nodeRefusal) return nodeRefusal;
    const block = stored ?? claim(draft, env, request, { owner, cidr, pool: pool.value });
    return 'code' in block ? block : assignIn(draft, env, request, { block, settings, owner, pool: pool.value, isNew: !stored });
  };
}

/** Everything whose key is known from the request alone: one read. */
export function firstNeedOfAssignIp(
  { holder: { handle }, host, newNode }: Pick<AssignIp, 'holder' | 'host' | 'newNode'>,
  marked: boolean,
): Need {
  const handles = handle === undefined ? [] : [handleRef(handle), ...(marked ? [markRef('released', handle)] : [])];
  return { refs: [CONFIG, ...(newNode ? [nodeRef(host)] : []), ...handles], probes: [], collections: [POOLS] };
}

/** Writes the record of a node that nobody made known; a name that cannot be one is refused. */
export function registerNode(draft: Draft, { host, newNode }: { host: string; newNode: Node | undefined }): Refusal | undefined {
  if (!newNode || draft.get(nodeRef(host))) return undefined;
  const [violation] = nameViolations(host);
  if (violation)
    return refused('invalid-resource', `node "${host}" is not known to the store and cannot be registered: ${violation.message}.`, {
      host,
    });
  draft.put(nodeRef(host), newNode);
  return undefined;
}

function poolFor(pools: readonly Pool[], { ip, use }: AssignIp): Outcome<UsablePool> {
  const holding = pools.filter((pool): pool is UsablePool => pool.cidr !== undefined && containsIp(pool.cidr, ip));
  const pool = holding.find((each) => !each.disabled);
  if (!pool) {
    const disabled = holding[0];
    const why = disabled
      ? `it is in pool "${disabled.name}" (${disabled.cidrText}), which is disabled`
      : `no pool contains it (${poolList(pools)})`;
    return refused('not-in-pool', `${ip.text} cannot be assigned: ${why}. Choose an address of an enabled pool.`, { ip: ip.text });
  }
  if (pool.allowedUses.includes(use)) return done(pool);
  const message = `${ip.text} is in pool "${pool.name}", which is not allowed for use ${use} (allowed: ${pool.allowedUses.join(', ')}). Choose another pool, or change its allowedUses.`;
  return refused('use-not-allowed', message, { ip: ip.text, pool: pool.name, use, allowedUses: pool.allowedUses });
}

function keptByLink(link: LinkPolicy, ip: Ip, pool: UsablePool): Refusal | undefined {
  const subnet = link.subnet === 'block' ? cidrOf(ip, pool.blockSize) : pool.cidr;
  const role = roleOnLink(subnet, gatewayOf(subnet, link.gateways), ip);
  if (role === undefined) return undefined;
  const message = `${ip.text} is the ${role} address of ${subnet.text}, which no container may have. Choose another address.`;
  return refused('address-in-use', message, { ip: ip.text, subnet: subnet.text, role });
}

function poolList(pools: readonly Pool[]): string {
  return pools.length === 0 ? 'there are no pools' : pools.map((pool) => `${pool.name} ${pool.cidrText}`).join(', ');
}

/** AI-09, SA-03: under strict affinity only the owner's own blocks. */
function strictRefusal(config: IpamConfig, block: Block, owner: Owner, ip: Ip): Refusal | undefined {
  if (!config.strictAffinity || block.affinity === affinityText(owner)) return undefined;
  const whose = block.affinity === null ? 'is affine to nobody' : `belongs to ${block.affinity}`;
  const message = `${ip.text} is in block ${block.cidr.text}, which ${whose}, and strict affinity allows only blocks of ${affinityText(owner)}. Choose an address of an own block, or turn strict affinity off.`;
  return refused('strict-affinity', message, { ip: ip.text, block: block.cidr.text, affinity: block.affinity });
}

/** The address is the handle's already (AI-12), or the handle may hold no more; undefined: go on. */
function heldAlready(
  draft: Draft,
  request: AssignIp,
  { block, pool, owner }: { block: Block | undefined; pool: UsablePool; owner: Owner },
): Outcome<Assigned> | undefined {
  const { handle } = request.holder;
  if (handle === undefined || (!request.returnHeld && request.maxPerHandle === 0)) return undefined;
  const same = block && heldIn(block, request.ip, { handle, pool, owner });
  if (same) return done(same);
  if (request.maxPerHandle === 0) return undefined;
  const held = heldBy(draft, handle, { version: request.ip.version });
  if (held.length < request.maxPerHandle) return undefined;
  const message = `handle ${handle} holds ${held.map(({ ip }) => ip.text).join(', ')} already and may hold ${request.maxPerHandle} per family, so ${request.ip.text} cannot be added. Release it first, or raise the maximum.`;
  return refused('handle-limit', message, { handle, held: held.length, maxPerHandle: request.maxPerHandle });
}

function heldIn(block: Block, ip: Ip, { handle, pool, owner }: { handle: string; pool: UsablePool; owner: Owner }): Assigned | undefined {
  const ordinal = ordinalOf(block.cidr, ip) as number;
  const attribute = attributeAt(block, ordinal);
  if (attribute?.handleId === undefined || sanitisedHandle(attribute.handleId) !== sanitisedHandle(handle)) return undefined;
  const sequenceNumber = sequenceNumberAt(block, ordinal);
  return {
    ip,
    prefixLength: ip.version === 4 ? 32 : 128,
    block: block.cidr,
    pool: pool.name,
    poolCidr: pool.cidr,
    sequenceNumber,
    borrowed: block.affinity !== affinityText(owner),
    existing: true,
  };
}

/** AI-01, I5: the block of an address that has none yet, for this owner whatever its affinity key says (AI-16). */
function claim(
  draft: Draft,
  env: PlanEnv,
  request: AssignIp,
  { owner, cidr, pool }: { owner: Owner; cidr: Cidr; pool: UsablePool },
): Block | Refusal {
  if (pool.blockSize < pool.cidr.prefixLength || !isFreeOfOverlap(draft, cidr)) {
    const why =
      pool.blockSize < pool.cidr.prefixLength
        ? `the pool is smaller than its block size /${pool.blockSize}`
        : 'a block of another size lies there';
    const message = `no block ${cidr.text} can be made for ${request.ip.text} in pool "${pool.name}": ${why}. Look at the blocks with: plat ipam show --show-blocks`;
    return refused('invalid-argument', message, { ip: request.ip.text, block: cidr.text, pool: pool.name });
  }
  // One that cannot be read is refused, not overwritten (I10).
  draft.get(affinityRef(owner, cidr));
  draft.guard(poolRef(pool.name));
  draft.put(affinityRef(owner, cidr), CONFIRMED);
  return newBlock(cidr, owner, env.nowNs, request.reservedEnds);
}

function assignIn(
  draft: Draft,
  env: PlanEnv,
  request: AssignIp,
  context: { block: Block; settings: Settings; owner: Owner; pool: UsablePool; isNew: boolean },
): Outcome<Assigned> {
  const { ip, holder } = request;
  const collected = collect(context.block, context.settings.cooldown).block;
  const ordinal = ordinalOf(collected.cidr, ip) as number;
  const assigned = assignOrdinal(collected, ordinal, holder);
  if (assigned.kind !== 'assigned') return takenRefusal(collected, ordinal, { ip, state: assigned.kind, isNew: context.isNew });
  draft.put(blockRef(collected.cidr), updated(assigned.block));
  if (holder.handle !== undefined) countUp(draft, holder.handle, collected.cidr, 1);
  if (request.operation !== undefined) leaveOperationMark(draft, request.operation, env);
  return done({
    ip,
    prefixLength: ip.version === 4 ? 32 : 128,
    block: collected.cidr,
    pool: context.pool.name,
    poolCidr: context.pool.cidr,
    sequenceNumber: collected.sequenceNumber,
    borrowed: collected.affinity !== affinityText(context.owner),
    existing: false,
  });
}

function takenRefusal(block: Block, ordinal: number, { ip, state, isNew }: { ip: Ip; state: 'held' | 'cooling'; isNew: boolean }): Refusal {
  if (isNew)
    return refused(
      'address-in-use',
      `${ip.text} is among the addresses that the host keeps for itself in each new block. Choose another address.`,
      { ip: ip.text },
    );
  const attribute = attributeAt(block, ordinal);
  if (state === 'cooling') {
    const message = `${coolingText(ip.text, attribute?.releasedAt)}. Wait, choose another address, or lower ipCooldownSeconds.`;
    return refused('address-in-use', message, { ip: ip.text, releasedAt: attribute?.releasedAt });
  }
  const message = `${heldText(ip.text, attribute?.handleId)}. Choose another address, or release it: plat ipam release --ip ${ip.text}`;
  return refused('address-in-use', message, { ip: ip.text, handle: attribute?.handleId });
}
