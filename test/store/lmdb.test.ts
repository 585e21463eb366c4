import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/port.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openRemoteStore } from '../support/remote-store.ts';
import { change, listed, requestOf } from '../support/store.ts';
import { type OpenedStore, storeContract } from './contract.ts';

storeContract('lmdb, in two processes', () => openTwo((folder) => openRemoteStore(`lmdb:${folder}`)));
storeContract('lmdb, twice in one process', () => openTwo((folder) => openLmdbStore(folder)));

async function openTwo(openSecond: (folder: string) => Promise<Store>): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-test-'));
  const store = await openLmdbStore(folder);
  const second = await openSecond(folder);
  return {
    store,
    second,
    compact: (revision) => store.compact(revision),
    close: async () => {
      await Promise.all([store.close(), second.close()]);
      await rm(folder, { recursive: true });
    },
  };
}

describe('commits that wait for their turn', () => {
  it('are written before the store is closed', async () => {
    const folder = await temporaryFolder();
    const store = await openLmdbStore(folder);
    const begun = Array.from({ length: 300 }, (_, index) => change(store, { put: { [`/${index}`]: 'x' } }));
    await store.close();
    expect(await Promise.all(begun)).toEqual(begun.map((_, index) => BigInt(index + 1)));
    const again = await openLmdbStore(folder);
    expect(await listed(again, '/')).toHaveLength(300);
    await again.close();
  });

  it('are left out when their caller gives up', async () => {
    const store = await openLmdbStore(await temporaryFolder());
    const controller = new AbortController();
    const given = store.commit(requestOf({ put: { '/given': 'x' } }), { signal: controller.signal });
    const kept = change(store, { put: { '/kept': 'x' } });
    controller.abort();
    await expect(given).rejects.toMatchObject({ name: 'StoreError', code: 'aborted' });
    expect(await kept).toBe(1n);
    expect((await listed(store, '/')).map(({ key }) => key)).toEqual(['/kept']);
    await store.close();
  });
});
