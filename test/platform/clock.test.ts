import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';

describe('systemClock.sleep', () => {
  it('ends by itself and leaves no listener behind', async () => {
    const caller = new AbortController();
    await systemClock.sleep(1, caller.signal);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('ends with the reason of the signal, aborted before or meanwhile', async () => {
    const reason = new Error('enough');
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const caller = new AbortController();
    const sleeping = systemClock.sleep(60_000, caller.signal);
    caller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });
});
