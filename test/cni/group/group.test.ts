import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type GroupCall, joinGroup, type Place, type Serve } from '../../../src/cni/group/group.ts';
import { LINE_BYTES_MAX } from '../../../src/cni/group/sockets.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';

const CALL: GroupCall = { env: { CNI_COMMAND: 'ADD' }, stdin: '{}', pid: process.pid, parentPid: process.ppid };
/** Asks, says so, and passes on what it is answered. */
const GUEST = `
  const { parentPort, workerData: { path, line, standing } } = require('node:worker_threads');
  const socket = require('node:net').createConnection(path, () => socket.write(line + '\\n', () => {
    Atomics.store(standing, 0, 1);
    Atomics.notify(standing, 0);
  }));
  socket.once('data', (bytes) => parentPort.postMessage(JSON.parse(String(bytes))));
`;
const remainingMs = () => 30_000;
const echo: Serve = async (call) => ({ stdout: call.stdin, stderr: 'noted\n', exitCode: 0 });
const refuse: Serve = async () => Promise.reject(new Error('asked of a process that does not lead'));

/** Something that happens once. */
function signalled(): { readonly when: Promise<void>; now(): void } {
  let now = () => {};
  const when = new Promise<void>((resolve) => {
    now = resolve;
  });
  return { when, now: () => now() };
}

// skip: groups exist where a process can tell what it sees of its host, which is Linux.
describe.skipIf(process.platform !== 'linux')('a group of calls', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plat-group-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const joinAs = (stdin: string, serve: Serve = refuse, clock: Clock = systemClock, signal = new AbortController().signal) =>
    joinGroup({ folder, program: 'plat', of: 'lmdb:/x', clock, signal, remainingMs }, { ...CALL, stdin }, serve);
  const led = (place: Place) => {
    if (place.kind !== 'leads') throw new Error(`expected a leader, found ${place.kind}`);
    return place.leader;
  };
  const path = () => join(folder, readdirSync(folder)[0] ?? '');

  it('the first leads and answers the others, until its own call is done; then the next one leads', async () => {
    const first = led(await joinAs('first', echo));
    expect(await joinAs('second')).toEqual({ kind: 'answered', answer: { stdout: 'second', stderr: 'noted\n', exitCode: 0 } });
    await first.close();
    expect(readdirSync(folder)).toEqual([]);
    await led(await joinAs('third', echo)).close();
  });

  it('who was let in before the leader was done is answered before it ends', async () => {
    const [asked, go] = [signalled(), signalled()];
    const leader = led(
      await joinAs('first', async (call, gone) => {
        asked.now();
        await go.when;
        return echo(call, gone);
      }),
    );
    const second = joinAs('second');
    await asked.when;
    const closed = leader.close().then(() => 'closed');
    await vi.waitUntil(() => readdirSync(folder).length === 0);
    const last = led(await joinAs('third', echo));
    go.now();
    expect(await closed).toBe('closed');
    expect(await second).toMatchObject({ kind: 'answered', answer: { stdout: 'second' } });
    await last.close();
  });

  it('who stands at the door when the leader is done is let in: a leader with an embedded store never looked up before', async () => {
    const leader = led(await joinAs('first', echo));
    const standing = new Int32Array(new SharedArrayBuffer(4));
    const guest = new Worker(GUEST, {
      eval: true,
      workerData: { path: path(), line: JSON.stringify({ ...CALL, stdin: 'second' }), standing },
    });
    const answered = once(guest, 'message');
    // This thread does not look up before the other one has asked.
    expect(Atomics.wait(standing, 0, 0, 30_000)).not.toBe('timed-out');
    await leader.close();
    expect((await answered)[0]).toMatchObject({ stdout: 'second' });
  });

  it('calls of another store, or that see the host otherwise, are another group', async () => {
    const leader = led(await joinAs('first', echo));
    const { signal } = new AbortController();
    const other = await joinGroup({ folder, program: 'plat', of: 'lmdb:/y', clock: systemClock, signal, remainingMs }, CALL, echo);
    await led(other).close();
    await leader.close();
  });

  it('a leader learns that the one who asked no longer waits', async () => {
    const [asked, seen] = [signalled(), signalled()];
    const leader = led(
      await joinAs(
        'first',
        (call, gone) =>
          new Promise((resolve) => {
            gone.addEventListener('abort', () => {
              seen.now();
              resolve(echo(call, gone));
            });
            asked.now();
          }),
      ),
    );
    const given = new AbortController();
    const place = joinAs('second', refuse, systemClock, given.signal);
    await asked.when;
    given.abort();
    expect(await place).toEqual({ kind: 'alone' });
    await seen.when;
    await leader.close();
  });

  it('a leader that was killed is followed by the next, whatever it left', async () => {
    const leader = spawn(
      process.execPath,
      [
        '-e',
        `require('node:net').createServer(() => process.kill(process.pid, 'SIGKILL')).listen(process.argv[1], () => console.log('up'))`,
        await pathOf(),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await new Promise((resolve) => leader.stdout.once('data', resolve));
    const next = led(await joinAs('second', echo));
    expect(leader.signalCode ?? (await new Promise((resolve) => leader.once('exit', (_, signal) => resolve(signal))))).toBe('SIGKILL');
    expect(await joinAs('third')).toMatchObject({ kind: 'answered' });
    await next.close();
  });

  it('a leader that is stuck holds up those who ask at that moment, for a while, and nobody after them', async () => {
    const stuck = await listening(await pathOf());
    let nowMs = 0;
    const clock: Clock = {
      ...systemClock,
      sleep: async (ms) => {
        nowMs += ms;
      },
    };
    expect(await joinAs('second', refuse, clock)).toEqual({ kind: 'alone' });
    expect(nowMs).toBeGreaterThan(0);
    await led(await joinAs('third', echo)).close();
    stuck.close();
  });

  it('acts alone where others could lead, where no folder can be made, and with a call that does not fit', async () => {
    expect(await joinAs('x'.repeat(LINE_BYTES_MAX))).toEqual({ kind: 'alone' });
    chmodSync(folder, 0o770);
    expect(await joinAs('second')).toEqual({ kind: 'alone' });
    const { signal } = new AbortController();
    const nowhere = { folder: '/proc/plat', program: 'plat', of: 'lmdb:/x', clock: systemClock, signal, remainingMs };
    expect(await joinGroup(nowhere, CALL, refuse)).toEqual({ kind: 'alone' });
  });

  /** Of the socket that this test's group has, found by leading once. */
  async function pathOf(): Promise<string> {
    const leader = led(await joinAs('once', echo));
    const found = path();
    await leader.close();
    expect(existsSync(found)).toBe(false);
    return found;
  }

  /** Lets everybody in and says nothing. */
  async function listening(at: string): Promise<Server> {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(at, resolve));
    return server.unref();
  }
});
