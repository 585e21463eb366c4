import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { type LmdbOptions, type LmdbStore, openLmdbStore } from '../../src/store/lmdb.ts';
import { temporaryFolder } from '../support/folder.ts';
import { change, listed, take, text, valueOf } from '../support/store.ts';

const isRoot = process.getuid?.() === 0;

describe('opening an embedded store', () => {
  it('creates folder and files for their owner alone', async () => {
    const folder = join(await temporaryFolder(), 'new', 'store');
    await using store = await opened(folder);
    await change(store, { put: { '/a': '1' } });
    expect((await readdir(folder)).sort()).toEqual(['data.mdb', 'lock.mdb']);
    expect(await modes(folder, join(folder, '..'))).toEqual(['700', '700']);
    expect(await modes(join(folder, 'data.mdb'), join(folder, 'lock.mdb'))).toEqual(['600', '600']);
    expect(store.name).toBe(`lmdb:${folder}`);
  });

  it('finds everything again, history too', async () => {
    const folder = await temporaryFolder();
    const first = await useStore(folder, (store) => change(store, { put: { '/a': '1', '/b': '' } }));
    const second = await useStore(folder, (store) => change(store, { put: { '/a': '2' }, remove: ['/b'] }));
    expect(second).toBe(first + 1n);

    await using store = await opened(folder);
    expect(await valueOf(store, '/a')).toBe('2');
    const events = await take(store.watch('/', first), 4);
    expect(events.map((event) => (event.kind === 'put' ? text(event.value) : event.kind))).toEqual(['1', '', '2', 'delete']);
    expect((await listed(store, '/', { revision: first })).map(({ key }) => key)).toEqual(['/a', '/b']);
  });

  it('keeps only as many commits of history as it was told', async () => {
    await using store = await opened(await temporaryFolder(), { historyRevisions: 3 });
    for (let round = 1; round <= 5; round++) await change(store, { put: { '/a': String(round) } });
    expect(await listed(store, '/', { revision: 2n })).toMatchObject([{ revision: 2n }]);
    await expect(listed(store, '/', { revision: 1n })).rejects.toMatchObject({ code: 'revision-compacted' });
    expect(await take(store.watch('/', 2n), 1)).toEqual([{ kind: 'compacted' }]);
    expect(await take(store.watch('/', 3n), 1)).toMatchObject([{ revision: 3n }]);
  });

  it('keeps only as many bytes of history as it was told, so that its file stops growing', async () => {
    const folder = await temporaryFolder();
    await using store = await opened(folder, { historyBytes: 100_000 });
    const rewrite = async (times: number) => {
      for (let round = 0; round < times; round++) await change(store, { put: { [`/${round % 3}`]: 'x'.repeat(10_000) } });
      return (await stat(join(folder, 'data.mdb'))).size;
    };
    const early = await rewrite(60);
    const late = await rewrite(300);
    expect(late).toBeLessThan(2 * early);
    const { revision } = await store.read({});
    await expect(listed(store, '/', { revision: revision - 20n })).rejects.toMatchObject({ code: 'revision-compacted' });
    expect(await listed(store, '/', { revision: revision - 5n })).toHaveLength(3);
  });
});

describe('a folder that holds something else', () => {
  it.each([
    ['text', Buffer.from('hello, this is a note of mine\n')],
    ['a lot of text', Buffer.alloc(100_000, 'all work and no play ')],
    ['zeros', Buffer.alloc(20_000)],
    ['one byte', Buffer.alloc(1)],
  ])('is refused when its data file is %s', async (_, content) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'data.mdb'), content);
    await expectForeign(folder, /is not an LMDB file/);
  });

  it('is refused when it is the store of another program', async () => {
    const folder = await temporaryFolder();
    const other = open({ path: folder, noSubdir: false });
    await other.put('greeting', 'hello');
    await other.close();
    await expectForeign(folder, /another program/);
  });

  it('is refused when it is a store of a newer plat', async () => {
    const folder = await temporaryFolder();
    const newer = open({ path: folder, noSubdir: false, encoding: 'binary', keyEncoding: 'binary' });
    await newer.put(Buffer.from('H'), Buffer.from('{"format":"plat-store","version":2}'));
    await newer.close();
    await expectForeign(folder, /format 2, of a newer plat/);
  });

  it('is refused when it is no folder', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, 'mine');
    await expect(openLmdbStore(file)).rejects.toMatchObject({ code: 'store-foreign', message: expect.stringContaining('is not a folder') });
    await expect(openLmdbStore(join(file, 'below'))).rejects.toMatchObject({ code: 'store-foreign' });
    expect(await readFile(file, 'utf8')).toBe('mine');
  });
});

describe('a damaged store', () => {
  it('is refused or read in full when its end is cut off, at any page', async () => {
    const folder = await temporaryFolder();
    const sizes = await filledStore(folder);
    const file = join(folder, 'data.mdb');
    const whole = await readFile(file);
    const refused: number[] = [];
    for (let bytes = whole.length - 4096; bytes > 0; bytes -= 4096) {
      await writeFile(file, whole);
      await truncate(file, bytes);
      const found = await useStore(folder, sizesOf).catch((error: unknown) => error);
      if (found instanceof Error) {
        expect(found).toMatchObject({ code: 'store-foreign', message: expect.stringContaining('damaged') });
        refused.push(bytes);
      } else {
        expect(found).toEqual(sizes);
      }
    }
    expect(refused).toContain(8192);
    expect(refused.length).toBeGreaterThan(10);
  });

  it('is refused when pages of its tree are overwritten', async () => {
    const folder = await temporaryFolder();
    await filledStore(folder);
    const file = join(folder, 'data.mdb');
    const whole = await readFile(file);
    const isTreePage = (page: number) =>
      (whole.readUInt16LE(page * 4096 + 18) & 0x03) !== 0 && whole.readBigUInt64LE(page * 4096) === BigInt(page);
    const pages = Array.from({ length: whole.length / 4096 - 2 }, (_, index) => index + 2).filter(isTreePage);
    const found: string[] = [];
    for (const page of pages) {
      const broken = Buffer.from(whole);
      broken.fill(0xa5, page * 4096, (page + 1) * 4096);
      await writeFile(file, broken);
      const outcome = await useStore(folder, async () => 'opened').catch((error: { code: string }) => error.code);
      found.push(outcome);
    }
    // Pages that are free by now may hold anything.
    expect(new Set(found)).toEqual(new Set(['opened', 'store-foreign']));
    await writeFile(file, whole);
    expect(await useStore(folder, async () => 'opened')).toBe('opened');
  });
});

describe('a place that cannot be used', () => {
  it('is reported when the user may not write there', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o500);
    const message = await errorAsNobody(join(folder, 'store'));
    expect(message).toMatch(/^store-permission .*EACCES.*user/);
  });

  it('is reported when the store belongs to somebody else', async () => {
    const folder = await temporaryFolder();
    await useStore(folder, (store) => change(store, { put: { '/a': '1' } }));
    await chmod(folder, 0o755);
    if (!isRoot) await chmod(join(folder, 'data.mdb'), 0o400);
    const message = await errorAsNobody(folder);
    expect(message).toMatch(/^store-permission .*EACCES.*data\.mdb.*owns it/);
  });

  it('is reported when no folder can be created there', async () => {
    await expect(openLmdbStore('/proc/plat/store')).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/ENOENT.*local disk/),
    });
  });
});

/** With `await using`, closed whatever happens. */
async function opened(folder: string, options?: LmdbOptions): Promise<LmdbStore & AsyncDisposable> {
  const store = await openLmdbStore(folder, options);
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

async function useStore<T>(folder: string, use: (store: LmdbStore) => Promise<T>): Promise<T> {
  const store = await openLmdbStore(folder);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function modes(...paths: string[]): Promise<string[]> {
  return Promise.all(paths.map(async (path) => ((await stat(path)).mode & 0o777).toString(8)));
}

async function expectForeign(folder: string, why: RegExp): Promise<void> {
  const before = await readFile(join(folder, 'data.mdb'));
  const refusal = (await openLmdbStore(folder).catch((error: unknown) => error)) as Error;
  expect(refusal).toMatchObject({ name: 'StoreError', code: 'store-foreign' });
  for (const part of [folder, why, /Expected is an LMDB database/, /Nothing was changed/, /another folder/])
    expect(refusal.message).toMatch(part);
  expect(Buffer.compare(await readFile(join(folder, 'data.mdb')), before)).toBe(0);
}

/** Entries of all sizes, many rewritten, some deleted; gives key and length of what is left. */
async function filledStore(folder: string): Promise<string[]> {
  const store = await openLmdbStore(folder, { historyRevisions: 30 });
  for (let round = 0; round < 150; round++) {
    const value = 'x'.repeat([40, 3_000, 9_000][round % 3]!);
    await change(store, { put: { [`/a/${round % 40}`]: value, [`/b/${round}`]: 'y'.repeat(200) }, remove: [`/b/${round - 60}`] });
  }
  const sizes = await sizesOf(store);
  await store.close();
  return sizes;
}

async function sizesOf(store: LmdbStore): Promise<string[]> {
  return (await listed(store, '/')).map(({ key, value }) => `${key} ${value.length}`);
}

/** `code message` of opening the store as a user without rights. */
async function errorAsNobody(folder: string): Promise<string> {
  const child = fork(fileURLToPath(new URL('../support/open-as-nobody.ts', import.meta.url)), [folder], { execArgv: ['--import', 'tsx'] });
  const exit = once(child, 'exit');
  const [message] = (await once(child, 'message')) as [string];
  await exit;
  return message;
}
