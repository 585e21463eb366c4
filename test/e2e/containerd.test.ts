/** A real containerd, asked as a kubelet asks it, with plat as the IPAM of the bridge plugin. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Containerd, cniVersionOf, containerdProblem, containerds, startContainerd } from './support/containerd.ts';
import type { Condition } from './support/cri.ts';
import { cniTools, TOOLS_TIMEOUT_MS } from './support/machine.ts';
import { type Entry, pluginCommand } from './support/plugin.ts';
import { layOutPlugins, type RuntimePlugins } from './support/runtime-plugins.ts';
import { newRuntimeStore, type RuntimeStore } from './support/runtime-store.ts';
import type { StoreKind } from './support/store.ts';
import type { CniTools } from './support/tools.ts';

const TIMEOUT_MS = 240_000;
const NETWORK = { cidr: '10.90.0.0/26', blockSize: 26 };
/** Of 8 addresses, the first, the gateway and the last are no pod's. */
const SMALL_NETWORK = { cidr: '10.90.0.0/29', blockSize: 29, podsMax: 5 };

/** What an operator reads in an event of the pod, or as the condition of the node. */
const FULL = /cannot assign (an address|addresses): .*none can be given.*pods \(10\.90\.0\.0\/29\)/s;

const problem = containerdProblem();
if (problem !== undefined) console.warn(`NOT TESTED here, pods of a containerd: ${problem}.`);
const found = problem === undefined ? containerds() : [{ folder: '', version: 'of any version' }];

// skip: no containerd can be run here; the line above says why.
describe.skipIf(problem !== undefined).each(found)('containerd $version', { timeout: TIMEOUT_MS }, (binaries) => {
  let tools: CniTools;
  let plugins: RuntimePlugins;
  let containerd: Containerd;
  let networks = 0;

  beforeAll(async () => {
    tools = await cniTools();
    plugins = await layOutPlugins(tools);
    containerd = await startContainerd(binaries, plugins.folder);
  }, TOOLS_TIMEOUT_MS);

  afterAll(async () => {
    await containerd?.stop();
    await plugins?.remove();
  });

  /** A network of its own, with an empty store. */
  async function openNetwork(entry: Entry, kind: StoreKind, pool: typeof NETWORK): Promise<{ name: string; store: RuntimeStore }> {
    const name = `pods-${++networks}`;
    await plugins.use(await pluginCommand(entry));
    const store = await newRuntimeStore(kind, containerd.machine);
    onTestFinished(() => store.remove());
    await store.addPool(pool.cidr, pool.blockSize);
    const ipam = { type: 'plat', store: store.url, nodename: 'node-1' };
    const plugin = { type: 'bridge', bridge: `cni${networks}`, isGateway: true, ipam };
    await containerd.configure({ cniVersion: cniVersionOf(binaries, tools), name, plugins: [plugin] });
    return { name, store };
  }

  async function remove(id: string): Promise<void> {
    await containerd.cri.stopPodSandbox(id);
    await containerd.cri.removePodSandbox(id);
  }

  async function readiness(): Promise<Condition | undefined> {
    return (await containerd.cri.conditions()).find(({ type }) => type === 'NetworkReady');
  }

  it.each([
    [30, 'compiled', 'lmdb'],
    [30, 'compiled', 'etcd'],
    [5, 'node', 'etcd'],
  ] as const)('I1 gives %i pods at once different addresses, and frees them all: %s plugin on %s', async (count, entry, kind) => {
    const { cri } = containerd;
    const { name, store } = await openNetwork(entry, kind, NETWORK);
    const pods = Array.from({ length: count }, (_, index) => ({ name: `pod-${index}`, namespace: 'team-a' }));
    const ids = await Promise.all(pods.map((pod) => cri.runPodSandbox(pod)));
    const addresses = (await Promise.all(ids.map((id) => cri.addressesOf(id)))).flat();
    expect(addresses).toHaveLength(count);
    expect(new Set(addresses).size).toBe(count);
    const held = [...(await store.held())].sort();
    expect(held).toEqual(addresses.map((address, index) => [address, `${name}.${ids[index]}`]).sort());
    const { active } = await store.visit(({ ipam }) => ipam.getAssignmentAttributes({ ip: addresses[0] as string }));
    expect(active).toMatchObject({ pod: 'pod-0', namespace: 'team-a', node: 'node-1', network: name, container: ids[0] });

    await Promise.all(ids.map(remove));
    expect(await store.left()).toEqual([]);
  });

  it.each(['lmdb', 'etcd'] as const)('says what is wrong when a pool on %s is full', async (kind) => {
    const { cri } = containerd;
    const { store } = await openNetwork('compiled', kind, SMALL_NETWORK);
    const start = (index: number) => cri.runPodSandbox({ name: `full-${index}`, namespace: 'team-a' });
    const ids = await Promise.all(Array.from({ length: SMALL_NETWORK.podsMax }, (_, index) => start(index)));
    await expect(start(ids.length)).rejects.toThrow(FULL);
    expect((await store.held()).size).toBe(SMALL_NETWORK.podsMax);
    // CNI 1.1: the runtime asks the plugin, which sees the whole of an embedded store.
    if (kind === 'lmdb' && cniVersionOf(binaries, tools) === '1.1.0')
      expect(await readiness()).toMatchObject({ status: false, message: expect.stringMatching(FULL) });
    await Promise.all(ids.map(remove));
    expect(await store.left()).toEqual([]);
    expect(await readiness()).toMatchObject({ status: true });
  });
});
