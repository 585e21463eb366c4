/** Errors as CNI wants them: a number, and a message that alone tells what happened, since a kubelet's event shows no number. */
import { IpamError, type IpamErrorCode } from '../ipam/errors.ts';
import { StoreUrlError } from '../store/open.ts';
import { StoreError } from '../store/port.ts';

/** Codes 1 to 99 belong to the CNI specification 1.1.0; those from 100 on are plat's (docs/cni.md). */
export const CODES = {
  incompatibleVersion: 1,
  invalidEnvironment: 4,
  ioFailure: 5,
  undecodable: 6,
  invalidConfig: 7,
  sameNamespace: 8,
  tryAgainLater: 11,
  notAvailable: 50,
  limited: 51,
  noAddress: 101,
  addressInUse: 102,
  notAllowed: 103,
  unknownPoolOrNode: 104,
  conflict: 105,
  tooManyToFree: 106,
  internal: 999,
} as const;

export type CniCode = (typeof CODES)[keyof typeof CODES];

export class CniError extends Error {
  override readonly name = 'CniError';
  readonly code: CniCode;
  readonly details: string;

  /** `message`: one sentence with the sense; `details`: what was considered, what to do. */
  constructor(code: CniCode, message: string, details = '', options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

const CODE_OF: Readonly<Record<IpamErrorCode, CniCode>> = {
  'invalid-argument': CODES.invalidConfig,
  'invalid-resource': CODES.invalidConfig,
  'pool-overlap': CODES.invalidConfig,
  'not-found': CODES.unknownPoolOrNode,
  'pool-not-found': CODES.unknownPoolOrNode,
  'node-not-found': CODES.unknownPoolOrNode,
  'no-qualified-pool': CODES.noAddress,
  'no-free-address': CODES.noAddress,
  'block-limit': CODES.noAddress,
  'no-block': CODES.noAddress,
  'strict-affinity': CODES.notAllowed,
  'not-in-pool': CODES.notAllowed,
  'use-not-allowed': CODES.notAllowed,
  'address-in-use': CODES.addressInUse,
  'handle-limit': CODES.addressInUse,
  'already-exists': CODES.addressInUse,
  'address-cooling': CODES.conflict,
  'bad-sequence-number': CODES.conflict,
  'wrong-handle': CODES.conflict,
  'owner-mismatch': CODES.conflict,
  'released-meanwhile': CODES.conflict,
  'block-not-empty': CODES.conflict,
  conflict: CODES.conflict,
  'too-large': CODES.conflict,
  'corrupt-value': CODES.conflict,
  'bad-dump': CODES.invalidConfig,
  'store-not-empty': CODES.conflict,
  'datastore-locked': CODES.tryAgainLater,
  'store-auth': CODES.ioFailure,
  'store-permission': CODES.ioFailure,
  'store-full': CODES.ioFailure,
  'store-foreign': CODES.ioFailure,
  'store-unavailable': CODES.tryAgainLater,
  'deadline-exceeded': CODES.tryAgainLater,
  aborted: CODES.tryAgainLater,
  'outcome-unknown': CODES.tryAgainLater,
  'too-much-contention': CODES.tryAgainLater,
};

/** The error to answer with, whatever was thrown. `doing`: what failed, as in "cannot assign an address". */
export function cniErrorOf(error: unknown, doing: string): CniError {
  if (error instanceof CniError) return error;
  if (error instanceof IpamError) return summed(CODE_OF[error.code], doing, error.message, error.code);
  if (error instanceof StoreUrlError) return new CniError(CODES.invalidConfig, error.message);
  if (error instanceof StoreError) {
    const code = error.code === 'store-unavailable' || error.code === 'aborted' ? CODES.tryAgainLater : CODES.ioFailure;
    return summed(code, doing, error.message, error.code);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CniError(CODES.internal, `${doing}: internal error: ${message}`, 'Please report this with the configuration.', {
    cause: error,
  });
}

/** The first sentence says what happened; the rest, what was considered and what to do, goes into the details. */
function summed(code: CniCode, doing: string, text: string, name: string): CniError {
  const end = /[.!?](?=\s+[A-Z])/.exec(text);
  const first = end ? text.slice(0, end.index) : text.replace(/\.$/, '');
  const rest = end ? text.slice(end.index + 1).trim() : '';
  return new CniError(code, `${doing}: ${first}`, [rest, `(${name})`].filter((part) => part !== '').join(' '));
}
