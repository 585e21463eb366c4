/** Pools, reservations and the configuration: what of them cannot work as it is set. */
import { covers, overlaps, parseCidrMasked, parseIp } from '../addr.ts';
import { configViolations } from '../config.ts';
import type { IpamConfig, Pool, Reservation } from '../records.ts';
import { memberObject, memberText } from '../resource.ts';
import { parseSelector } from '../selector.ts';
import { type Finding, finding, type Seen } from './finding.ts';

export interface SeenPool {
  readonly pool: Pool;
  readonly seen: Seen;
}

export function poolFindings(pools: readonly SeenPool[]): Finding[] {
  return pools.flatMap(({ pool, seen }, index) => [
    ...unusable(pool).map((why) => finding('pool-unusable', `Pool ${pool.name} ${why}.`, [seen], { name: pool.name })),
    ...newerResource('Pool', pool, seen),
    ...pools.slice(index + 1).flatMap((other) => {
      if (!pool.cidr || !other.pool.cidr || !overlaps(pool.cidr, other.pool.cidr)) return [];
      const what = `Pool ${pool.name} (${pool.cidr.text}) and pool ${other.pool.name} (${other.pool.cidr.text}) ${covers(pool.cidr, other.pool.cidr) && covers(other.pool.cidr, pool.cidr) ? 'have the same network' : 'overlap'}.`;
      return [finding('pools-overlap', what, [seen, other.seen], { name: pool.name, other: other.pool.name })];
    }),
  ]);
}

function unusable(pool: Pool): string[] {
  if (!pool.cidr) return [`has the CIDR ${JSON.stringify(pool.cidrText)}, which is no network`];
  const isTooSmall = pool.cidr.prefixLength > pool.blockSize && !pool.disabled;
  return [
    ...(isTooSmall ? [`(${pool.cidr.text}) is smaller than one of its blocks (/${pool.blockSize})`] : []),
    ...badSelector('nodeSelector', pool.nodeSelector),
    ...badSelector('namespaceSelector', pool.namespaceSelector),
  ];
}

function badSelector(member: string, text: string): string[] {
  const parsed = parseSelector(text);
  return parsed.kind === 'bad-selector' ? [`has a ${member} that cannot be read (${parsed.message})`] : [];
}

const API_VERSION = 'projectcalico.org/v3';

function newerResource(what: string, { name, object }: Pool | Reservation, seen: Seen): Finding[] {
  const version = memberText(object, 'apiVersion');
  if (version === undefined || version === API_VERSION) return [];
  return [finding('newer-format', `${what} ${name} has the apiVersion ${version}, not ${API_VERSION}.`, [seen], { name })];
}

/** BM-11: entries that are passed over. Blank ones mean nothing. */
export function reservationFindings(reservation: Reservation, seen: Seen): Finding[] {
  const entries = memberObject(reservation.object, 'spec')?.get('reservedCIDRs');
  const texts = Array.isArray(entries)
    ? entries.filter((entry): entry is string => typeof entry === 'string').map((text) => text.trim())
    : [];
  const ignored = texts.filter((text) => text !== '' && !parseIp(text) && !parseCidrMasked(text));
  const what = `Reservation ${reservation.name} has ${ignored.map((text) => JSON.stringify(text)).join(', ')}, which is no network.`;
  return [
    ...newerResource('Reservation', reservation, seen),
    ...(ignored.length === 0 ? [] : [finding('reservation-ignored', what, [seen], { name: reservation.name })]),
  ];
}

export function configFindings(config: IpamConfig, seen: Seen): Finding[] {
  const violations = configViolations(config);
  if (violations.length === 0) return [];
  return [
    finding('config-contradictory', `The configuration breaks rules: ${violations.map(({ message }) => message).join('; ')}.`, [seen], {}),
  ];
}
