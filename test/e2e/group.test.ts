/** Calls that come at the same time are carried out by the process of one of them; one that is stuck holds nobody up for long. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { answerOf, callPlugin, startCall, type Verb } from './support/call.ts';
import { guestsOf } from './support/group-socket.ts';
import { TOOLS_TIMEOUT_MS } from './support/machine.ts';
import { ownName, standInNamespace } from './support/namespaces.ts';
import { pluginCommand } from './support/plugin.ts';
import { SlowStore } from './support/slow-store.ts';
import { heldIn, newStore } from './support/store.ts';
import { WAIT } from './support/stuck-adds.ts';

const TIMEOUT_MS = 120_000;
const DONE = { kind: 'done' };

beforeAll(() => pluginCommand('compiled'), TOOLS_TIMEOUT_MS);

// skip: groups meet in a folder of /run that belongs to root.
describe.skipIf(process.geteuid?.() !== 0).each(['compiled', 'node'] as const)('calls at the same time, of the %s plugin', (entry) => {
  async function prepare(timeoutSeconds: number) {
    const store = await newStore('etcd');
    await store.ipam.pools.create({ name: 'pods', spec: { cidr: '10.97.0.0/24', blockSize: 26 } });
    const slow = await SlowStore.before(store.url);
    const command = await pluginCommand(entry);
    const ipam = { type: 'plat', store: slow.url, nodename: 'node-a', timeoutSeconds };
    const conf = { cniVersion: '1.1.0', name: ownName('net'), ipam };
    const netns = await standInNamespace();
    const call = (verb: Verb, containerId: string) => ({ verb, conf, containerId, netns });
    const leader = startCall(command, call('ADD', 'leader'));
    await vi.waitUntil(() => slow.isKeepingBack, WAIT);
    expect(await guestsOf(leader.pid)).toBe(0);
    return {
      store,
      slow,
      leader,
      start: (verb: Verb, id: string) => startCall(command, call(verb, id)),
      run: (verb: Verb, id: string) => callPlugin(command, call(verb, id)),
    };
  }

  it('are carried out by the first, with its own', { timeout: TIMEOUT_MS }, async () => {
    const { store, slow, leader, start } = await prepare(100);
    const others = ['a', 'b', 'c'].map((id) => start('ADD', id));
    await vi.waitUntil(async () => (await guestsOf(leader.pid)) === others.length, WAIT);
    slow.letGo();
    const answers = await Promise.all([leader, ...others].map(async ({ ended }) => answerOf(await ended)));
    expect(answers).toEqual(answers.map(() => expect.objectContaining(DONE)));
    expect(new Set((await heldIn(store)).values()).size).toBe(4);
  });

  it('are carried out by each itself when the first is killed', { timeout: TIMEOUT_MS }, async () => {
    const { store, slow, leader, start } = await prepare(100);
    const others = ['a', 'b'].map((id) => start('ADD', id));
    await vi.waitUntil(async () => (await guestsOf(leader.pid)) === others.length, WAIT);
    slow.letGo();
    leader.kill();
    for (const { ended } of others) expect(answerOf(await ended)).toMatchObject(DONE);
    expect((await heldIn(store)).size).toBeGreaterThanOrEqual(others.length);
  });

  it('do not wait for long for one that is stopped, nor does any later one', { timeout: TIMEOUT_MS }, async () => {
    const { store, slow, leader, run } = await prepare(12);
    slow.letOthersPass();
    process.kill(leader.pid, 'SIGSTOP');
    expect(await run('ADD', 'a')).toMatchObject(DONE);
    expect(await run('DEL', 'a')).toMatchObject(DONE);
    expect(await run('ADD', 'b')).toMatchObject(DONE);
    leader.kill();
    await leader.ended;
    expect([...(await heldIn(store)).values()].map((handle) => handle.split('.').at(-1))).toEqual(['b']);
  });
});
