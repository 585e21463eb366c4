/** Refusals of planners and failures of stores, as the public error: the one place where they meet. */
import type { Refusal } from '../core/outcome.ts';
import { keyOf } from '../store/keys.ts';
import type { StoreError } from '../store/port.ts';
import { IpamError } from './errors.ts';

/** The public error of a refusal. */
export function errorOfRefusal(refusal: Refusal): IpamError {
  if (!refusal.ref) return new IpamError(refusal.code, refusal.message, { details: refusal.details });
  const key = keyOf(refusal.ref);
  return new IpamError(refusal.code, `${key}: ${refusal.message}`, { details: { ...refusal.details, key } });
}

/** The public error of a store that did not do what it was asked. */
export function errorOfStore(error: StoreError): IpamError {
  const code = error.code === 'revision-compacted' ? 'too-much-contention' : error.code;
  return new IpamError(code, error.message, { cause: error });
}
