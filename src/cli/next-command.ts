/** What to type next after a refusal that the library gave, by its code. */
import type { IpamErrorCode } from '../ipam/errors.ts';
import type { StoreErrorCode } from '../store/port.ts';

/** Undefined: repeat the same command line, or the message says it all. */
const NEXT: Readonly<Record<IpamErrorCode | StoreErrorCode, string | undefined>> = {
  'invalid-argument': undefined,
  'not-found': 'plat ipam show --show-blocks',
  'pool-not-found': 'plat get ippools',
  'node-not-found': 'plat get nodes',
  'no-qualified-pool': 'plat get ippools -o wide',
  'not-in-pool': 'plat get ippools',
  'use-not-allowed': 'plat get ippools -o wide',
  'address-in-use': 'plat ipam show --ip ADDRESS',
  'address-cooling': 'plat ipam show --ip ADDRESS',
  'no-free-address': 'plat ipam show',
  'strict-affinity': 'plat ipam show --show-configuration',
  'block-limit': 'plat ipam show --show-configuration',
  'no-block': 'plat ipam show --show-configuration',
  'handle-limit': 'plat ipam show',
  'bad-sequence-number': 'plat ipam show --ip ADDRESS',
  'wrong-handle': 'plat ipam show --ip ADDRESS',
  'owner-mismatch': 'plat ipam show --ip ADDRESS',
  'released-meanwhile': 'plat ipam show',
  'block-not-empty': 'plat ipam show --show-blocks',
  'already-exists': 'plat get KIND NAME -o yaml',
  conflict: 'plat get KIND NAME -o yaml',
  'invalid-resource': 'plat get ippools -o yaml',
  'pool-overlap': 'plat get ippools',
  'corrupt-value': 'plat ipam check',
  'too-large': undefined,
  'store-unavailable': 'plat config view',
  'store-auth': 'plat config view',
  'store-permission': 'plat config view',
  'store-full': 'plat config view',
  'store-foreign': 'plat config view',
  'deadline-exceeded': 'the same again with a longer --timeout',
  aborted: undefined,
  'outcome-unknown': 'plat ipam check',
  'too-much-contention': 'the same again',
  'bad-dump': undefined,
  'store-not-empty': 'plat ipam show',
  'datastore-locked': undefined,
  'revision-compacted': 'the same again',
};

/** `message` with the next command at its end, unless it names one, or there is none. `details.ip` fills in ADDRESS, and so on. */
export function withNextCommand(code: IpamErrorCode | StoreErrorCode, message: string, details: Readonly<Record<string, unknown>>): string {
  const next = /\bplat [a-z]/.test(message) ? undefined : NEXT[code];
  if (next === undefined) return message;
  const named = next
    .replace('ADDRESS', textOr(details['ip'], 'ADDRESS'))
    .replace('KIND', textOr(details['kind'], 'KIND'))
    .replace('NAME', textOr(details['name'], 'NAME'));
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} Next: ${named}`;
}

function textOr(value: unknown, placeholder: string): string {
  return typeof value === 'string' ? value : placeholder;
}
