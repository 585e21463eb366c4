/** Why an operation was refused, as a value; the shell turns it into the public error in one place. */
import type { Ref } from './records.ts';

export type RefusalCode =
  | 'invalid-argument'
  | 'not-found'
  | 'pool-not-found'
  | 'node-not-found'
  | 'no-qualified-pool'
  | 'not-in-pool'
  | 'use-not-allowed'
  | 'address-in-use'
  | 'address-cooling'
  | 'no-free-address'
  | 'strict-affinity'
  | 'block-limit'
  | 'no-block'
  | 'handle-limit'
  | 'bad-sequence-number'
  | 'wrong-handle'
  | 'owner-mismatch'
  | 'released-meanwhile'
  | 'block-not-empty'
  | 'already-exists'
  | 'conflict'
  | 'invalid-resource'
  | 'pool-overlap'
  | 'corrupt-value'
  | 'too-large';

export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  /** What was asked, why not, what to do: one paragraph for a person. */
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** For `corrupt-value`: the record that cannot be read. */
  readonly ref?: Ref;
}

/** `alreadyDone`: an earlier commit did it, and no later one can undo that. */
export type Outcome<T> = { readonly kind: 'done'; readonly value: T; readonly alreadyDone?: true } | Refusal;

export function done<T>(value: T): { kind: 'done'; value: T } {
  return { kind: 'done', value };
}

export function refused(code: RefusalCode, message: string, details: Readonly<Record<string, unknown>> = {}): Refusal {
  return { kind: 'refused', code, message, details };
}

/** A stored value that cannot be read and without which nothing can be decided; it is never overwritten (I10). */
export function corruptValue(ref: Ref, reason: string): Refusal {
  const message = `a stored value cannot be read (${reason}); it was left as it is. Look at it, and restore or delete it.`;
  return { ...refused('corrupt-value', message, { reason }), ref };
}
