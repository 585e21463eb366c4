/** What to type next after a refusal that the library gave, by its code. */
import { DEFAULT_CONFIG } from '../core/config.ts';
import type { IpamErrorCode } from '../ipam/errors.ts';
import type { StoreErrorCode } from '../store/port.ts';

type Details = Readonly<Record<string, unknown>>;
type Code = IpamErrorCode | StoreErrorCode;

/** Undefined: repeat the same command line, or the message says it all. */
const NEXT: Readonly<Record<Code, string | undefined | ((details: Details, helpCommand?: string) => string | undefined)>> = {
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
  'invalid-resource': nextToInvalid,
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
  'store-not-empty': nextToNotEmpty,
  'datastore-locked': undefined,
  'revision-compacted': 'the same again',
};

/** A stored pool that is at fault is named; else it is what was given. */
function nextToInvalid({ pool, violations }: Details, helpCommand?: string): string | undefined {
  if (typeof pool === 'string') return `plat get ippool ${pool} -o yaml`;
  const fields = Array.isArray(violations) ? violations.map((violation: { readonly field?: unknown }) => violation.field) : [];
  return fields.some((field) => CONFIG_FIELDS.includes(String(field))) ? 'plat ipam configure show' : helpCommand;
}

const CONFIG_FIELDS: readonly string[] = Object.keys(DEFAULT_CONFIG);

/** What differs cannot be merged. */
function nextToNotEmpty({ different }: Details): string {
  return different === 0 ? 'the same again with --merge, or with --replace --dry-run' : 'the same again with --replace --dry-run';
}

/** `message` with the next command at its end, unless it names one, or there is none. `details.ip` fills in ADDRESS, and so on; `helpCommand`: that of the command. */
export function withNextCommand(code: Code, message: string, details: Details, helpCommand?: string): string {
  const known = /\bplat [a-z]/.test(message) ? undefined : NEXT[code];
  const next = typeof known === 'function' ? known(details, helpCommand) : known;
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
