import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { peerOf } from '../../../src/cni/group/peer.ts';

// skip: /proc is Linux's own, and so are groups.
describe.skipIf(process.platform !== 'linux')('the process that asks', () => {
  it('has a parent as long as it runs, also under a name that looks like fields', async () => {
    const child = spawn(process.execPath, ['-e', "process.title = 'a) Z 1 ('; console.log('up'); setInterval(() => {}, 1000)"], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const peer = peerOf(child.pid ?? 0);
    expect([peer.parentPid(), peer.hasEnded()]).toEqual([process.pid, false]);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect([peer.parentPid(), peer.hasEnded()]).toEqual([-1, true]);
  });

  it('that has ended before has none', () => {
    expect(peerOf(2 ** 22 + 1).hasEnded()).toBe(true);
  });
});
