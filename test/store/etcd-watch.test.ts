import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { type EtcdOptions, openEtcdStore } from '../../src/store/etcd.ts';
import type { Revision, Store, WatchEvent } from '../../src/store/port.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { compact, metrics } from '../support/etcd-api.ts';
import { type Proxy, startProxy } from '../support/proxy.ts';
import { change, collect, freshPrefix, shownEvents, take } from '../support/store.ts';

describe.each(['grpc', 'gateway'] as const)('over %s', (transport) => {
  const open = (options: EtcdOptions) => openEtcdStore({ ...options, transport });

  let etcd: EtcdServers;
  let server: string;
  /** Straight to the server, whatever happens to the watched connection. */
  let writer: Store;

  beforeAll(async () => {
    etcd = await startEtcd({ args: ['--experimental-watch-progress-notify-interval=100ms'] });
    server = etcd.endpoints[0] as string;
    writer = await open(etcd);
  });

  afterAll(async () => {
    await writer.close();
    await etcd.stop();
  });

  /** A store behind a proxy. */
  async function proxied(): Promise<{ proxy: Proxy; store: Store; end: () => Promise<void> }> {
    const proxy = await startProxy(server);
    const store = await open({ endpoints: [proxy.endpoint] });
    const end = async () => {
      await store.close();
      await proxy.close();
    };
    return { proxy, store, end };
  }

  /** Writes `count` values of `bytes` each under `at`, one per revision; the events a watch owes. */
  async function writeMany(at: string, count: number, bytes = 1): Promise<{ first: Revision; owed: string[] }> {
    const revisions: Revision[] = [];
    const value = 'x'.repeat(bytes);
    for (let index = 0; index < count; index++) revisions.push(await change(writer, { put: { [`${at}${index}`]: value } }));
    return { first: revisions[0] as Revision, owed: revisions.map((revision, index) => `${revision} ${at}${index}=${value}`) };
  }

  describe('a watch whose connection is cut', () => {
    it.each([300, 600, 3_000])('loses and doubles nothing when cut again while it catches up (after %d bytes)', async (cutAfterBytes) => {
      const { proxy, store, end } = await proxied();
      const at = freshPrefix();
      const start = await change(writer, { put: { [`${at}start`]: 'x' } });
      const events = store.watch(at, start)[Symbol.asyncIterator]();
      expect((await events.next()).value).toMatchObject({ key: `${at}start` });

      // Cut off while 60 events happen; then the connections that fetch them are cut too, the second one sooner.
      proxy.hold('requests');
      proxy.cut();
      const { owed } = await writeMany(at, 60);
      proxy.cutComing(cutAfterBytes, cutAfterBytes / 2, cutAfterBytes);
      proxy.release('requests');
      proxy.cut();
      const seen: WatchEvent[] = [];
      while (seen.length < owed.length) seen.push((await events.next()).value as WatchEvent);
      const last = await change(writer, { put: { [`${at}last`]: 'x' } });
      seen.push((await events.next()).value as WatchEvent);

      expect(shownEvents(seen)).toEqual([...owed, `${last} ${at}last=x`]);
      expect(proxy.connections).toBeGreaterThan(3);
      await events.return?.(undefined);
      await end();
    });

    it('loses and doubles nothing when an answer in fragments is cut between them', async () => {
      const { proxy, store, end } = await proxied();
      const at = freshPrefix();
      // 128 keys of one revision, more than etcd puts into one message, and several such revisions.
      const writes = Array.from({ length: 12 }, (_, index) => [`${at}${String(index).padStart(3, '0')}`, 'x'.repeat(100_000)] as const);
      const revisions: Revision[] = [];
      for (let round = 0; round < 4; round++) revisions.push(await change(writer, { put: Object.fromEntries(writes) }));
      proxy.cutComing(1_000_000, 3_000_000, 2_000_000);

      const seen = await take(store.watch(at, revisions[0] as Revision), 4 * writes.length);
      expect(shownEvents(seen)).toEqual(revisions.flatMap((revision) => writes.map(([key, value]) => `${revision} ${key}=${value}`)));
      expect(proxy.connections).toBeGreaterThan(3);
      await end();
    });

    it('tells that history is gone when it was compacted meanwhile', async () => {
      const { proxy, store, end } = await proxied();
      const at = freshPrefix();
      const start = await change(writer, { put: { [`${at}a`]: '1' } });
      const events = store.watch(at, start)[Symbol.asyncIterator]();
      await events.next();
      proxy.hold('requests');
      proxy.cut();
      const { first } = await writeMany(at, 3);
      await compact(server, first + 1n);
      proxy.release('requests');
      proxy.cut();
      expect(await collect({ [Symbol.asyncIterator]: () => events })).toEqual([{ kind: 'compacted' }]);
      await end();
    });

    it('goes on after a compaction of what it has seen, or had no need to see', async () => {
      const { proxy, store, end } = await proxied();
      const at = freshPrefix();
      const start = await change(writer, { put: { [`${at}a`]: '1' } });
      const events = store.watch(at, start)[Symbol.asyncIterator]();
      await events.next();
      const next = events.next();
      // Only etcd's notices of progress say that nothing of this concerned the watch.
      await change(writer, { put: { [`${freshPrefix()}a`]: 'elsewhere' } });
      const elsewhere = await change(writer, { put: { [`${freshPrefix()}a`]: 'elsewhere' } });
      const passed = proxy.forwardedBytes('replies');
      await vi.waitFor(() => expect(proxy.forwardedBytes('replies')).toBeGreaterThan(passed + 100));
      await compact(server, elsewhere);
      proxy.cut();
      const revision = await change(writer, { put: { [`${at}b`]: '2' } });
      expect((await next).value).toMatchObject({ kind: 'put', key: `${at}b`, revision });
      await events.return?.(undefined);
      await end();
    });
  });

  describe('a watch', () => {
    it('leaves no stream behind when it is left, aborted or closed', async () => {
      const { store, end } = await proxied();
      const at = freshPrefix();
      const start = await change(writer, { put: { [`${at}a`]: '1' } });
      const watchers = async () => (await metrics(server)).get('etcd_debugging_mvcc_watcher_total');
      const before = await watchers();
      expect(before).toBeDefined();
      await take(store.watch(at, start), 1);
      const caller = new AbortController();
      const events = store.watch(at, start, { signal: caller.signal })[Symbol.asyncIterator]();
      await events.next();
      caller.abort();
      expect((await events.next()).done).toBe(true);
      await vi.waitFor(async () => expect(await watchers()).toBe(before));
      await end();
    });

    it('moves to another member when its own hangs', async () => {
      const cluster = await startEtcd({ members: 3 });
      const [first, second, third] = cluster.endpoints as [string, string, string];
      const outside = await open({ endpoints: [second, third] });
      const store = await open({ endpoints: [first, second, third], clock: startingAtFirst });
      const at = freshPrefix();
      const start = await change(outside, { put: { [`${at}0`]: 'x' } });
      const events = store.watch(at, start)[Symbol.asyncIterator]();
      await events.next();
      cluster.servers[0]?.pause();
      const revisions: Revision[] = [];
      // While the others elect a leader, if the hung one was it, commits may end as unknown or unavailable.
      await vi.waitFor(async () => revisions.push(await change(outside, { put: { [`${at}1`]: 'x' } })), { timeout: 20_000 });
      const seen = (await events.next()).value as WatchEvent;
      expect(seen).toMatchObject({ kind: 'put', key: `${at}1` });
      await events.return?.(undefined);
      await Promise.all([store.close(), outside.close()]);
      await cluster.stop();
    });

    it('gives up when nobody answers for long, with the reason', async () => {
      let monotonicMs = 0;
      const sleep = async (ms: number) => {
        monotonicMs += ms;
      };
      const clock: Clock = { ...systemClock, monotonicMs: () => monotonicMs, sleep };
      const store = await open({ endpoints: ['127.0.0.1:1'], clock });
      await expect(collect(store.watch('/a/', 1n))).rejects.toMatchObject({
        code: 'store-unavailable',
        message: expect.stringContaining('nothing listens there'),
      });
      expect(monotonicMs).toBeGreaterThan(60_000);
      await store.close();
    });
  });

  const startingAtFirst: Clock = { ...systemClock, random: () => 0 };
});
