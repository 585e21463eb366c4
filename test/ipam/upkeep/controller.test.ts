import { describe, expect, it } from 'vitest';
import type { CollectedRound, Inventory } from '../../../src/ipam/upkeep/api.ts';
import { Leadership } from '../../../src/ipam/upkeep/leadership.ts';
import { openMemoryStore } from '../../../src/store/memory.ts';
import { ReplayClock } from '../../replay/clock.ts';
import { openWorld, type World } from '../../support/ipam.ts';

const LEASE_MS = 15_000;
const NOW_SECONDS = 1_787_356_800n;

/** Two processes with clocks that know nothing of each other. */
function twoCandidates() {
  const store = openMemoryStore();
  const candidate = (holder: string, startSeconds: bigint) => {
    const clock = new ReplayClock(startSeconds);
    return { clock, leadership: new Leadership({ store: store.client(), clock, role: 'test', holder, leaseMs: LEASE_MS }) };
  };
  return { store, one: candidate('one', NOW_SECONDS), two: candidate('two', NOW_SECONDS - 86_400n) };
}

describe('leadership', () => {
  it('one of two leads, and goes on as long as it renews', async () => {
    const { one, two } = twoCandidates();
    expect([await one.leadership.campaign(), await two.leadership.campaign()]).toEqual([true, false]);
    for (let turn = 0; turn < 10; turn++) {
      for (const { clock } of [one, two]) clock.advance(5);
      expect([await one.leadership.campaign(), await two.leadership.campaign()]).toEqual([true, false]);
    }
  });

  it('one that has gone is replaced after its lease, and not before; it knows itself that its time is over', async () => {
    const { one, two } = twoCandidates();
    await one.leadership.campaign();
    await two.leadership.campaign();
    for (const { clock } of [one, two]) clock.advance(14);
    expect([one.leadership.isLeader, await two.leadership.campaign()]).toEqual([true, false]);
    for (const { clock } of [one, two]) clock.advance(2);
    expect([one.leadership.isLeader, await two.leadership.campaign()]).toEqual([false, true]);
    expect(await one.leadership.campaign()).toBe(false);
  });

  it('one that resigns is replaced at once', async () => {
    const { one, two } = twoCandidates();
    await one.leadership.campaign();
    await one.leadership.resign();
    expect([one.leadership.isLeader, await two.leadership.campaign()]).toEqual([false, true]);
    await one.leadership.resign();
    expect(await two.leadership.campaign()).toBe(true);
  });

  it('both trying at the same moment, one wins', async () => {
    const { store } = twoCandidates();
    const candidates = Array.from({ length: 8 }, (_, index) => {
      const clock = new ReplayClock(NOW_SECONDS);
      return new Leadership({ store: store.client(), clock, role: 'test', holder: `holder-${index}`, leaseMs: LEASE_MS });
    });
    const leads = await Promise.all(candidates.map((each) => each.campaign()));
    expect(leads.filter(Boolean)).toHaveLength(1);
  });

  it('a renewal whose reply is lost leads only once the store says so', async () => {
    const store = openMemoryStore();
    const clock = new ReplayClock(NOW_SECONDS);
    let fault: 'lost-reply' | 'none' = 'lost-reply';
    const client = store.client({ fault: ({ verb }) => (verb === 'commit' ? fault : 'none') });
    const leadership = new Leadership({ store: client, clock, role: 'test', holder: 'one', leaseMs: LEASE_MS });
    expect(await leadership.campaign()).toBe(false);
    fault = 'none';
    expect(await leadership.campaign()).toBe(true);
  });
});

/** Runs controllers until `until` holds of their rounds; each sleeps by a clock that only moves when all of them sleep. */
async function controllers(
  world: World,
  names: readonly string[],
  until: (rounds: readonly (readonly [string, CollectedRound])[]) => boolean,
  inventory: () => Inventory,
) {
  const rounds: (readonly [string, CollectedRound])[] = [];
  const stop = new AbortController();
  const running = names.map((name) =>
    world.process().ipam.collectRounds({
      signal: stop.signal,
      name,
      intervalMs: 60_000,
      rules: { graceMs: 100_000, maxSharePercent: 100 },
      takeInventory: async () => ({ inventory: inventory(), evidenceAtMs: Number(world.clock.nowNs() / 1_000_000n) }),
      onRound: (round) => {
        rounds.push([name, round]);
        if (until(rounds) || rounds.length > 100) stop.abort();
      },
    }),
  );
  await Promise.all(running);
  return rounds;
}

describe('collecting again and again', () => {
  const gone: Inventory = { pods: new Map() };

  it('of two controllers one collects, and the leaked address goes after the grace period', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'h', attrs: { namespace: 'default', pod: 'gone', node: 'host-a' } });
    const rounds = await controllers(
      world,
      ['one', 'two'],
      (all) => all.length >= 4,
      () => gone,
    );
    expect(new Set(rounds.map(([name]) => name)).size).toBe(1);
    expect(await world.held()).toEqual({});
    const released = rounds.map(([, round]) => (round.kind === 'done' && round.result.kind === 'collected' ? round.result.released : []));
    expect(released[0]).toEqual([]);
    expect(released.flat()).toEqual(['10.0.0.0']);
    expect(Object.keys(await world.dump()).filter((key) => key.includes('/leader/'))).toEqual([]);
  });

  it('an inventory that fails is told, nothing is collected by it, and the next round goes on', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'h', attrs: { namespace: 'default', pod: 'gone', node: 'host-a' } });
    let looks = 0;
    const rounds = await controllers(
      world,
      ['one'],
      (all) => all.length >= 5,
      () => {
        looks++;
        if (looks === 2) throw new Error('the API server does not answer');
        return gone;
      },
    );
    expect(rounds.map(([, { kind }]) => kind)).toEqual(['done', 'failed', 'done', 'done', 'done']);
    expect(await world.held()).toEqual({});
  });
});
