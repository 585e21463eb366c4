/** What a caller learns from a rejection. */
import { IpamError } from '../../src/ipam/errors.ts';
import { Conflict, Failed } from './calico/entries.ts';
import { violated } from './check/violation.ts';
import type { Answer } from './operation.ts';
import { GaveUp } from './workload/assign.ts';

export function answerOf(error: unknown): Answer {
  if (error instanceof IpamError && error.code === 'outcome-unknown') return { kind: 'unknown' };
  if (error instanceof IpamError)
    return { kind: 'refused', code: error.code, assigned: (error.details['assigned'] as string[] | undefined) ?? [] };
  if (error instanceof GaveUp) return { kind: 'refused', code: 'gave up', assigned: [] };
  // The foreign writer ends in the middle of what it does.
  if (error instanceof Failed || error instanceof Conflict) return { kind: 'unknown' };
  return violated('errors', `rejected with something that is no IpamError: ${error instanceof Error ? error.stack : String(error)}`);
}
