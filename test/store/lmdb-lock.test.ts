import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { lockHolderOf } from '../../src/store/lmdb-lock.ts';
import { writerOf } from '../../src/store/open.ts';
import { temporaryFolder } from '../support/folder.ts';

const HOLDER = join(import.meta.dirname, '../e2e/support/store-lock-process.ts');
const IS_KNOWN = process.platform === 'linux' && arch() === 'x64' && 'glibcVersionRuntime' in (process.report.getReport() as Report).header;

interface Report {
  readonly header: object;
}

describe('who has the write lock of an embedded store', () => {
  // skip: elsewhere the file has another layout, and that is what is answered.
  it.runIf(IS_KNOWN)('is the process that writes, until it ends', async () => {
    const folder = await temporaryFolder();
    await (await openLmdbStore(folder)).close();
    expect(lockHolderOf(folder)).toBe('nobody');
    const holder = spawn(process.execPath, ['--import', 'tsx', HOLDER, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    expect(lockHolderOf(folder)).toBe(holder.pid);
    expect(await writerOf(`lmdb:${folder}`)).toBe(holder.pid);
    holder.stdin.end();
    await once(holder, 'exit');
    expect(lockHolderOf(folder)).toBe('nobody');
  });

  it('is nobody in a store that is not there yet, and in one of another kind', async () => {
    const folder = await temporaryFolder();
    expect(lockHolderOf(join(folder, 'none'))).toBe('nobody');
    expect(await writerOf('etcd://127.0.0.1:1')).toBe('nobody');
  });

  it.each([
    ['has another layout', (file: string) => writeFileSync(file, Buffer.alloc(8_192))],
    ['is too short', (file: string) => writeFileSync(file, Buffer.from([0xde, 0xc0, 0xef, 0xbe]))],
    ['is no file', (file: string) => mkdirSync(file)],
  ])('is unknown when the lock file %s', async (_, write) => {
    const folder = await temporaryFolder();
    write(join(folder, 'lock.mdb'));
    expect(lockHolderOf(folder)).toBe('unknown');
  });
});
