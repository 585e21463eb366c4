import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LmdbStore, openLmdbStore } from '../../src/store/lmdb.ts';
import { smallDisk, smallDiskProblem } from '../support/small-disk.ts';
import { change, commit, listed, text, valueOf } from '../support/store.ts';

const problem = smallDiskProblem();
if (problem !== undefined) console.warn(`NOT TESTED here, an embedded store on a full disk: ${problem}.`);

// skip: where no small disk can be mounted; the line above says so.
describe.skipIf(problem !== undefined)('an embedded store on a full disk', () => {
  it('refuses a commit whole, and still reads', async () => {
    const { folder } = await smallDisk(2_048);
    const store = await openLmdbStore(folder);
    const written = await fill(store);
    const refused = commit(store, { put: { '/x': 'x'.repeat(20_000), '/y': 'y' } });
    await expect(refused).rejects.toMatchObject({
      name: 'StoreError',
      code: 'store-full',
      message: expect.stringContaining('free some space'),
    });
    expect((await listed(store, '/')).map(({ key }) => key)).toEqual(written);
    expect(await valueOf(store, written[0]!)).toBe('x'.repeat(10_000));
    await store.close();
  });

  it('goes on once there is room, in this process and in the next', async () => {
    const { folder, resize } = await smallDisk(2_048);
    const store = await openLmdbStore(folder);
    const written = await fill(store);
    const { revision } = await store.read({});
    resize(8_192);
    expect(await change(store, { put: { '/more': 'm'.repeat(500_000) } })).toBe(revision + 1n);
    await store.close();

    const again = await openLmdbStore(folder);
    expect((await listed(again, '/')).map(({ key }) => key)).toEqual(['/more', ...written].sort());
    expect(await change(again, { remove: ['/more'] })).toBe(revision + 2n);
    await again.close();
  });

  it('refuses all commits that were to share a write', async () => {
    const { folder } = await smallDisk(2_048);
    const store = await openLmdbStore(folder);
    await change(store, { put: { '/a': 'before' } });
    const big = 'x'.repeat(1_000_000);
    const outcomes = await Promise.allSettled([
      commit(store, { put: { '/a': 'after' } }),
      ...['/b', '/c', '/d'].map((key) => commit(store, { put: { [key]: big } })),
    ]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
      Array.from({ length: 4 }, () => 'store-full'),
    );
    expect((await listed(store, '/')).map(({ value }) => text(value))).toEqual(['before']);
    await change(store, { put: { '/a': 'after' } });
    expect(await valueOf(store, '/a')).toBe('after');
    await store.close();
  });

  it('goes on for ever when it had grown to its size before', async () => {
    const { folder } = await smallDisk(2_048);
    const store = await openLmdbStore(folder, { historyRevisions: 20 });
    const round = async (count: number) => {
      for (let index = 0; index < count; index++) await change(store, { put: { [`/${index % 5}`]: 'x'.repeat(3_000) } });
    };
    await round(200);
    await writeFile(join(folder, 'somebody-elses'), Buffer.alloc(2 ** 21)).catch((error: { code: string }) =>
      expect(error.code).toBe('ENOSPC'),
    );
    await round(200);
    expect(await listed(store, '/')).toHaveLength(5);
    await store.close();
  });

  it('is not even begun there', async () => {
    const { folder } = await smallDisk(512);
    await expect(openLmdbStore(join(folder, 'store'))).rejects.toMatchObject({
      code: 'store-full',
      message: expect.stringContaining('free bytes'),
    });
  });
});

/** Writes until the disk is full; gives the keys that were taken, in order. */
async function fill(store: LmdbStore): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const key = `/${String(keys.length).padStart(4, '0')}`;
    const outcome = await commit(store, { put: { [key]: 'x'.repeat(10_000) } }).catch((error: { code: string }) => error);
    if ('code' in outcome) {
      expect(outcome.code).toBe('store-full');
      return keys;
    }
    keys.push(key);
  }
}
