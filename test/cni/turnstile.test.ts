import { describe, expect, it } from 'vitest';
import { openTurnstile } from '../../src/cni/turnstile.ts';
import { systemClock } from '../../src/platform/clock.ts';

const turnstile = (of: string) => openTurnstile(systemClock, `${process.pid} ${of}`);

// skip: abstract names of sockets are Linux's own; elsewhere nobody ever has to wait.
describe.skipIf(process.platform !== 'linux')('turns', () => {
  it('one at a time: who waits gets its turn when the other leaves, and is told that it waited', async () => {
    const [first, second] = [turnstile('one'), turnstile('one')];
    expect(await first.enter()).toBe('at-once');
    expect(await first.enter()).toBe('at-once');
    const order: string[] = [];
    const waiting = second.enter().then((how) => order.push(`second ${how}`));
    order.push('first leaves');
    first.leave();
    await waiting;
    expect(order[0]).toBe('first leaves');
    expect(await turnstile('other').enter()).toBe('at-once');
    second.leave();
    expect(await first.enter()).toBe('at-once');
    first.leave();
  });

  it('nobody waits whose caller has gone, or for longer than its patience', async () => {
    const [first, second] = [turnstile('two'), turnstile('two')];
    await first.enter();
    expect(await second.enter(AbortSignal.abort())).toBe('waited');
    let nowMs = 0;
    const sleep = async (ms: number) => {
      nowMs += ms;
    };
    const clock = { ...systemClock, monotonicMs: () => nowMs, sleep };
    expect(await openTurnstile(clock, `${process.pid} two`).enter()).toBe('waited');
    expect(nowMs).toBeGreaterThanOrEqual(10_000);
    first.leave();
  });
});
