/**
 * I11 with a real containerd: an ADD gets stuck, the runtime gives up and kills the main plugin, so that the IPAM plugin
 * is nobody's child; DEL is answered; then the ADD goes on. It must not keep an address.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Containerd, cniVersionOf, containerdProblem, containerds, startContainerd } from './support/containerd.ts';
import { cniTools, TOOLS_TIMEOUT_MS } from './support/machine.ts';
import { pluginCommand } from './support/plugin.ts';
import type { PluginProcess } from './support/plugin-processes.ts';
import { layOutPlugins, type RuntimePlugins } from './support/runtime-plugins.ts';
import { newEmbeddedStore, newGatedStore, newRuntimeStore, type RuntimeStore } from './support/runtime-store.ts';
import type { StoreGate } from './support/store-gate.ts';
import { lockStore, type StoreLock, waitsForLock } from './support/store-lock.ts';
import { type Started, StuckAdds, WAIT } from './support/stuck-adds.ts';
import type { CniTools } from './support/tools.ts';

const TIMEOUT_MS = 300_000;
const NODE = 'node-1';
const POOL = { cidr: '10.91.0.0/24', blockSize: 26 };
/** When the runtime gives up by itself, at first. */
const PATIENCE_MS = 2_000;

const problem = containerdProblem();
if (problem !== undefined) console.warn(`NOT TESTED here, an ADD that outlives the patience of a containerd: ${problem}.`);
const found = problem === undefined ? containerds() : [{ folder: '', version: 'of any version' }];

// skip: no containerd can be run here; the line above says why.
describe.skipIf(problem !== undefined).each(found)('an ADD that outlives containerd $version', { timeout: TIMEOUT_MS }, (binaries) => {
  let tools: CniTools;
  let plugins: RuntimePlugins;
  let containerd: Containerd;
  let adds: StuckAdds;
  let networks = 0;

  beforeAll(async () => {
    tools = await cniTools();
    plugins = await layOutPlugins(tools);
    await plugins.use(await pluginCommand('compiled'));
    containerd = await startContainerd(binaries, plugins.folder);
    adds = new StuckAdds(containerd, plugins);
  }, TOOLS_TIMEOUT_MS);

  afterAll(async () => {
    await containerd?.stop();
    await plugins?.remove();
  });

  afterEach(() => plugins.passAdds());

  /** Pods get their addresses from this store from now on; it goes when the test ends. */
  async function use(store: RuntimeStore): Promise<void> {
    onTestFinished(() => store.remove());
    await store.addPool(POOL.cidr, POOL.blockSize);
    const plugin = { type: 'bridge', bridge: `cni${++networks}`, ipam: { type: 'plat', store: store.url, nodename: NODE } };
    await containerd.configure({ cniVersion: cniVersionOf(binaries, tools), name: `late-${networks}`, plugins: [plugin] });
  }

  describe.each(['lmdb', 'etcd'] as const)('held before its start, on %s', (kind) => {
    let store: RuntimeStore;

    beforeEach(async () => {
      store = await newRuntimeStore(kind, containerd.machine);
      await use(store);
      await plugins.holdAdds();
    });

    async function wakeUp(held: PluginProcess): Promise<void> {
      process.kill(held.pid, 'SIGCONT');
      await adds.ended(held);
      expect(await store.left()).toEqual([]);
    }

    it('I11 when the main plugin is killed: takes nothing', async () => {
      const starting = adds.startPod();
      const held = await adds.pluginThat(({ isStopped }) => isStopped);
      await adds.giveUp(starting);
      await wakeUp(held);
    });

    it('I11 when the runtime has no time left: takes nothing', async () => {
      // On a busy machine it may give up before the plugin is called.
      for (let timeoutMs = PATIENCE_MS; ; timeoutMs *= 2) {
        const starting = adds.startPod({ timeoutMs });
        const held = await Promise.race([adds.pluginThat(({ isStopped }) => isStopped), starting.then(() => undefined)]);
        if (held === undefined) continue;
        await adds.failed(starting, held);
        return await wakeUp(held);
      }
    });
  });

  /** Whether the ADD had a request or reply of this number, to be held until DEL was answered. */
  async function isHeldAt(turn: number, gate: StoreGate, end: 'wakes up' | 'is killed'): Promise<boolean> {
    gate.holdAt(turn);
    let started: Started | undefined;
    const starting = adds.startPod().then((outcome) => {
      started = outcome;
      return outcome;
    });
    await vi.waitUntil(() => gate.isHolding || started !== undefined, WAIT);
    if (started !== undefined) {
      gate.letGo();
      await adds.removeStarted(started);
      return false;
    }
    const held = await adds.pluginThat(() => true);
    await adds.giveUp(starting, end === 'is killed' ? [held] : []);
    gate.letGo();
    await adds.ended(held);
    await gate.quiet();
    return true;
  }

  it.each([
    ['claims a block', 'wakes up'],
    ['claims a block', 'is killed'],
    ['has a block', 'wakes up'],
    ['has a block', 'is killed'],
  ] as const)('I11 held at each request and reply, on etcd, when it %s and %s: takes nothing', async (state, end) => {
    const { store, gate } = await newGatedStore(containerd.machine);
    await use(store);
    if (state === 'has a block') await store.visit(({ ipam }) => ipam.ensureBlock({ host: NODE }));
    let turn = 1;
    while (await isHeldAt(turn, gate, end)) {
      expect(await store.left(), `after turn ${turn}`).toEqual([]);
      if (state === 'claims a block') await store.visit(({ ipam }) => ipam.releaseHostAffinities({ host: NODE }));
      turn++;
    }
    expect(await store.left()).toEqual([]);
    // A request that reads and one that commits, each with its reply, are the least there can be.
    expect(turn).toBeGreaterThan(4);
  });

  describe('on LMDB', () => {
    let store: RuntimeStore;
    const lock = () => lockStore(containerd.machine, store.url.replace('lmdb:', ''));

    beforeEach(async () => {
      store = await newEmbeddedStore();
      await use(store);
    });

    /** What waits for the lock goes on only after DEL was answered. */
    async function outlive(starting: Promise<Started>, held: StoreLock): Promise<void> {
      const plugin = await adds.pluginThat(({ pid }) => waitsForLock(pid));
      process.kill(plugin.pid, 'SIGSTOP');
      await held.release();
      await adds.giveUp(starting);
      process.kill(plugin.pid, 'SIGCONT');
      await adds.ended(plugin);
      expect(await store.left()).toEqual([]);
    }

    it('I11 held by the write lock when it opens the store: takes nothing', async () => {
      const held = lock();
      await held.held();
      await outlive(adds.startPod(), held);
    });

    /** Undefined: the plugin came before who waited for the lock to hold it up there. */
    async function heldAfterReading(starting: Promise<Started>, first: StoreLock): Promise<StoreLock | undefined> {
      const second = lock();
      await adds.pluginThat(({ pid }) => waitsForLock(pid));
      await second.queued();
      await first.release();
      await second.held();
      const isHeld = await Promise.race([adds.pluginThat(({ pid }) => waitsForLock(pid)), starting.then(() => undefined)]);
      if (isHeld) return second;
      await second.release();
      return undefined;
    }

    it('I11 held by the write lock when it has read: takes nothing', async () => {
      for (;;) {
        const first = lock();
        await first.held();
        const starting = adds.startPod();
        const held = await heldAfterReading(starting, first);
        if (held) return await outlive(starting, held);
        await adds.removeStarted(await starting);
      }
    });
  });
});
