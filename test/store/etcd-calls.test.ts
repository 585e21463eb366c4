import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { type EtcdOptions, openEtcdStore } from '../../src/store/etcd.ts';
import type { Store } from '../../src/store/port.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { requestsServed, stored } from '../support/etcd-api.ts';
import { type Proxy, startProxy } from '../support/proxy.ts';
import { change, commit, listed, requestOf, valueOf } from '../support/store.ts';

describe.each(['grpc', 'gateway'] as const)('over %s', (transport) => {
  const open = (options: EtcdOptions) => openEtcdStore({ ...options, transport });

  describe('a connection that is cut', () => {
    let etcd: EtcdServers;
    let server: string;
    let proxy: Proxy;
    let store: Store;

    beforeAll(async () => {
      etcd = await startEtcd();
      server = etcd.endpoints[0] as string;
    });

    afterAll(async () => {
      await etcd.stop();
    });

    beforeEach(async () => {
      proxy = await startProxy(server);
      store = await open({ endpoints: [proxy.endpoint] });
      // Connected, so that what is held back or cut later is the request or its reply alone.
      await store.read({});
    });

    afterEach(async () => {
      await store.close();
      await proxy.close();
    });

    it('after the write and before the reply: unknown, written once, never sent again', async () => {
      const before = await requestsServed(server);
      proxy.hold('replies');
      const outcome = commit(store, { guards: [{ key: '/lost/reply', revision: 'absent' }], put: { '/lost/reply': 'mine' } });
      await vi.waitFor(async () => expect(await stored(server, '/lost/reply')).toBeDefined());
      proxy.cut();
      expect(await outcome).toMatchObject({ kind: 'unknown', cause: { message: expect.stringContaining('the connection broke') } });
      proxy.release('replies');

      expect(await valueOf(store, '/lost/reply')).toBe('mine');
      // The guard would have refused a second sending: count them.
      expect(await served(server, before)).toMatchObject({ Txn: 2 });
    });

    it('before the request arrived: unknown, and nothing is written', async () => {
      const before = await requestsServed(server);
      proxy.hold('requests');
      const outcome = commit(store, { put: { '/lost/request': 'mine' } });
      await vi.waitFor(() => expect(proxy.heldBytes('requests')).toBeGreaterThan(0));
      proxy.cut();
      expect(await outcome).toMatchObject({ kind: 'unknown' });
      proxy.release('requests');

      expect(await valueOf(store, '/lost/request')).toBeUndefined();
      expect(await served(server, before)).toMatchObject({ Txn: 1 });
    });

    it('a read is asked again', async () => {
      await change(store, { put: { '/asked/again': 'value' } });
      proxy.hold('replies');
      const read = valueOf(store, '/asked/again');
      await vi.waitFor(() => expect(proxy.heldBytes('replies')).toBeGreaterThan(0));
      proxy.cut();
      proxy.release('replies');
      expect(await read).toBe('value');
    });

    it('a page of a listing is asked again', async () => {
      await change(store, { put: { '/listed/again': 'value' } });
      proxy.hold('requests');
      const listing = listed(store, '/listed/');
      await vi.waitFor(() => expect(proxy.heldBytes('requests')).toBeGreaterThan(0));
      proxy.cut();
      proxy.release('requests');
      expect((await listing).map(({ key }) => key)).toEqual(['/listed/again']);
    });

    it('or hangs: a read ends at its deadline as unavailable, a commit as unknown', async () => {
      proxy.hold('requests');
      const read = store.read({ keys: ['/any'] }, { timeoutMs: 100 });
      const outcome = store.commit(requestOf({ put: { '/late': 'late' } }), { timeoutMs: 100 });
      await expect(read).rejects.toMatchObject({ code: 'store-unavailable', message: expect.stringContaining('no answer in time') });
      expect(await outcome).toMatchObject({ kind: 'unknown', cause: { message: expect.stringContaining('no answer in time') } });
    });

    it('or hangs: an abort ends a read as aborted, a commit as unknown', async () => {
      proxy.hold('requests');
      const caller = new AbortController();
      const read = store.read({ keys: ['/any'] }, { signal: caller.signal });
      const outcome = store.commit(requestOf({ put: { '/aborted': 'x' } }), { signal: caller.signal });
      await vi.waitFor(() => expect(proxy.heldBytes('requests')).toBeGreaterThan(0));
      caller.abort();
      await expect(read).rejects.toMatchObject({ code: 'aborted' });
      expect(await outcome).toMatchObject({ kind: 'unknown' });
    });
  });

  describe('several endpoints', () => {
    let etcd: EtcdServers;

    beforeAll(async () => {
      etcd = await startEtcd({ members: 3 });
    });

    afterAll(async () => {
      await etcd.stop();
    });

    it.each([0, 0.4, 0.9])('works past those where nothing listens (starting at %d)', async (random) => {
      const store = await open({
        endpoints: ['127.0.0.1:1', etcd.endpoints[0] as string, '127.0.0.1:2'],
        clock: startingAt(random),
      });
      const key = `/dead/${random}`;
      await change(store, { guards: [{ key, revision: 'absent' }], put: { [key]: 'x' } });
      expect(await valueOf(store, key)).toBe('x');
      await store.close();
    });

    it('commits past one that hangs, with a known outcome: it is found out by a read', async () => {
      const hung = await startProxy(etcd.endpoints[0] as string);
      hung.hold('replies');
      const store = await open({ endpoints: [hung.endpoint, ...etcd.endpoints.slice(1)], clock: startingAt(0) });
      await change(store, { guards: [{ key: '/hung', revision: 'absent' }], put: { '/hung': 'x' } });
      expect(hung.connections).toBe(1);
      // The probe, and nothing else, may have reached it.
      expect(await valueOf(store, '/hung')).toBe('x');
      await store.close();
      await hung.close();
    });

    it('reads past one that hangs, within the deadline', async () => {
      const hung = await startProxy(etcd.endpoints[0] as string);
      hung.hold('replies');
      const endpoints = [hung.endpoint, ...etcd.endpoints.slice(1)];
      const store = await open({ endpoints, clock: startingAt(0), timeoutMs: 1_500 });
      await expect(store.read({ keys: ['/any'] })).resolves.toMatchObject({ ranges: [] });
      expect(hung.connections).toBe(1);
      await store.close();
      await hung.close();
    });

    it('stays with the one that works', async () => {
      const [first, second] = (await Promise.all(etcd.endpoints.slice(0, 2).map(startProxy))) as [Proxy, Proxy];
      const store = await open({ endpoints: [first.endpoint, second.endpoint], clock: startingAt(0) });
      await change(store, { put: { '/stays': '1' } });
      expect([first.connections, second.connections]).toEqual([1, 0]);
      await first.close();
      expect(await valueOf(store, '/stays')).toBe('1');
      await change(store, { put: { '/stays': '2' } });
      expect([first.connections, second.connections]).toEqual([1, 1]);
      await store.close();
      await second.close();
    });

    it('says at once that a member has lost its cluster, and goes on when it has it back', async () => {
      const store = await open({ endpoints: etcd.endpoints.slice(0, 1), timeoutMs: 1_000 });
      await change(store, { put: { '/cluster': 'whole' } });
      const others = etcd.servers.slice(1);
      for (const server of others) server.pause();
      await vi.waitFor(
        () =>
          expect(commit(store, { put: { '/cluster': 'lost' } })).rejects.toMatchObject({
            code: 'store-unavailable',
            message: expect.stringContaining('no leader'),
          }),
        { timeout: 20_000 },
      );
      for (const server of others) server.resume();
      await vi.waitFor(() => change(store, { put: { '/cluster': 'again' } }), { timeout: 20_000 });
      await store.close();
    });

    it('says of each one what is wrong with it', async () => {
      const other = await startEtcd({ tls: { certFile: pem('server.pem'), keyFile: pem('server.key') } });
      const store = await open({ endpoints: ['127.0.0.1:1', ...other.endpoints], clock: startingAt(0) });
      await expect(store.read({ keys: ['/any'] })).rejects.toMatchObject({
        code: 'store-unavailable',
        message: expect.stringMatching(/reading \/any\. 127\.0\.0\.1:1: nothing listens there .*; 127\.0\.0\.1:\d+: the server closed/),
      });
      await store.close();
      await other.stop();
    });
  });

  const pem = (name: string) => join(import.meta.dirname, '../fixtures/tls', name);

  /** The system's clock, and 0 ≤ `random` < 1 every time: which endpoint is asked first. */
  function startingAt(random: number): Clock {
    return { ...systemClock, random: () => random };
  }

  /** Requests since `before`, by method. */
  async function served(endpoint: string, before: ReadonlyMap<string, number>): Promise<Record<string, number>> {
    const now = await requestsServed(endpoint);
    return Object.fromEntries([...now].map(([method, count]) => [method, count - (before.get(method) ?? 0)]));
  }
});
