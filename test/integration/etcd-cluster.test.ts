/** Three real members, and their leader lost while commits are under way. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { openEtcdStore } from '../../src/store/etcd.ts';
import { type Revision, type Store, StoreError } from '../../src/store/port.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { leaderIndex } from '../support/etcd-api.ts';
import { commit, entryOf, freshPrefix, text } from '../support/store.ts';

const WORKERS = 8;
/** Acknowledged commits of each worker before the fault, and after it. */
const COMMITS = 15;
const TIMEOUT_MS = 1_500;

let etcd: EtcdServers;

beforeAll(async () => {
  etcd = await startEtcd({ members: 3 });
});

afterAll(async () => {
  await etcd.stop();
});

/** The only writer of its key: every value is another one, so what became of each can be told from history. */
class Worker {
  readonly key: string;
  readonly acknowledged: string[] = [];
  readonly unknown: string[] = [];
  readonly refused: string[] = [];
  readonly #store: Store;
  #attempts = 0;

  constructor(store: Store, key: string) {
    this.#store = store;
    this.key = key;
  }

  async run(isDone: () => boolean): Promise<void> {
    let revision: Revision | 'absent' = 'absent';
    while (!isDone()) {
      const value = String(++this.#attempts);
      try {
        const outcome = await commit(this.#store, { guards: [{ key: this.key, revision }], put: { [this.key]: value } });
        if (outcome.kind === 'committed') {
          this.acknowledged.push(value);
          revision = outcome.revision;
        } else if (outcome.kind === 'unknown') {
          this.unknown.push(value);
          revision = await this.#lookBack();
        } else {
          this.refused.push(value);
          const current = outcome.current.get(this.key);
          // Nobody else writes here: an earlier commit with an unknown outcome happened late.
          expect(this.unknown).toContain(text(current?.value ?? new Uint8Array()));
          revision = current?.revision ?? 'absent';
        }
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        expect(error.code).toBe('store-unavailable');
        this.refused.push(value);
      }
    }
  }

  async #lookBack(): Promise<Revision | 'absent'> {
    return await vi.waitFor(async () => (await entryOf(this.#store, this.key))?.revision ?? 'absent', { timeout: 20_000 });
  }
}

/** Values per key in the order in which they were written, until the end key was. */
async function historyOf(store: Store, at: string, from: Revision, endKey: string): Promise<Map<string, string[]>> {
  const history = new Map<string, string[]>();
  for await (const event of store.watch(at, from)) {
    if (event.kind !== 'put') throw new Error(`expected puts only, got ${event.kind}`);
    if (event.key === endKey) break;
    history.set(event.key, [...(history.get(event.key) ?? []), text(event.value)]);
  }
  return history;
}

/** Lets the workers run, `disturb`s them in the middle, and compares what they were told with what happened. */
async function workThrough(disturb: (leader: number, workers: readonly Worker[]) => Promise<void>): Promise<void> {
  const at = freshPrefix();
  const leader = await vi.waitFor(() => leaderIndex(etcd.endpoints), { timeout: 20_000 });
  // Some write through the leader, some through another member.
  const stores = await Promise.all(
    [leader, (leader + 1) % 3].map((index) =>
      openEtcdStore({ ...etcd, timeoutMs: TIMEOUT_MS, clock: { ...systemClock, random: () => index / 3 + 0.01 } }),
    ),
  );
  const observer = await openEtcdStore(etcd);
  const { revision: start } = await observer.read({});
  const history = historyOf(observer, at, start + 1n, `${at}end`);

  const workers = Array.from({ length: WORKERS }, (_, index) => new Worker(stores[index % 2] as Store, `${at}${index}`));
  let wanted = Number.POSITIVE_INFINITY;
  const running = Promise.all(workers.map((worker) => worker.run(() => worker.acknowledged.length >= wanted)));
  await vi.waitFor(() => expect(Math.min(...workers.map(({ acknowledged }) => acknowledged.length))).toBeGreaterThan(COMMITS), {
    timeout: 30_000,
  });
  await disturb(leader, workers);
  wanted = Math.max(...workers.map(({ acknowledged }) => acknowledged.length)) + COMMITS;
  await running;

  await vi.waitFor(async () => expect(await commit(observer, { put: { [`${at}end`]: 'x' } })).toMatchObject({ kind: 'committed' }), {
    timeout: 30_000,
  });
  const happened = await history;
  for (const { key, acknowledged, unknown, refused } of workers) {
    const values = happened.get(key) ?? [];
    // In the order of the attempts, so none twice.
    expect(values).toEqual([...new Set(values)].sort((a, b) => Number(a) - Number(b)));
    expect(values).toEqual(expect.arrayContaining(acknowledged));
    expect(values.filter((value) => !acknowledged.includes(value) && !unknown.includes(value))).toEqual([]);
    expect(values.filter((value) => refused.includes(value))).toEqual([]);
  }
  await Promise.all([...stores, observer].map((store) => store.close()));
}

describe('a leader lost in mid-commit', () => {
  it('killed: every acknowledged commit is there, none is doubled, what was refused never happened', async () => {
    let killed = 0;
    await workThrough(async (leader) => {
      killed = leader;
      await etcd.servers[leader]?.kill();
    });
    await etcd.servers[killed]?.restart();
  });

  it('hung, then going on with what it had taken: the same, and commits through it end as unknown', async () => {
    await workThrough(async (leader, workers) => {
      etcd.servers[leader]?.pause();
      await vi.waitFor(() => expect(workers.flatMap(({ unknown }) => unknown)).not.toEqual([]), { timeout: 20_000 });
      // The others have elected another, so what the hung one took is out of date when it goes on.
      await vi.waitFor(() => leaderIndex(etcd.endpoints.filter((_, index) => index !== leader)), { timeout: 20_000 });
      etcd.servers[leader]?.resume();
    });
  });
});
