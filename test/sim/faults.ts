/** What becomes of a store call when its turn comes. */
import type { FaultRates } from './profile.ts';
import type { Random } from './random.ts';
import type { CallFault, StoreCall } from './schedule.ts';

/** A commit that was sent and of which nothing was heard. */
const LOST: readonly CallFault[] = ['lost-request', 'lost-reply', 'late'];

export function drawFault(random: Random, rates: FaultRates, call: StoreCall, nowMs: number): CallFault {
  const isCommit = call.verb === 'commit';
  if (call.signal?.aborted) return isCommit ? random.pick([...LOST, 'aborted']) : 'aborted';
  if (nowMs >= call.deadlineMs) return isCommit ? random.pick([...LOST, 'unavailable']) : 'unavailable';
  const chances: readonly (readonly [number, CallFault])[] = [
    [rates.unavailable, 'unavailable'],
    [isCommit ? rates.lostRequest : 0, 'lost-request'],
    [isCommit ? rates.lostReply : 0, 'lost-reply'],
    [isCommit ? rates.late : 0, 'late'],
    // A commit without guards has no conflicts.
    [call.commit && call.commit.guards.length > 0 ? rates.conflict : 0, 'conflict'],
  ];
  const sum = chances.reduce((total, [chance]) => total + chance, 0);
  return random.weighted([[Math.max(0, 1 - sum), 'none'], ...chances]);
}
