/**
 * The one error class of the public API and its closed list of codes. Codes are stable; messages are for people and are not.
 */

export type IpamErrorCode =
  /** The argument is not what the operation takes: text of an address, a name that cannot be a key, counts, contradictions. */
  | 'invalid-argument'
  /** The address, handle, block, pool, node or reservation asked for does not exist. */
  | 'not-found'
  | 'pool-not-found'
  | 'node-not-found'
  /** No pool is left for this request: `details.considered` says for each pool why. */
  | 'no-qualified-pool'
  /** The address lies in no enabled pool. */
  | 'not-in-pool'
  /** The pool does not allow this use. */
  | 'use-not-allowed'
  /** Somebody holds the address, or it is cooling. */
  | 'address-in-use'
  | 'address-cooling'
  | 'no-free-address'
  /** Strict affinity: the only addresses left are in blocks of others. */
  | 'strict-affinity'
  /** The host owns as many blocks as it may. */
  | 'block-limit'
  /** Automatic block allocation is off and the host has no block with room. */
  | 'no-block'
  /** The handle holds as many addresses as it may. */
  | 'handle-limit'
  | 'bad-sequence-number'
  | 'wrong-handle'
  | 'owner-mismatch'
  /** A release of this handle was answered since this call first read (I11). */
  | 'released-meanwhile'
  | 'block-not-empty'
  | 'already-exists'
  /** The object changed since it was read. */
  | 'conflict'
  /** A resource breaks a rule; `details.violations` lists field, value and rule. */
  | 'invalid-resource'
  | 'pool-overlap'
  /** A stored value cannot be read; it is never overwritten. `details.key` names it. */
  | 'corrupt-value'
  /** Operators locked the datastore (GC-14): what works on the whole of it waits. */
  | 'datastore-locked'
  /** The dump is not one, is damaged, or ends early. */
  | 'bad-dump'
  /** The store to load into holds something else than the dump. */
  | 'store-not-empty'
  /** More than the store takes in one transaction. */
  | 'too-large'
  | 'store-unavailable'
  | 'store-auth'
  | 'store-permission'
  | 'store-full'
  | 'store-foreign'
  | 'deadline-exceeded'
  | 'aborted'
  /** The commit may or may not have happened and the store did not come back in time to tell. */
  | 'outcome-unknown'
  /** Others kept changing the same records; trying again may help. */
  | 'too-much-contention';

export class IpamError extends Error {
  override readonly name = 'IpamError';
  readonly code: IpamErrorCode;
  /** Facts behind the message, for programs; members depend on the code. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: IpamErrorCode, message: string, options: { details?: Readonly<Record<string, unknown>>; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** For a message about a bad argument: what was given, what is wanted. */
export function invalidArgument(message: string, details: Readonly<Record<string, unknown>> = {}): IpamError {
  return new IpamError('invalid-argument', message, { details });
}
