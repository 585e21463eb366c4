/** What a caller learns from a rejection. */
import { IpamError } from '../../src/ipam/errors.ts';
import { Conflict, Failed } from './calico/entries.ts';
import { violated } from './check/violation.ts';
import type { Answer } from './operation.ts';
import { GaveUp } from './workload/assign.ts';

export function answerOf(error: unknown): Answer {
  if (error instanceof IpamError) return error.code === 'outcome-unknown' ? { kind: 'unknown' } : { kind: 'refused', code: error.code };
  if (error instanceof GaveUp) return { kind: 'refused', code: 'gave up' };
  // The foreign writer ends in the middle of what it does.
  if (error instanceof Failed || error instanceof Conflict) return { kind: 'unknown' };
  return violated('errors', `rejected with something that is no IpamError: ${error instanceof Error ? error.stack : String(error)}`);
}
