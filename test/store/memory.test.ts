import { describe, expect, it } from 'vitest';
import { Crash, type Fault, type MemoryClientOptions, openMemoryStore, type StoreCall } from '../../src/store/memory.ts';
import { change, collect, commit, entryOf, listed, shown, take, valueOf } from '../support/store.ts';
import { storeContract } from './contract.ts';

storeContract('memory', async () => {
  const store = openMemoryStore();
  const second = store.client();
  return {
    store,
    second,
    compact: async (revision) => store.compact(revision),
    close: async () => {
      await store.close();
      await second.close();
    },
  };
});

describe('the history of a memory store', () => {
  it('is kept for as many commits as it was told', async () => {
    const store = openMemoryStore({ historyRevisions: 3 });
    for (let round = 1; round <= 5; round++) await change(store, { put: { '/a': String(round) } });
    expect(shown(await listed(store, '/', { revision: 2n }))).toEqual(['/a@2=2']);
    await expect(listed(store, '/', { revision: 1n })).rejects.toMatchObject({ code: 'revision-compacted' });
    expect(await collect(store.watch('/', 2n))).toEqual([{ kind: 'compacted' }]);
    expect(await take(store.watch('/', 3n), 1)).toMatchObject([{ revision: 3n }]);
  });

  it('ends the watch of a reader that it leaves behind', async () => {
    const store = openMemoryStore({ historyRevisions: 2 });
    const first = await change(store, { put: { '/a': '1' } });
    const events = store.watch('/', first)[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({ kind: 'put', revision: first });
    for (let round = 2; round <= 6; round++) await change(store, { put: { '/a': String(round) } });
    expect((await events.next()).value).toEqual({ kind: 'compacted' });
    expect((await events.next()).done).toBe(true);
  });
});

describe('a fault of a commit', () => {
  const guards = [{ key: '/a', revision: 'absent' as const }];
  const create = { guards, put: { '/a': 'mine' } };

  it('conflict: answers what there is although the guards hold, and writes nothing', async () => {
    const { store, faulty } = await stores('conflict');
    expect(await commit(faulty, create)).toEqual({ kind: 'conflict', revision: 1n, current: new Map() });
    expect(await valueOf(store, '/a')).toBeUndefined();
    const entry = (await entryOf(store, '/other'))!;
    const held = await commit(faulty, { guards: [{ key: '/other', revision: entry.revision }], put: { '/other': 'x' } });
    expect(held).toMatchObject({ kind: 'conflict', current: new Map([['/other', entry]]) });
  });

  it('lost-request: leaves the outcome unknown and never happens', async () => {
    const { store, faulty } = await stores('lost-request');
    expect((await commit(faulty, create)).kind).toBe('unknown');
    expect(store.lateCommits).toBe(0);
    expect(await valueOf(store, '/a')).toBeUndefined();
  });

  it('lost-reply: leaves the outcome unknown and has happened', async () => {
    const { store, faulty } = await stores('lost-reply');
    expect((await commit(faulty, create)).kind).toBe('unknown');
    expect(await valueOf(store, '/a')).toBe('mine');
    expect((await commit(faulty, { ...create, put: { '/a': 'again' } })).kind).toBe('unknown');
    expect(await valueOf(store, '/a')).toBe('mine');
  });

  it('late: leaves the outcome unknown and happens when it is let, if its guards hold by then', async () => {
    const { store, faulty } = await stores('late');
    for (const key of ['/a', '/b', '/c']) {
      const outcome = await commit(faulty, { guards: [{ key, revision: 'absent' }], put: { [key]: 'late' } });
      expect(outcome.kind).toBe('unknown');
    }
    await change(store, { put: { '/b': 'early' } });
    expect(store.lateCommits).toBe(3);
    expect(await valueOf(store, '/a')).toBeUndefined();
    expect(store.applyLate(1).map(({ kind }) => kind)).toEqual(['committed']);
    expect(store.applyLate().map(({ kind }) => kind)).toEqual(['conflict', 'committed']);
    expect(store.lateCommits).toBe(0);
    expect((await listed(store, '/')).map(({ key }) => key)).toEqual(['/a', '/b', '/c', '/other']);
    expect(await valueOf(store, '/b')).toBe('early');
  });

  it('unavailable: refuses it, and nothing happens', async () => {
    const { store, faulty } = await stores('unavailable');
    await expect(commit(faulty, create)).rejects.toMatchObject({ name: 'StoreError', code: 'store-unavailable' });
    expect(await valueOf(store, '/a')).toBeUndefined();
  });

  it('crash-before and crash-after: kill the caller without and with its commit', async () => {
    const before = await stores('crash-before');
    await expect(commit(before.faulty, create)).rejects.toThrow(Crash);
    expect(await valueOf(before.store, '/a')).toBeUndefined();
    const after = await stores('crash-after');
    await expect(commit(after.faulty, create)).rejects.toThrow(Crash);
    expect(await valueOf(after.store, '/a')).toBe('mine');
  });

  it('none that waits: is a delay, in which others go on and the caller may give up', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const store = openMemoryStore();
    const slow = store.client({ fault: () => released.then((): Fault => 'none') });
    const controller = new AbortController();
    const waiting = commit(slow, create);
    const given = slow.commit({ guards: [], writes: [], deletes: [] }, { signal: controller.signal });
    await change(store, { put: { '/a': 'quicker' } });
    controller.abort();
    release();
    expect((await waiting).kind).toBe('conflict');
    await expect(given).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('a fault of a read or a listing', () => {
  it.each(['unavailable', 'lost-request', 'lost-reply', 'late'] as const)('%s: fails', async (fault) => {
    const { faulty } = await stores(fault);
    await expect(faulty.read({ keys: ['/other'] })).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(listed(faulty, '/')).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  it.each(['crash-before', 'crash-after'] as const)('%s: kills the caller', async (fault) => {
    const { faulty } = await stores(fault);
    await expect(faulty.read({})).rejects.toThrow(Crash);
    await expect(listed(faulty, '/')).rejects.toThrow(Crash);
  });

  it('is asked for with the call and its number, once per page', async () => {
    const calls: StoreCall[] = [];
    const { faulty } = await stores((call) => {
      calls.push(call);
      return 'none';
    });
    await change(faulty, { put: { '/x': '1' } });
    await faulty.read({ keys: ['/x'] });
    await listed(faulty, '/', { pageSize: 1 });
    expect(calls.map(({ verb, attempt }) => `${attempt} ${verb}`)).toEqual(['1 commit', '2 read', '3 list', '4 list']);
    expect(calls[1]).toMatchObject({ request: { keys: ['/x'] } });
    expect(calls[2]).toMatchObject({ request: { prefix: '/', pageSize: 1 } });
  });
});

/** A store that holds `/other`, and a client of it with this fault in every call. */
async function stores(fault: Fault | NonNullable<MemoryClientOptions['fault']>) {
  const store = openMemoryStore();
  await change(store, { put: { '/other': 'other' } });
  return { store, faulty: store.client({ fault: typeof fault === 'string' ? () => fault : fault }) };
}
