import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { openRemoteStore } from '../support/remote-store.ts';
import { storeContract } from './contract.ts';

storeContract('lmdb, two processes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plat-store-'));
  const store = await openLmdbStore(folder);
  const second = await openRemoteStore(`lmdb:${folder}`);
  return {
    store,
    second,
    compact: (revision) => store.compact(revision),
    close: async () => {
      await Promise.all([store.close(), second.close()]);
      await rm(folder, { recursive: true });
    },
  };
});
