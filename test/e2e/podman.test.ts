/** A real podman with the CNI backend, and plat on an embedded store as the IPAM of the bridge plugin. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { cniTools, TOOLS_TIMEOUT_MS } from './support/machine.ts';
import { pluginCommand } from './support/plugin.ts';
import { addsUnderWay, isAlive } from './support/plugin-processes.ts';
import { type Podman, podmanProblem, startPodman } from './support/podman.ts';
import { layOutPlugins, type RuntimePlugins } from './support/runtime-plugins.ts';
import { newEmbeddedStore, type RuntimeStore } from './support/runtime-store.ts';
import { WAIT } from './support/stuck-adds.ts';

const TIMEOUT_MS = 240_000;
/** Of its 16 addresses, the first, the gateway and the last are no container's. */
const NETWORK = { cidr: '10.92.0.0/28', blockSize: 28, gateway: '10.92.0.1', containersMax: 13 };
const AT_ONCE = 10;

const problem = podmanProblem();
if (problem !== undefined) console.warn(`NOT TESTED here, containers of podman: ${problem}.`);

interface Bed {
  readonly podman: Podman;
  readonly store: RuntimeStore;
}

// skip: podman cannot be run here; the line above says why.
describe.skipIf(problem !== undefined)('podman', { timeout: TIMEOUT_MS }, () => {
  let plugins: RuntimePlugins;

  beforeAll(async () => {
    plugins = await layOutPlugins(await cniTools());
    await plugins.use(await pluginCommand('compiled'));
  }, TOOLS_TIMEOUT_MS);

  afterAll(() => plugins?.remove());

  /** A podman with one network; it goes when the test ends. `pools`: addresses of a pool, as Calico's; `ranges`: as host-local's. */
  async function start(style: 'pools' | 'ranges'): Promise<Bed> {
    const store = await newEmbeddedStore();
    onTestFinished(() => store.remove());
    if (style === 'pools') await store.addPool(NETWORK.cidr, NETWORK.blockSize);
    const ranges = style === 'ranges' ? { ranges: [[{ subnet: NETWORK.cidr }]] } : {};
    const ipam = { type: 'plat', store: store.url, ...ranges, routes: [{ dst: '0.0.0.0/0' }] };
    const plugin = { type: 'bridge', bridge: 'cni0', isGateway: true, capabilities: { ips: true }, ipam };
    const podman = await startPodman(plugins.folder, { cniVersion: '1.0.0', name: 'containers', plugins: [plugin] });
    onTestFinished(() => podman.stop());
    return { podman, store };
  }

  /** The address in the container's own interface. */
  async function run({ podman }: Bed, name: string, options?: readonly string[]): Promise<string> {
    expect(await podman.start(name, options)).toMatchObject({ code: 0, stderr: '' });
    const [address = '', ...more] = await podman.addressesIn(name);
    expect(more).toEqual([]);
    expect(address).toMatch(/^10\.92\.0\.\d+\/28$/);
    return address.replace('/28', '');
  }

  it.each(['pools', 'ranges'] as const)('I1 has different addresses for all containers, until there are no more: %s', async (style) => {
    const bed = await start(style);
    const { podman, store } = bed;
    const first = await run(bed, 'first');
    expect(await podman.output('exec', 'first', '/bin/ip', 'route')).toContain(`default via ${NETWORK.gateway} `);
    expect(await run(bed, 'asked', ['--ip', '10.92.0.9'])).toBe('10.92.0.9');
    const names = Array.from({ length: AT_ONCE }, (_, index) => `at-once-${index}`);
    const many = await Promise.all(names.map((name) => run(bed, name)));
    const last = await run(bed, 'last');
    const given = [first, '10.92.0.9', ...many, last];
    expect(given).toHaveLength(NETWORK.containersMax);
    expect([...(await store.held()).keys()].sort()).toEqual(given.sort());

    const refused = await podman.start('one-more');
    expect(refused).toMatchObject({
      code: 126,
      stderr: expect.stringMatching(/cannot assign an address: .*no address is free.*10\.92\.0\.0\/28/s),
    });
    await podman.output('rm', '--force', '--time', '0', '--all');
    expect(await store.left()).toEqual([]);
  });

  it('gives a container that is started again an address again', async () => {
    const bed = await start('pools');
    const { podman, store } = bed;
    await run(bed, 'again');
    await podman.output('stop', '--time', '0', 'again');
    expect(await store.left()).toEqual([]);
    await podman.output('start', 'again');
    const [address] = await podman.addressesIn('again');
    const [[held, handle] = []] = await store.held();
    expect(address).toBe(`${held}/28`);
    expect(handle).toBe(`containers.${await podman.output('inspect', '--format', '{{.Id}}', 'again')}`);
  });

  it('goes up from address to address with ranges, as host-local does, before it uses one again', async () => {
    const bed = await start('ranges');
    expect(await run(bed, 'a')).toBe('10.92.0.2');
    expect(await run(bed, 'b')).toBe('10.92.0.3');
    await bed.podman.output('rm', '--force', '--time', '0', 'a');
    expect(await run(bed, 'c')).toBe('10.92.0.4');
  });

  it('I11 uses a container id again after an ADD that outlived its DEL', async () => {
    const bed = await start('ranges');
    const { podman, store } = bed;
    const kept = await run(bed, 'kept');
    onTestFinished(() => plugins.passAdds());
    await plugins.holdAdds();
    const starting = podman.start('late');
    const stuck = await vi.waitUntil(async () => {
      const adds = await addsUnderWay(plugins.folder);
      return adds.some(({ role, isStopped }) => role === 'ipam' && isStopped) ? adds : undefined;
    }, WAIT);
    for (const { pid } of stuck.filter(({ role }) => role === 'main')) process.kill(pid, 'SIGKILL');
    expect(await starting).toMatchObject({ code: 126 });
    const [late] = stuck.filter(({ role }) => role === 'ipam');
    expect(await plugins.hasDeleted(late!.containerId)).toBe(true);
    process.kill(late!.pid, 'SIGCONT');
    await vi.waitUntil(async () => !(await isAlive(late!.pid)), WAIT);
    expect([...(await store.held()).keys()]).toEqual([kept]);

    await plugins.passAdds();
    await podman.output('start', 'late');
    expect([...(await store.held()).values()]).toContain(`containers.${late!.containerId}`);
    await podman.output('rm', '--force', '--time', '0', '--all');
    expect(await store.left()).toEqual([]);
  });
});
