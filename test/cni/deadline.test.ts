import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer } from '../../src/cni/plugin.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { listen } from '../support/listen.ts';
import { CONF, type Conf, ENV, openBed, textOf } from './bed.ts';

const NEVER = new Promise<never>(() => {});
const VALID = { 'cni.dev/valid-attachments': [] };

describe('the deadline', () => {
  it.each(['ADD', 'DEL', 'CHECK', 'GC'])('%s: 11 with the reason, when the store never answers', async (verb) => {
    const bed = await openBed();
    const error = await bed.refused(verb, { conf: VALID, ipam: { timeoutSeconds: 0.05 }, fault: () => NEVER });
    expect([error.code, textOf(error)]).toEqual([
      11,
      expect.stringMatching(/gave up after 0\.05 s, (opening|waiting for) etcd:\/\/127\.0\.0\.1:1\. .*store is up/),
    ]);
  });

  it('bounds what comes before the first request and after a lost one, too', async () => {
    const bed = await openBed();
    let calls = 0;
    const error = await bed.refused('ADD', { ipam: { timeoutSeconds: 0.05 }, fault: () => (++calls === 2 ? NEVER : 'none') });
    expect(error.code).toBe(11);
    const opening = await answer({
      env: { CNI_COMMAND: 'ADD', ...ENV },
      clock: systemClock,
      parentPid: () => 4_711,
      readStdin: async () => JSON.stringify({ ...CONF, ipam: { store: 'etcd://user:hunter2@h:1', timeoutSeconds: 0.05 } }),
      openStore: () => NEVER,
    });
    expect(JSON.parse(opening.stdout)).toMatchObject({ code: 11, msg: expect.stringMatching(/after 0\.05 s, opening the store$/) });
  });

  it('nothing is written after it: a commit that was held back is not made', async () => {
    const bed = await openBed();
    let go = () => {};
    const held = new Promise<'none'>((resolve) => {
      go = () => resolve('none');
    });
    const before = await bed.world.dump();
    const { exitCode } = await bed.run('ADD', { ipam: { timeoutSeconds: 0.05 }, fault: ({ verb }) => (verb === 'read' ? held : 'none') });
    go();
    await new Promise(setImmediate);
    expect([exitCode, await bed.world.dump()]).toEqual([1, before]);
  });

  it.each<[string, string, Conf, number]>([
    ['ADD', 'accepts and says nothing', { timeoutSeconds: 0.3 }, 11],
    ['STATUS', 'accepts and says nothing', { statusTimeoutSeconds: 0.3 }, 50],
    ['ADD', 'hangs up', { timeoutSeconds: 0.3 }, 11],
  ])('%s: against an etcd that %s', async (verb, manner, ipam, code) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      if (manner === 'hangs up') socket.destroy();
    });
    const address = await listen(server);
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { stdout, exitCode } = await answer({
      env: { CNI_COMMAND: verb, ...ENV },
      clock: systemClock,
      parentPid: () => 4_711,
      readStdin: async () => JSON.stringify({ ...CONF, ipam: { type: 'plat', store: `etcd://${address}`, ...ipam } }),
    });
    expect([exitCode, JSON.parse(stdout)]).toEqual([1, expect.objectContaining({ code, msg: expect.stringMatching(/^cannot assign/) })]);
  });
});
