import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Entry, KEY_BYTES_MAX, prefixRange, type Store } from '../../src/store/port.ts';
import { change, collect, freshPrefix, listed, shown, text } from '../support/store.ts';
import type { ContractContext } from './contract.ts';

/** Where the orders of UTF-8, UTF-16 and people differ. */
const AWKWARD = [
  '-',
  '-1',
  '.',
  '/',
  '/a',
  '0',
  '10',
  '2',
  '9',
  'A',
  'Z',
  '_',
  'a',
  'a-b',
  'a.b',
  'a/b',
  'a0',
  'é',
  'ÿ',
  '中',
  '\uffee',
  '😀',
  '𐀀',
];

export function readContract({ opened }: ContractContext): void {
  it('reads keys, probes and ranges at one revision while another client writes', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const rounds = 30;
    const all = { [`${at}a`]: '0', [`${at}b`]: '0', [`${at}r/1`]: '0', [`${at}r/2`]: '0' };
    await change(store, { put: all });
    const writing = (async () => {
      for (let round = 1; round <= rounds; round++) {
        await change(second, { put: Object.fromEntries(Object.keys(all).map((key) => [key, String(round)])) });
      }
    })();
    for (let last = ''; last !== String(rounds); ) {
      // A store without I/O would not let the writer's process be heard.
      await setImmediate();
      const { revision, entries, ranges } = await store.read({
        keys: [`${at}a`, `${at}nothing`],
        probes: [`${at}b`, `${at}none`],
        ranges: [prefixRange(`${at}r/`), { ...prefixRange(`${at}r/`), keysOnly: true }],
      });
      const found = [...entries.values(), ...ranges.flatMap((range) => range.entries)];
      expect(found.map(({ key }) => key).sort()).toEqual([`${at}a`, `${at}b`, `${at}r/1`, `${at}r/1`, `${at}r/2`, `${at}r/2`]);
      expect(new Set(found.map((entry) => entry.revision)).size).toBe(1);
      expect(revision).toBeGreaterThanOrEqual(found[0]!.revision);
      last = text(entries.get(`${at}a`)!.value);
      expect(found.map(({ value }) => text(value)).filter((value) => value !== '')).toEqual([last, last, last]);
    }
    await writing;
  });

  it('sees at once what another client was told is committed', async () => {
    const { store, second } = opened();
    const key = `${freshPrefix()}a`;
    for (let round = 0; round < 20; round++) {
      const [writer, reader] = round % 2 === 0 ? [store, second] : [second, store];
      const revision = await change(writer, { put: { [key]: String(round) } });
      const result = await reader.read({ keys: [key] });
      expect(result.entries.get(key)).toMatchObject({ revision });
      expect(result.revision).toBeGreaterThanOrEqual(revision);
    }
  });

  it('leaves values out of probes and of ranges of keys', async () => {
    const { store } = opened();
    const key = `${freshPrefix()}a`;
    const revision = await change(store, { put: { [key]: 'value' } });
    const { entries, ranges } = await store.read({ probes: [key], ranges: [{ ...prefixRange(key), keysOnly: true }] });
    expect(shown(entries.values())).toEqual([`${key}@${revision}=`]);
    expect(shown(ranges[0]!.entries)).toEqual([`${key}@${revision}=`]);
  });

  it('gives a range from its start up to, not including, its end, and says when a limit cut it', async () => {
    const { store } = opened();
    const at = freshPrefix();
    const revision = await change(store, { put: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [at + name, name])) });
    const range = { start: `${at}b`, end: `${at}d` };
    const { ranges } = await store.read({
      ranges: [range, { ...range, limit: 1 }, { ...range, limit: 2 }, { ...range, limit: 3 }, { start: `${at}x`, end: `${at}y` }],
    });
    const [b, c] = [`${at}b@${revision}=b`, `${at}c@${revision}=c`];
    expect(ranges.map(({ entries, more }) => [shown(entries), more])).toEqual([
      [[b, c], false],
      [[b], true],
      [[b, c], false],
      [[b, c], false],
      [[], false],
    ]);
  });

  it('answers a read of nothing with the current revision', async () => {
    const { store } = opened();
    const revision = await change(store, { put: { [`${freshPrefix()}a`]: '1' } });
    const result = await store.read({});
    expect(result.revision).toBeGreaterThanOrEqual(revision);
    expect(result).toMatchObject({ entries: new Map(), ranges: [] });
  });

  it('reads more keys at once than a commit may write', async () => {
    const { store } = opened();
    const at = freshPrefix();
    const keys = Array.from({ length: 300 }, (_, index) => `${at}${index}`);
    for (let from = 0; from < keys.length; from += 100) {
      await change(store, { put: Object.fromEntries(keys.slice(from, from + 100).map((key) => [key, 'x'])) });
    }
    const { entries } = await store.read({ keys: keys.slice(0, 200), probes: [...keys.slice(200), `${at}nothing`] });
    expect([...entries.keys()].sort()).toEqual([...keys].sort());
  });

  it('refuses keys that no store could hold, and callers that gave up', async () => {
    const { store } = opened();
    const key = `${freshPrefix()}${'x'.repeat(KEY_BYTES_MAX)}`;
    await expect(store.read({ keys: [key] })).rejects.toMatchObject({ name: 'StoreError', code: 'too-large' });
    await expect(store.read({ probes: [key] })).rejects.toMatchObject({ name: 'StoreError', code: 'too-large' });
    const refused = store.read({ keys: ['/a'] }, { signal: AbortSignal.abort() });
    await expect(refused).rejects.toMatchObject({ name: 'StoreError', code: 'aborted' });
  });
}

export function listContract({ opened }: ContractContext): void {
  it('orders keys by their UTF-8 bytes', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const keys = AWKWARD.map((name) => at + name);
    await change(store, { put: Object.fromEntries([...keys].reverse().map((key) => [key, 'x'])) });
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await listed(store, at, { pageSize: 5 })).map(({ key }) => key)).toEqual(sorted);
    const { ranges } = await second.read({ ranges: [prefixRange(at)] });
    expect(ranges[0]!.entries.map(({ key }) => key)).toEqual(sorted);
  });

  it('gives pages of one revision while another client writes between them', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const names = Array.from({ length: 20 }, (_, index) => String(index).padStart(2, '0'));
    const revision = await change(store, { put: Object.fromEntries(names.map((name) => [at + name, 'old'])) });
    const pages: { revision: bigint; entries: readonly Entry[] }[] = [];
    for await (const page of store.list(at, { pageSize: 6 })) {
      pages.push(page);
      await change(second, {
        put: { [`${at}00`]: 'new', [`${at}07`]: 'new', [`${at}15x`]: 'new', [`${at}99`]: 'new' },
        remove: [`${at}12`],
      });
      await change(second, { put: { [`${at}07`]: 'newer', [`${at}12`]: 'back' } });
    }
    expect(pages.map(({ entries }) => entries.length)).toEqual([6, 6, 6, 2]);
    expect(new Set(pages.map((page) => page.revision)).size).toBe(1);
    expect(shown(pages.flatMap(({ entries }) => entries))).toEqual(names.map((name) => `${at}${name}@${revision}=old`));
  });

  it('gives every entry once in pages of its own size', async () => {
    const { store } = opened();
    const at = freshPrefix();
    const names = Array.from({ length: 1_100 }, (_, index) => `${at}${String(index).padStart(4, '0')}`);
    for (let from = 0; from < names.length; from += 100) {
      await change(store, { put: Object.fromEntries(names.slice(from, from + 100).map((name) => [name, 'x'.repeat(from)])) });
    }
    const pages = await collect(store.list(at));
    expect(pages.length).toBeGreaterThan(1);
    expect(new Set(pages.map(({ revision }) => revision)).size).toBe(1);
    const entries = pages.flatMap((page) => page.entries);
    expect(entries.map(({ key }) => key)).toEqual(names);
    expect(entries.map(({ value }) => value.length)).toEqual(names.map((_, index) => Math.floor(index / 100) * 100));
  });

  it('gives one empty page, with its revision, where there is nothing', async () => {
    const { store } = opened();
    const revision = await change(store, { put: { [`${freshPrefix()}a`]: '1' } });
    const pages = await collect(store.list(freshPrefix()));
    expect(pages).toHaveLength(1);
    expect(pages[0]).toMatchObject({ entries: [] });
    expect(pages[0]!.revision).toBeGreaterThanOrEqual(revision);
  });

  it('gives only keys with the prefix, and only keys when asked', async () => {
    const { store } = opened();
    const at = freshPrefix();
    const revision = await change(store, { put: { [`${at}ab`]: '1', [`${at}abc`]: '2', [`${at}ac`]: '3', [`${at}a`]: '4' } });
    expect(shown(await listed(store, `${at}ab`))).toEqual([`${at}ab@${revision}=1`, `${at}abc@${revision}=2`]);
    expect(shown(await listed(store, `${at}ab`, { keysOnly: true, pageSize: 1 }))).toEqual([
      `${at}ab@${revision}=`,
      `${at}abc@${revision}=`,
    ]);
  });

  it('reads the past, and refuses the past that is forgotten', async () => {
    const { store, second, compact } = opened();
    const at = freshPrefix();
    const first = await change(store, { put: { [`${at}a`]: '1', [`${at}b`]: '1' } });
    const then = await change(second, { put: { [`${at}a`]: '2', [`${at}c`]: '2' } });
    const now = await change(store, { put: { [`${at}d`]: '3' }, remove: [`${at}a`, `${at}b`] });

    expect(shown(await listed(store, at, { revision: first }))).toEqual([`${at}a@${first}=1`, `${at}b@${first}=1`]);
    const past = [`${at}a@${then}=2`, `${at}b@${first}=1`, `${at}c@${then}=2`];
    expect(shown(await listed(store, at, { revision: then, pageSize: 1 }))).toEqual(past);
    expect(shown(await listed(store, at, { revision: now }))).toEqual([`${at}c@${then}=2`, `${at}d@${now}=3`]);
    await compact(then);
    expect(shown(await listed(second, at, { revision: then }))).toEqual(past);
    await expect(listed(store, at, { revision: first })).rejects.toMatchObject({ name: 'StoreError', code: 'revision-compacted' });
  });

  it('stops when the caller gives up', async () => {
    const { store } = opened();
    const at = freshPrefix();
    await change(store, { put: { [`${at}a`]: '1', [`${at}b`]: '1' } });
    expect(await pagesUntilAborted(store, at)).toBe(1);
  });
}

async function pagesUntilAborted(store: Store, at: string): Promise<number> {
  const controller = new AbortController();
  let pages = 0;
  const listing = (async () => {
    for await (const _ of store.list(at, { pageSize: 1, signal: controller.signal })) {
      pages++;
      controller.abort();
    }
  })();
  await expect(listing).rejects.toMatchObject({ name: 'StoreError', code: 'aborted' });
  return pages;
}
