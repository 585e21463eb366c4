/** Text from callers becomes values here, once; what cannot is refused with what was wrong and what was expected. */
import { type Cidr, type Ip, parseCidr, parseIp, type Version } from '../core/addr.ts';
import { type Holder, type ReservedEnds, sanitisedHandle } from '../core/block.ts';
import type { LinkPolicy } from '../core/link.ts';
import type { AffinityType, Owner } from '../core/records.ts';
import { segmentProblem, storedHandleProblem } from '../store/keys.ts';
import type { AssignCommon, HostReserved, LinkOptions } from './api.ts';
import { invalidArgument } from './errors.ts';

export function ipArgument(text: string): Ip {
  const ip = typeof text === 'string' ? parseIp(text) : undefined;
  if (ip) return ip;
  const hint = String(text).includes('/')
    ? ' Leave the mask out.'
    : ' Write IPv4 as four decimal numbers without leading zeros, IPv6 without a zone.';
  throw invalidArgument(`"${text}" is not an IP address.${hint}`, { argument: 'ip', value: text });
}

/** A network; an address inside one is refused, with the network it lies in. */
export function cidrArgument(text: string): Cidr {
  const parsed = typeof text === 'string' ? parseCidr(text) : { kind: 'not-a-cidr' as const };
  if (parsed.kind === 'cidr') return parsed.cidr;
  if (parsed.kind === 'host-bits') {
    throw invalidArgument(`"${text}" has bits set after its prefix length. The network is ${parsed.cidr.text}.`, {
      argument: 'cidr',
      value: text,
    });
  }
  throw invalidArgument(`"${text}" is not a network. Write it like 10.0.0.0/24 or fd00::/120.`, { argument: 'cidr', value: text });
}

export function hostArgument(host: string): string {
  return nameArgument('host', host);
}

/** A name that becomes part of a key. */
export function nameArgument(argument: string, name: string): string {
  const problem = typeof name === 'string' ? segmentProblem(name) : 'is not a text';
  if (problem === undefined) return name;
  throw invalidArgument(`${argument} "${name}" ${problem}.`, { argument, value: name });
}

/** A handle that may be new. */
function handleArgument(handle: string | undefined): string | undefined {
  return handle === undefined ? undefined : nameArgument('handle', handle);
}

/** A handle to look up: older writers stored some that are refused today. */
export function storedHandleArgument(handle: string): string {
  const problem = typeof handle === 'string' ? storedHandleProblem(sanitisedHandle(handle)) : 'is not a text';
  if (problem === undefined) return handle;
  throw invalidArgument(`handle "${handle}" ${problem}.`, { argument: 'handle', value: handle });
}

export function ownerArgument({ host, affinityType }: { host: string; affinityType?: AffinityType }): Owner {
  if (affinityType !== undefined && affinityType !== 'host' && affinityType !== 'virtual') {
    throw invalidArgument(`affinityType "${affinityType}" is not known. Use host or virtual.`, {
      argument: 'affinityType',
      value: affinityType,
    });
  }
  return { type: affinityType ?? 'host', name: hostArgument(host) };
}

/** A count or limit; `min` is the smallest that makes sense. */
export function integerArgument(
  argument: string,
  value: number | undefined,
  { otherwise, min }: { otherwise: number; min: number },
): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw invalidArgument(`${argument} must be a whole number of at least ${min}, not ${value}.`, { argument, value });
}

export function holderArgument({ handle, attrs }: Pick<AssignCommon, 'handle' | 'attrs'>): Holder {
  for (const [name, value] of Object.entries(attrs ?? {})) {
    if (typeof value !== 'string')
      throw invalidArgument(`attrs.${name} must be a text, not ${typeof value}.`, { argument: `attrs.${name}` });
  }
  return { handle: handleArgument(handle), attrs };
}

export function linkArgument(link: LinkOptions | undefined): LinkPolicy | undefined {
  if (link === undefined) return undefined;
  if (link.subnet === 'block' || link.subnet === 'pool') return { subnet: link.subnet, gateways: (link.gateways ?? []).map(ipArgument) };
  throw invalidArgument(`link.subnet "${link.subnet}" is not known. Use block or pool.`, { argument: 'link.subnet', value: link.subnet });
}

/** EB-03: a spec that keeps nothing is a mistake. */
export function reservedEndsArgument(version: Version, reserved: HostReserved | undefined): ReservedEnds | undefined {
  if (reserved === undefined) return undefined;
  const kept = reserved.startOfBlock + reserved.endOfBlock;
  const isWhole = [reserved.startOfBlock, reserved.endOfBlock].every((count) => Number.isSafeInteger(count) && count >= 0);
  const isText = typeof reserved.handle === 'string' && typeof reserved.note === 'string';
  if (isWhole && isText && kept > 0) return reserved;
  throw invalidArgument(
    `hostReserved${version} must keep at least one address, counted in whole numbers at the start and the end of a block, under a handle and with a note.`,
    {
      argument: `hostReserved${version}`,
    },
  );
}
