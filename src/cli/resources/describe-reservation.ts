import { containsIp, overlaps, parseCidrMasked, parseIp } from '../../core/addr.ts';
import type { ReservationResource } from '../../ipam/api.ts';
import type { Stored } from './object.ts';
import { atMost, type Facts, fact, type Surroundings } from './surroundings.ts';

const LINES_MAX = 20;

export function describeReservation(resource: Stored, { pools, blocks }: Surroundings): Facts {
  const { spec } = resource as ReservationResource;
  const networks = spec.reservedCIDRs.flatMap(
    (text) => parseCidrMasked(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`) ?? [],
  );
  const within = pools.filter((pool) => {
    const cidr = parseCidrMasked(pool.spec.cidr);
    return cidr !== undefined && networks.some((network) => overlaps(cidr, network));
  });
  const held = blocks.flatMap((block) =>
    block.held.flatMap(({ ip, attribute }) => {
      const address = parseIp(ip);
      const isReserved = address !== undefined && networks.some((network) => containsIp(network, address));
      return isReserved && attribute?.releasedAt === undefined ? [{ ip, handle: attribute?.handleId ?? null }] : [];
    }),
  );
  return [
    fact('Reserved', 'reservedCIDRs', spec.reservedCIDRs, spec.reservedCIDRs),
    fact(
      'In pools',
      'pools',
      within.map(({ name }) => name),
      within.map((pool) => `${pool.name} (${pool.spec.cidr})`),
    ),
    fact(
      'Held all the same',
      'held',
      held,
      atMost(
        LINES_MAX,
        held.map(({ ip, handle }) => `${ip} by ${handle ?? '<no handle>'}`),
      ),
    ),
  ];
}
