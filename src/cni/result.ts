/** Results as each version of the specification wants them, and the addresses in a previous result of any version. */
import { type Cidr, parseCidr, parseCidrMasked, parseIp } from '../core/addr.ts';
import { CniError, CODES } from './errors.ts';
import type { RouteConf } from './netconf.ts';
import { type CniVersion, isAtLeast } from './versions.ts';

/** One address as the main plugin is to configure it. */
export interface ResultAddress {
  readonly ip: string;
  /** The network it is in: its prefix length goes with the address. */
  readonly subnet: Cidr;
  readonly gateway: string | undefined;
}

export interface Dns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

export interface Result {
  readonly addresses: readonly ResultAddress[];
  readonly routes: readonly RouteConf[];
  readonly dns: Dns;
}

/** The result of ADD in the shape of `version`; code 7 where that version cannot express it. */
export function resultText(version: CniVersion, result: Result): string {
  const shape = isAtLeast(version, '1.0.0') ? newest(version, result) : isAtLeast(version, '0.3.0') ? middle(result) : oldest(result);
  return printed({ cniVersion: version, ...shape });
}

/** JSON as the plugins of the field print it. */
export function printed(value: object): string {
  return JSON.stringify(value, null, 4);
}

function newest(version: CniVersion, { addresses, routes, dns }: Result): object {
  const routeOf = isAtLeast(version, '1.1.0') ? newestRoute : plainRoute;
  return {
    ips: addresses.map(addressOf),
    ...(routes.length > 0 && { routes: routes.map(routeOf) }),
    ...(Object.keys(dns).length > 0 && { dns }),
  };
}

function middle({ addresses, routes, dns }: Result): object {
  const ips = addresses.map((address) => ({ version: String(address.subnet.version), ...addressOf(address) }));
  return { ips, ...(routes.length > 0 && { routes: routes.map(plainRoute) }), dns };
}

function addressOf({ ip, subnet, gateway }: ResultAddress): object {
  return { address: `${ip}/${subnet.prefixLength}`, ...(gateway !== undefined && { gateway }) };
}

/** Before 0.3.0 a result has room for one address of each family. */
function oldest({ addresses, routes, dns }: Result): object {
  const family = (version: 4 | 6): object | undefined => {
    const [first, second] = addresses.filter(({ subnet }) => subnet.version === version);
    if (second) throw crowded(version);
    if (!first) return undefined;
    const own = routes.filter(({ dst }) => parseCidrMasked(dst)?.version === version).map(plainRoute);
    return {
      ip: `${first.ip}/${first.subnet.prefixLength}`,
      ...(first.gateway !== undefined && { gateway: first.gateway }),
      ...(own.length > 0 && { routes: own }),
    };
  };
  const ip4 = family(4);
  const ip6 = family(6);
  return { ...(ip4 && { ip4 }), ...(ip6 && { ip6 }), dns };
}

/** SS-92: refuses what a result of the version could not say, before anything is assigned. `wanted`: addresses per family. */
export function requireRoom(version: CniVersion, wanted: Readonly<Record<4 | 6, number>>): void {
  const family = isAtLeast(version, '0.3.0') ? undefined : ([4, 6] as const).find((each) => wanted[each] > 1);
  if (family !== undefined) throw crowded(family);
}

function crowded(family: 4 | 6): CniError {
  return new CniError(
    CODES.invalidConfig,
    `two IPv${family} addresses do not fit into a result of CNI 0.1.0 or 0.2.0`,
    'Set cniVersion to 0.3.0 or later, or use one range set of each family.',
  );
}

/** Destination and gateway are all that a route had before 1.1.0. */
function plainRoute({ dst, gw }: RouteConf): RouteConf {
  return { dst, ...(gw !== undefined && { gw }) };
}

function newestRoute({ dst, gw, mtu, advmss, priority, table, scope }: RouteConf): RouteConf {
  const attributes = Object.entries({ gw, mtu, advmss, priority, table, scope }).filter(([, value]) => value !== undefined);
  return { dst, ...Object.fromEntries(attributes) };
}

/** Addresses of a previous result; undefined when it has no shape of any version. */
export function addressesOfResult(result: unknown): string[] | undefined {
  if (!isObject(result)) return undefined;
  const listed = result['ips'] ?? [];
  if (!Array.isArray(listed)) return undefined;
  const single = [result['ip4'], result['ip6']].flatMap((each) => (isObject(each) ? [each['ip']] : []));
  const texts = [...listed.map((each) => (isObject(each) ? each['address'] : undefined)), ...single];
  const ips = texts.map((text) => (typeof text === 'string' ? parseIp(text.replace(/\/\d+$/, '')) : undefined));
  return ips.every((ip) => ip !== undefined) ? ips.map(({ text }) => text) : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Routes of the configuration; what cannot be one is refused by name. */
export function routesOf(routes: readonly RouteConf[] | null | undefined): readonly RouteConf[] {
  for (const { dst, gw } of routes ?? []) {
    if (parseCidr(dst).kind !== 'cidr')
      throw new CniError(
        CODES.invalidConfig,
        `ipam.routes has dst "${dst}", which is not a network`,
        'Write it like 0.0.0.0/0, without bits after the prefix length.',
      );
    if (gw !== undefined && !parseIp(gw)) throw new CniError(CODES.invalidConfig, `ipam.routes has gw "${gw}", which is not an IP address`);
  }
  return routes ?? [];
}
