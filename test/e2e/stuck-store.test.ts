/** An embedded store whose write lock a process holds that does not go on: a timer of the plugin's own thread is not heard then. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { arch } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startCall } from './support/call.ts';
import { TOOLS_TIMEOUT_MS } from './support/machine.ts';
import { pluginCommand } from './support/plugin.ts';

const HOLDER = join(import.meta.dirname, 'support/store-lock-process.ts');

async function lockedStore(): Promise<{ folder: string; holder: number }> {
  const folder = await temporaryFolder();
  await (await openLmdbStore(folder)).close();
  const holder = spawn(process.execPath, ['--import', 'tsx', HOLDER, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  return { folder, holder: holder.pid ?? 0 };
}

describe.each(['compiled', 'node'] as const)('the %s plugin, when the store is held for ever', (entry) => {
  it.each([
    ['ADD', 11],
    ['DEL', 11],
    ['STATUS', 50],
  ] as const)('%s ends with the reason', { timeout: TOOLS_TIMEOUT_MS }, async (verb, code) => {
    const { folder, holder } = await lockedStore();
    const ipam = { type: 'plat', store: `lmdb:${folder}`, timeoutSeconds: 1, ranges: [[{ subnet: '10.1.0.0/24' }]] };
    const conf = { cniVersion: '1.1.0', name: 'stuck', type: 'bridge', ipam };
    const call = startCall(await pluginCommand(entry), { verb, conf, containerId: 'c1', netns: '/no/such/namespace' });
    const ran = await call.ended;
    expect(JSON.parse(ran.stdout)).toMatchObject({
      code,
      msg: expect.stringMatching(/gave up after 1 s, waiting for the write lock/),
      details: expect.stringMatching(arch() === 'x64' ? `Process ${holder},` : 'find it'),
    });
    expect(ran.code).not.toBe(0);
  });
});
