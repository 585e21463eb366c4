import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/index.ts';
import type { Store } from '../../src/store/port.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import type { Allowance } from './allow.ts';
import { ALLOW_FILE, historyFiles } from './files.ts';
import type { History } from './history.ts';
import { type Report, reportText } from './report.ts';
import { readAllowances, readHistory, replayAll } from './run.ts';

describe('every recorded history, replayed through the library', () => {
  let histories: readonly History[];
  let allowances: readonly Allowance[];
  let folder: string;
  let etcd: EtcdServers;

  beforeAll(async () => {
    histories = await Promise.all(historyFiles().map(readHistory));
    allowances = await readAllowances(ALLOW_FILE);
    folder = await mkdtemp(join(tmpdir(), 'plat-replay-'));
    etcd = await startEtcd();
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await etcd.stop();
  });

  it.each([
    ['memory', () => 'memory:'],
    ['LMDB', () => `lmdb:${folder}`],
    ['etcd', () => `etcd://${etcd.endpoints.join(',')}`],
  ])(
    'differs from Calico only on purpose, on %s',
    async (_, url) => {
      const store: Store = await openStore(url());
      try {
        const report: Report = await replayAll(histories, store, allowances);
        const unexpected = report.differences.filter(({ kind }) => kind === 'unexpected');
        expect(reportText({ ...report, differences: unexpected })).toContain('\nok\n');
        expect(report.unusedAllowances).toEqual([]);
        expect(report.histories).toBe(109);
      } finally {
        await store.close();
      }
    },
    300_000,
  );
});
