import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type EtcdOptions, openEtcdStore } from '../../src/store/etcd.ts';
import { prefixRange, type Store } from '../../src/store/port.ts';
import { findBun } from '../support/bun.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { compact, requestsServed } from '../support/etcd-api.ts';
import { openRemoteStore } from '../support/remote-store.ts';
import { change, commit, entryOf, freshPrefix, listed, valueOf } from '../support/store.ts';
import { storeContract } from './contract.ts';

const bun = findBun();
// skip: npm has no bun for every machine.
describe.runIf(bun !== undefined)('over the gateway, in the compiled executable’s runtime', () => {
  storeContract('etcd, one client on bun', async () => {
    const etcd = await startEtcd();
    const [store, second] = await Promise.all([
      openEtcdStore(etcd),
      openRemoteStore(`etcd://${etcd.endpoints[0]}`, { ...(bun === undefined ? {} : { bun }) }),
    ]);
    return {
      store,
      second,
      compact: (revision) => compact(etcd.endpoints[0] as string, revision),
      close: async () => {
        await Promise.all([store.close(), second.close()]);
        await etcd.stop();
      },
    };
  });
});

describe.each(['grpc', 'gateway'] as const)('over %s', (transport) => {
  const open = (options: EtcdOptions) => openEtcdStore({ ...options, transport });

  storeContract(`etcd over ${transport}`, async () => {
    const etcd = await startEtcd();
    const [store, second] = await Promise.all([open(etcd), open(etcd)]);
    return {
      store,
      second,
      compact: (revision) => compact(etcd.endpoints[0] as string, revision),
      close: async () => {
        await Promise.all([store.close(), second.close()]);
        await etcd.stop();
      },
    };
  });

  describe('requests to etcd', () => {
    let etcd: EtcdServers;
    let store: Store;

    beforeAll(async () => {
      etcd = await startEtcd();
      store = await open(etcd);
    });

    afterAll(async () => {
      await store.close();
      await etcd.stop();
    });

    /** What etcd counted while `work` ran: requests by method, those that occurred. */
    async function requestsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
      const before = await requestsServed(etcd.endpoints[0] as string);
      await work();
      const after = await requestsServed(etcd.endpoints[0] as string);
      const counts = [...after].map(([method, count]) => [method, count - (before.get(method) ?? 0)] as const);
      return Object.fromEntries(counts.filter(([, count]) => count > 0));
    }

    it('opens without one', async () => {
      expect(await requestsOf(async () => (await open(etcd)).close())).toEqual({});
    });

    it('reads keys, probes and ranges in one', async () => {
      const request = { keys: ['/a', '/b'], probes: ['/c'], ranges: [prefixRange('/d/'), { ...prefixRange('/e/'), keysOnly: true }] };
      expect(await requestsOf(() => store.read(request))).toEqual({ Txn: 1 });
      expect(await requestsOf(() => store.read({}))).toEqual({ Txn: 1 });
    });

    it('commits in one, and gives the current entries of a conflict with it', async () => {
      const at = freshPrefix();
      const create = { guards: [{ key: `${at}a`, revision: 'absent' as const }], put: { [`${at}a`]: '1' } };
      expect(await requestsOf(() => change(store, create))).toEqual({ Txn: 1 });
      expect(await requestsOf(() => commit(store, create))).toEqual({ Txn: 1 });
    });

    it('lists in one per page', async () => {
      const at = freshPrefix();
      await change(store, { put: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${at}${index}`, 'x'])) });
      expect(await requestsOf(() => listed(store, at))).toEqual({ Range: 1 });
      expect(await requestsOf(() => listed(store, at, { pageSize: 30 }))).toEqual({ Range: 4 });
    });

    it('lists many small values in few, since each costs etcd a walk over all that are left', async () => {
      const at = freshPrefix();
      for (let from = 0; from < 600; from += 100) {
        await change(store, { put: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${at}${from + index}`, 'x'])) });
      }
      expect(await requestsOf(async () => expect(await listed(store, at)).toHaveLength(600))).toEqual({ Range: 2 });
    });

    it('asks for a page while the one before it is looked at, which harms nobody who leaves', async () => {
      const at = freshPrefix();
      await change(store, { put: { [`${at}a`]: '1', [`${at}b`]: '2', [`${at}c`]: '3' } });
      const reader = await open(etcd);
      const pages = reader.list(at, { pageSize: 1 })[Symbol.asyncIterator]();
      const before = await requestsServed(etcd.endpoints[0] as string);
      await pages.next();
      const rangesSince = async () => ((await requestsServed(etcd.endpoints[0] as string)).get('Range') ?? 0) - (before.get('Range') ?? 0);
      await vi.waitFor(async () => expect(await rangesSince()).toBe(2));
      await pages.next();
      // The third page fails or comes, and is nobody's any more.
      await reader.close();
      await pages.return?.();
      expect(await listed(store, at)).toHaveLength(3);
    });

    it('reads more than a transaction holds in several, all at the revision of the first', async () => {
      const at = freshPrefix();
      const keys = Array.from({ length: 300 }, (_, index) => `${at}${index}`);
      const ends = [keys[0], keys.at(-1)] as [string, string];
      expect(await requestsOf(() => store.read({ keys }))).toEqual({ Txn: 3 });
      let isWriting = true;
      const writing = (async () => {
        for (let round = 0; isWriting; round++) await change(store, { put: { [ends[0]]: String(round), [ends[1]]: String(round) } });
      })();
      for (let round = 0; round < 50; round++) {
        const { entries } = await store.read({ keys });
        expect(entries.get(ends[0])?.revision).toBe(entries.get(ends[1])?.revision);
      }
      isWriting = false;
      await writing;
    });
  });

  describe('limits of etcd', () => {
    it('tells that this etcd takes fewer operations, or less, than others', async () => {
      const etcd = await startEtcd({ args: ['--max-txn-ops=4', '--max-request-bytes=10000'] });
      const store = await open(etcd);
      const at = freshPrefix();
      const five = Object.fromEntries(['1', '2', '3', '4', '5'].map((name) => [at + name, 'x']));
      const refused = { name: 'StoreError', code: 'too-large', message: expect.stringContaining('--max-request-bytes') };
      await expect(commit(store, { put: five })).rejects.toMatchObject(refused);
      await expect(commit(store, { put: { [`${at}a`]: 'x'.repeat(20_000) } })).rejects.toMatchObject(refused);
      await expect(commit(store, { put: { [`${at}a`]: 'x'.repeat(1_000_000) } })).rejects.toMatchObject(refused);
      expect(await listed(store, at)).toEqual([]);
      await store.close();
      await etcd.stop();
    });

    it('tells that the quota is used up; reads and deletes still work', async () => {
      const etcd = await startEtcd({ args: ['--quota-backend-bytes=2097152'] });
      const store = await open(etcd);
      const at = freshPrefix();
      await change(store, { put: { [`${at}kept`]: 'kept', [`${at}gone`]: 'gone' } });
      const fill = async () => {
        for (let index = 0; index < 20; index++) await change(store, { put: { [`${at}big`]: 'x'.repeat(1_000_000) } });
      };
      await expect(fill()).rejects.toMatchObject({
        name: 'StoreError',
        code: 'store-full',
        message: expect.stringContaining('etcdctl compact'),
      });
      expect(await valueOf(store, `${at}kept`)).toBe('kept');
      await change(store, { remove: [`${at}gone`] });
      expect((await listed(store, at, { keysOnly: true })).map(({ key }) => key)).toEqual([`${at}big`, `${at}kept`]);
      await store.close();
      await etcd.stop();
    });

    it('receives more in one answer than gRPC takes by default', async () => {
      const etcd = await startEtcd();
      const store = await open(etcd);
      const at = freshPrefix();
      for (let index = 0; index < 8; index++) await change(store, { put: { [`${at}${index}`]: 'x'.repeat(1_000_000) } });
      const { ranges } = await store.read({ ranges: [prefixRange(at)] });
      expect(ranges[0]?.entries.map(({ value }) => value.length)).toEqual(Array.from({ length: 8 }, () => 1_000_000));
      await store.close();
      await etcd.stop();
    });

    it('tells that a revision lies in the future of the store', async () => {
      const etcd = await startEtcd();
      const store = await open(etcd);
      await expect(listed(store, freshPrefix(), { revision: 1_000n })).rejects.toMatchObject({ code: 'store-foreign' });
      expect(await entryOf(store, '/a')).toBeUndefined();
      await store.close();
      await etcd.stop();
    });
  });
});
