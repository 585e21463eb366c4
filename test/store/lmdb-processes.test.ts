import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { temporaryFolder } from '../support/folder.ts';
import { change, listed, text, valueOf } from '../support/store.ts';

const PROCESSES = 4;

describe('an embedded store that several processes use', () => {
  it('loses and doubles no increment of theirs', async () => {
    const folder = await temporaryFolder();
    const wanted = 100;
    const counters = Array.from({ length: PROCESSES }, (_, index) => startCounting(folder, `/own/${index}`, wanted));
    expect(await Promise.all(counters.map(({ exit }) => exit))).toEqual(Array.from({ length: PROCESSES }, () => [0, null]));

    expect(await counts(folder)).toEqual({
      shared: PROCESSES * wanted,
      own: Array.from({ length: PROCESSES }, () => wanted),
      revision: BigInt(PROCESSES * wanted),
    });
  });

  it('loses nothing that was acknowledged when they are killed, and keeps each commit whole', async () => {
    const folder = await temporaryFolder();
    const acknowledged = Array.from({ length: PROCESSES }, () => 0);
    const rounds = 2;
    for (let round = 1; round <= rounds; round++) {
      const counters = acknowledged.map((_, index) => startCounting(folder, `/own/${index}`, Number.MAX_SAFE_INTEGER));
      await Promise.all(
        counters.map(async ({ child, exit }, index) => {
          // Each dies at another moment of its work: right after it has told of a count.
          const last = acknowledged[index]! + 20 + 7 * index;
          child.on('message', (count: number) => {
            acknowledged[index] = count;
            if (count === last) child.kill('SIGKILL');
          });
          expect(await exit).toEqual([null, 'SIGKILL']);
        }),
      );
      const { shared, own } = await counts(folder);
      for (const [index, count] of own.entries()) expect(count).toBeGreaterThanOrEqual(acknowledged[index]!);
      expect(shared).toBe(own.reduce((sum, count) => sum + count));
    }
    const store = await openLmdbStore(folder);
    await change(store, { put: { '/shared': 'done' } });
    expect(await valueOf(store, '/shared')).toBe('done');
    await store.close();
  });
});

interface Counter {
  readonly child: ChildProcess;
  /** Exit code and signal. */
  readonly exit: Promise<unknown[]>;
}

function startCounting(folder: string, own: string, wanted: number): Counter {
  const child = fork(fileURLToPath(new URL('../support/counting-process.ts', import.meta.url)), [`lmdb:${folder}`, own, String(wanted)], {
    execArgv: ['--import', 'tsx'],
  });
  return { child, exit: once(child, 'exit') };
}

async function counts(folder: string): Promise<{ shared: number; own: number[]; revision: bigint }> {
  const store = await openLmdbStore(folder);
  try {
    const { revision } = await store.read({});
    const own = (await listed(store, '/own/')).map(({ value }) => Number(text(value)));
    return { shared: Number(await valueOf(store, '/shared')), own, revision };
  } finally {
    await store.close();
  }
}
