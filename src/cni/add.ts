/** ADD: the attachment's addresses, in one transaction; a repeat gives the same ones and writes nothing (SS-01, SS-02, SS-27). */
import { parseCidrMasked, parseIp } from '../core/addr.ts';
import { gatewayOf } from '../core/link.ts';
import type { AssignedAddress, Ipam } from '../ipam/api.ts';
import { type AddressPlan, addressesWanted, addressPlanOf } from './address-plan.ts';
import { attributesOf, handleOf } from './attachment.ts';
import { blockHintsOf } from './block-hints.ts';
import type { CniError } from './errors.ts';
import { dnsOf } from './resolv-conf.ts';
import { type ResultAddress, requireRoom, resultText, routesOf } from './result.ts';
import { callerOf, mayBeOrphan, refuseOwnNamespace, requireCaller } from './runtime.ts';
import { callOptions, type Work } from './verbs.ts';

export async function add(work: Work, ipam: Ipam): Promise<string> {
  const { call, conf, attachment, host, clock, store } = work;
  const plan = addressPlanOf(conf, call, store.url);
  requireRoom(work.version, addressesWanted(plan));
  const routes = routesOf(conf.ipam.routes);
  const dns = dnsOf(conf.ipam.resolvConf);
  if (!work.mayShareNamespace) refuseOwnNamespace(call.netns);
  const caller = callerOf(call.netns, work.startedBy);
  const common = {
    ...callOptions(work),
    host,
    handle: handleOf(attachment),
    attrs: attributesOf(attachment, call, host, clock.nowNs()),
    registerNode: conf.ipam.registerNode ?? true,
    unlessReleased: mayBeOrphan(caller) ? ('recently' as const) : true,
    beforeCommit: () => requireCaller(caller, work.parentPid()),
  };
  const addresses = plan.kind === 'ranges' ? await fromRanges(work, ipam, plan, common) : await fromPools(work, ipam, plan, common);
  work.log.debug({ event: 'assigned', handle: common.handle, addresses: addresses.map(({ ip }) => ip) });
  const own = plan.kind === 'pools' && !plan.link ? addresses.map(({ subnet }) => ({ dst: subnet.text })) : [];
  return resultText(work.version, { addresses, routes: [...own, ...routes], dns });
}

type Common = Parameters<Ipam['autoAssign']>[0] & { readonly handle: string };

async function fromRanges(
  work: Work,
  ipam: Ipam,
  plan: Extract<AddressPlan, { kind: 'ranges' }>,
  common: Common,
): Promise<ResultAddress[]> {
  const ips = plan.ips.map(({ text }) => text);
  const hints = blockHintsOf(work);
  const likelyBlocks = hints?.blocks ?? [];
  const assigned = await ipam.assignFromNetwork({ ...common, network: work.attachment.network, slots: plan.slots, ips, likelyBlocks });
  hints?.note(assigned.map(({ block }) => block));
  return assigned.flatMap(({ ip, subnet, gateway }) => {
    const cidr = parseCidrMasked(subnet);
    return cidr ? [{ ip, subnet: cidr, gateway }] : [];
  });
}

/** One address of a family each; several only where they are asked for by name. */
async function fromPools(work: Work, ipam: Ipam, plan: Extract<AddressPlan, { kind: 'pools' }>, common: Common): Promise<ResultAddress[]> {
  const hints = blockHintsOf(work);
  const options = { ...common, ...poolOptions(plan), ifHeld: 'return' as const, likelyBlocks: hints?.blocks ?? [] };
  try {
    const { v4, v6 } = await ipam.autoAssign(options);
    const addresses = [...(v4?.addresses ?? []), ...(v6?.addresses ?? [])];
    hints?.note(addresses.map(({ block }) => block));
    return addresses.map((address) => onLink(plan, address));
  } catch (error) {
    throw plan.isSingleBlock ? withBridgeHint(error) : error;
  }
}

/** Shared with STATUS. */
export function poolOptions(plan: Extract<AddressPlan, { kind: 'pools' }>) {
  const { num4, num6, pools4, pools6, ips, link, isSingleBlock } = plan;
  return {
    num4,
    num6,
    ips: ips.map(({ text }) => text),
    maxPerHandle: 1,
    ...(pools4.length > 0 && { pools4 }),
    ...(pools6.length > 0 && { pools6 }),
    ...(link && { link }),
    ...(isSingleBlock && { blocksUsedMax: 1 }),
  };
}

function onLink({ link }: Extract<AddressPlan, { kind: 'pools' }>, { ip, block, poolCidr }: AssignedAddress): ResultAddress {
  const text = link?.subnet === 'pool' && poolCidr !== '' ? poolCidr : block;
  const subnet = parseCidrMasked(text);
  if (!subnet) throw new TypeError(`${text} is no network`);
  const gateways = (link?.gateways ?? []).flatMap((gateway) => parseIp(gateway) ?? []);
  return { ip, subnet, gateway: link && gatewayOf(subnet, gateways).text };
}

/** A Linux bridge carries one IPv4 gateway, so a node behind one gets its addresses from one block. */
function withBridgeHint(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (!(error instanceof Error) || (code !== 'block-limit' && code !== 'strict-affinity')) return error;
  const hint =
    'With the bridge plugin a node uses one block, whose first address is the gateway: make blocks larger (blockSize), or set ipam.gateway to "pool".';
  return Object.assign(error, { message: `${error.message} ${hint}` }) satisfies Error | CniError;
}
