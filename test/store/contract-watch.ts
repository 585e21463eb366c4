import { expect, it } from 'vitest';
import type { Revision, WatchEvent } from '../../src/store/port.ts';
import { change, collect, freshPrefix, shownEvents, take } from '../support/store.ts';
import type { ContractContext } from './contract.ts';

export function watchContract(context: ContractContext): void {
  history(context);
  live(context);
}

function history({ opened }: ContractContext): void {
  it('gives every change from a revision on, once and in order, overwritten values too', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const [a, b] = [`${at}a`, `${at}b`];
    await change(store, { put: { [a]: 'before' } });
    const r1 = await change(store, { put: { [a]: '1', [b]: '1' } });
    const r2 = await change(second, { put: { [a]: '2' } });
    const r3 = await change(store, { put: { [b]: '' }, remove: [a] });
    await change(store, { put: { [`${freshPrefix()}a`]: 'elsewhere' }, remove: [`${at}nothing`] });
    const r4 = await change(second, { put: { [a]: '4', [b]: '4' } });

    expect(shownEvents(await take(store.watch(at, r1), 7))).toEqual([
      `${r1} ${a}=1`,
      `${r1} ${b}=1`,
      `${r2} ${a}=2`,
      `${r3} ${a} gone`,
      `${r3} ${b}=`,
      `${r4} ${a}=4`,
      `${r4} ${b}=4`,
    ]);
    expect(shownEvents(await take(store.watch(b, r2), 2))).toEqual([`${r3} ${b}=`, `${r4} ${b}=4`]);
  });

  it('goes on from where a watch was left', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const revisions: Revision[] = [];
    for (let round = 0; round < 250; round++) revisions.push(await change(store, { put: { [`${at}${round % 7}`]: String(round) } }));
    const seen: WatchEvent[] = [];
    for (let next = revisions[0]!; seen.length < revisions.length; ) {
      seen.push(...(await take(store.watch(at, next), 50)));
      const last = seen.at(-1)!;
      if (last.kind === 'compacted') throw new Error('nothing was compacted');
      next = last.revision + 1n;
      await change(second, { put: { [`${freshPrefix()}a`]: 'elsewhere' } });
    }
    expect(shownEvents(seen)).toEqual(revisions.map((revision, round) => `${revision} ${at}${round % 7}=${round}`));
  });

  it('tells a reader whose history is gone, and ends', async () => {
    const { store, compact } = opened();
    const key = `${freshPrefix()}a`;
    const old = await change(store, { put: { [key]: '1' } });
    await change(store, { put: { [key]: '2' } });
    const kept = await change(store, { put: { [key]: '3' } });
    const last = await change(store, { put: { [key]: '4' } });
    await compact(kept);

    expect(await collect(store.watch(key, old))).toEqual([{ kind: 'compacted' }]);
    expect(shownEvents(await take(store.watch(key, last), 1))).toEqual([`${last} ${key}=4`]);
  });
}

function live({ opened, openAnother }: ContractContext): void {
  it('gives the changes of other clients as they come', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const first = await change(store, { put: { [`${at}0`]: 'x' } });
    const events = store.watch(at, first)[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({ kind: 'put', key: `${at}0` });
    for (let round = 1; round <= 10; round++) {
      const waiting = events.next();
      const revision = await change(round % 2 === 0 ? store : second, { put: { [`${at}${round}`]: 'x' } });
      expect((await waiting).value).toMatchObject({ kind: 'put', key: `${at}${round}`, revision });
    }
    await events.return?.();
  });

  it('waits for a revision that is still to come', async () => {
    const { store, second } = opened();
    const key = `${freshPrefix()}a`;
    const { revision } = await store.read({});
    const events = take(store.watch(key, revision + 1n), 1);
    const next = await change(second, { put: { [key]: '1' } });
    expect(shownEvents(await events)).toEqual([`${next} ${key}=1`]);
  });

  it('misses nothing between a listing and the watch that follows it', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const rounds = 60;
    await change(store, { put: { [`${at}0`]: '0' } });
    const writing = (async () => {
      for (let round = 1; round <= rounds; round++) await change(second, { put: { [`${at}${round}`]: String(round) } });
    })();
    const mirror = new Set<string>();
    let revision = 0n;
    for await (const page of store.list(at, { pageSize: 3 })) {
      revision = page.revision;
      for (const { key } of page.entries) mirror.add(key);
    }
    for await (const event of store.watch(at, revision + 1n)) {
      if (event.kind !== 'put') throw new Error(`expected puts only, got ${event.kind}`);
      expect(mirror.has(event.key)).toBe(false);
      mirror.add(event.key);
      if (mirror.size === rounds + 1) break;
    }
    await writing;
    expect(mirror.size).toBe(rounds + 1);
  });

  it('ends when the caller gives up, waiting or not', async () => {
    const { store } = opened();
    const key = `${freshPrefix()}a`;
    const revision = await change(store, { put: { [key]: '1' } });
    const controller = new AbortController();
    const events = store.watch(key, revision, { signal: controller.signal })[Symbol.asyncIterator]();
    expect((await events.next()).done).toBe(false);
    const waiting = events.next();
    controller.abort();
    expect((await waiting).done).toBe(true);
    expect(await collect(store.watch(key, revision, { signal: controller.signal }))).toEqual([]);
  });

  it('ends when the store is closed', async () => {
    const { store, close } = await openAnother();
    const key = `${freshPrefix()}a`;
    const revision = await change(store, { put: { [key]: '1' } });
    const events = store.watch(key, revision)[Symbol.asyncIterator]();
    expect((await events.next()).done).toBe(false);
    const waiting = events.next();
    await store.close();
    expect((await waiting).done).toBe(true);
    await close();
  });
}
