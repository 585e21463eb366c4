/** Which addresses a configuration and a call ask for, and on which network segment. */
import { type Ip, parseCidr, parseIp } from '../core/addr.ts';
import type { LinkOptions, RangeInput } from '../ipam/api.ts';
import type { CniCall } from './call.ts';
import { invalid, type NetConf, type RangeConf } from './netconf.ts';
import { isEmbedded } from './settings.ts';

/** Where addresses come from: the store's pools, or ranges that the configuration names. */
export type AddressPlan =
  | {
      readonly kind: 'pools';
      readonly num4: number;
      readonly num6: number;
      readonly pools4: readonly string[];
      readonly pools6: readonly string[];
      readonly ips: readonly Ip[];
      readonly link: LinkOptions | undefined;
      /** The main plugin can serve one block of a family only. */
      readonly isSingleBlock: boolean;
    }
  | { readonly kind: 'ranges'; readonly slots: readonly (readonly RangeInput[])[]; readonly ips: readonly Ip[] };

export function addressPlanOf(conf: NetConf, { args }: Pick<CniCall, 'args'>, storeUrl: string): AddressPlan {
  const { ipam } = conf;
  if (ipam.dataDir !== undefined)
    throw invalid(
      'ipam.dataDir belongs to host-local',
      'This plugin keeps its state in a store: remove dataDir, or give "store": "lmdb:FOLDER".',
    );
  const ips = requestedIps(conf, args);
  const inline = ipam.subnet === undefined ? [] : [[inlineRange(ipam, ipam.subnet)]];
  const slots = [...(conf.runtimeConfig?.ipRanges ?? []), ...inline, ...(ipam.ranges ?? [])];
  if (slots.length > 0) return { kind: 'ranges', slots: slots.map((set) => set.map(rangeInput)), ips };
  const has = (version: number) => ips.some((ip) => ip.version === version);
  const link = linkOf(conf, storeUrl);
  const num4 = has(4) || ipam.assign_ipv4 === false ? 0 : 1;
  const num6 = has(6) || ipam.assign_ipv6 !== true ? 0 : 1;
  if (num4 + num6 + ips.length === 0)
    throw invalid('assign_ipv4 and assign_ipv6 are both off, so there is nothing to assign', 'Turn one of them on.');
  return {
    kind: 'pools',
    num4,
    num6,
    pools4: poolsOf('ipam.ipv4_pools', 4, ipam.ipv4_pools),
    pools6: poolsOf('ipam.ipv6_pools', 6, ipam.ipv6_pools),
    ips,
    link,
    isSingleBlock: conf.type === 'bridge' && link?.subnet === 'block',
  };
}

/** Addresses of each family that the plan gives; more than one where it may be more. */
export function addressesWanted(plan: AddressPlan): Readonly<Record<4 | 6, number>> {
  const given = (version: 4 | 6) => plan.ips.filter((ip) => ip.version === version).length;
  if (plan.kind === 'pools') return { 4: plan.num4 + given(4), 6: plan.num6 + given(6) };
  const six = plan.slots.filter(([range]) => range?.subnet.includes(':')).length;
  return { 4: Math.max(plan.slots.length - six, given(4)), 6: Math.max(six, given(6)) };
}

/** Host-local's oldest form: one range beside `type`. */
function inlineRange({ rangeStart, rangeEnd, gateway, exclude }: NetConf['ipam'], subnet: string): RangeConf {
  const router = typeof gateway === 'string' && gateway !== 'auto' ? gateway : undefined;
  return { subnet, rangeStart, rangeEnd, gateway: router, exclude };
}

function rangeInput({ subnet, rangeStart, rangeEnd, gateway, exclude }: RangeConf): RangeInput {
  return {
    subnet,
    ...(rangeStart && { rangeStart }),
    ...(rangeEnd && { rangeEnd }),
    ...(gateway && { gateway }),
    ...(exclude && { exclude }),
  };
}

/** A pool of the wrong family is told here; whether it exists, the store knows. */
function poolsOf(field: string, version: 4 | 6, pools: readonly string[] | null | undefined): readonly string[] {
  for (const pool of pools ?? []) {
    const parsed = parseCidr(pool);
    if (parsed.kind !== 'not-a-cidr' && parsed.cidr.version !== version)
      throw invalid(`${field} has ${pool}, which is not an IPv${version} network`, 'Move it to the other list.');
  }
  return pools ?? [];
}

/** SS-90: in this order; a prefix length behind an address is tolerated, an address asked for twice counts once. */
function requestedIps({ args: confArgs, runtimeConfig }: NetConf, args: CniCall['args']): Ip[] {
  const listed = [
    ...(args.get('IP') ?? '').split(',').map((each) => ['CNI_ARGS IP', each] as const),
    ...(confArgs?.cni?.ips ?? []).map((each) => ['args.cni.ips', each] as const),
    ...(runtimeConfig?.ips ?? []).map((each) => ['runtimeConfig.ips', each] as const),
  ];
  const ips = new Map<string, Ip>();
  for (const [source, written] of listed.filter(([, each]) => each.trim() !== '')) {
    const ip = parseIp(written.trim().replace(/\/\d{1,3}$/, ''));
    if (!ip)
      throw invalid(
        `${source} has "${written.slice(0, 64)}", which is not an IP address`,
        'Write it like 10.0.0.7 or fd00::7; a prefix length may follow.',
      );
    ips.set(ip.text, ip);
  }
  return [...ips.values()];
}

/** Main plugins that put containers into one network segment, with a gateway on it. */
const SEGMENTED: Readonly<Record<string, 'node' | 'shared'>> = {
  bridge: 'node',
  ptp: 'node',
  macvlan: 'shared',
  ipvlan: 'shared',
  vlan: 'shared',
};

function linkOf(conf: NetConf, storeUrl: string): LinkOptions | undefined {
  const wanted = conf.ipam.gateway ?? 'auto';
  if (wanted === 'none') return undefined;
  if (wanted === 'block' || wanted === 'pool') return { subnet: wanted };
  if (wanted !== 'auto') {
    const gateways = (typeof wanted === 'string' ? [wanted] : wanted).map((text) => {
      if (!parseIp(text))
        throw invalid(
          `ipam.gateway has "${text.slice(0, 64)}", which is not an IP address`,
          'Expected is auto, none, block, pool, or addresses.',
        );
      return text;
    });
    return { subnet: 'pool', gateways };
  }
  const segment = SEGMENTED[conf.type ?? ''];
  if (segment === undefined) return undefined;
  return { subnet: segment === 'node' && !isEmbedded(storeUrl) ? 'block' : 'pool' };
}
