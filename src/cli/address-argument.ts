import { parseIp } from '../core/addr.ts';
import { Refusal } from './errors.ts';

/** Refuses what is no address, in calicoctl's words and with its exit code, which is 1. */
export function checkAddress(ip: string): void {
  if (parseIp(ip)) return;
  const message = `invalid IP address specified: ${ip}. Write IPv4 as four decimal numbers, IPv6 without a zone, neither with a mask.`;
  throw new Refusal('invalid-argument', message, { ip });
}
