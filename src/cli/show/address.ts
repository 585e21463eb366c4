/** `ipam show --ip`: who holds an address, in the lines that calicoctl prints. */
import { containsIp, parseCidrMasked, parseIp } from '../../core/addr.ts';
import type { AttributesResult, Ipam } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { checkAddress } from '../address-argument.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal } from '../errors.ts';
import type { Result } from '../output.ts';

/** Refuses what is no address, and an address that cools, with exit code 1, as calicoctl does. */
export async function addressReport(cli: Cli, ip: string): Promise<Result> {
  checkAddress(ip);
  const { found, pool } = await withIpam(cli, async (ipam) => {
    const found = await ipam.getAssignmentAttributes({ ip, ...cli.call() }).catch((error: unknown) => unassigned(error, ip));
    return { found, pool: found && (await poolOf(cli, ipam, ip)) };
  });
  if (found === undefined) return { value: { ip, assigned: false }, text: () => `${ip} is not assigned` };
  const { handle, block, affinity, active, alternate, sequenceNumber } = found;
  return {
    value: {
      ip,
      assigned: true,
      handle: handle ?? null,
      block,
      ...(pool !== undefined && { pool }),
      affinity,
      sequenceNumber,
      attributes: { active: active ?? null, alternate: alternate ?? null },
    },
    text: () => addressText(ip, found, pool),
  };
}

/** Undefined when the error says that nobody holds the address. */
function unassigned(error: unknown, ip: string): undefined {
  if (error instanceof IpamError && error.code === 'not-found') return undefined;
  if (error instanceof IpamError && error.code === 'address-cooling') {
    const { releasedAt } = error.details;
    throw new Refusal(
      'address-cooling',
      `address ${ip} is in cooldown: it was released at ${releasedAt}. Until when: plat why ${ip}`,
      error.details,
    );
  }
  throw error;
}

/** Name of the pool that has the address; null when none has, undefined when a pool that cannot be read may have it. */
async function poolOf(cli: Cli, ipam: Ipam, ip: string): Promise<string | null | undefined> {
  const address = parseIp(ip);
  const unreadable: string[] = [];
  const onCorrupt = (key: string) => unreadable.push(key);
  const pools = await ipam.pools.list({ ...cli.call(), onCorrupt });
  const pool = pools.find(({ spec }) => {
    const cidr = parseCidrMasked(spec.cidr);
    return address !== undefined && cidr !== undefined && containsIp(cidr, address);
  });
  return pool?.name ?? (unreadable.length === 0 ? null : undefined);
}

function addressText(
  ip: string,
  { handle, block, affinity, active, alternate }: AttributesResult,
  pool: string | null | undefined,
): string {
  return [
    `IP ${ip} is in use`,
    `Handle ID: ${handle ?? '<none>'}`,
    `Block: ${block}${pool === null ? ', in no IP pool: kept for its holder until it is released' : ''}`,
    `Affinity: ${affinity ?? '<none>'}`,
    ...(active && Object.keys(active).length > 0
      ? ['Active Owner Attributes:', ...attributeLines(active)]
      : ['No Active Owner attributes defined']),
    ...(alternate ? ['Alternate Owner Attributes:', ...attributeLines(alternate)] : []),
  ].join('\n');
}

function attributeLines(attributes: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(attributes)
    .map(([key, value]) => `  ${key}: ${value}`)
    .sort();
}
