/** Controllers as operators run them: processes of the built program on one etcd, one of them killed with no word. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startEtcd } from '../../support/etcd.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { type Installed, install } from '../../support/installed.ts';
import { serveLists } from '../../support/kubernetes-lists.ts';
import { start } from '../../support/running.ts';

const TIMEOUT_MS = 300_000;
const LEADS = 'this process collects';
const WAITS = 'another process collects; waiting';

let plat: Installed;
let store: string;
let stopEtcd: () => Promise<void>;
beforeAll(async () => {
  plat = await install();
  const { endpoints, stop } = await startEtcd();
  stopEtcd = stop;
  store = `etcd://${endpoints.join(',')}`;
  await run('create ippool pods --cidr 10.0.0.0/24');
}, TIMEOUT_MS);
afterAll(async () => {
  await stopEtcd?.();
  await plat?.remove();
});

async function run(line: string): Promise<{ readonly ips: readonly string[] }> {
  const { code, stdout, stderr } = await plat.run(['--store', store, '-o', 'json', ...line.split(' ')]);
  expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
  return JSON.parse(stdout) as { readonly ips: readonly string[] };
}

async function assign(pod: string): Promise<string> {
  const attrs = `--attr pod=${pod} --attr namespace=default --attr node=worker-1`;
  const { ips } = await run(`ipam auto-assign --host worker-1 --handle net.${pod} ${attrs}`);
  return ips[0] ?? '';
}

describe('two controllers', { timeout: TIMEOUT_MS }, () => {
  it('one leads; when it is killed the other takes over, and collects what two of its own looks saw leaked', async () => {
    const living = await assign('lives');
    const pod = { metadata: { namespace: 'default', name: 'lives' }, spec: { nodeName: 'worker-1' }, status: { podIP: living } };
    const kubeconfig = await serveLists((url) => ({
      status: 200,
      body: { metadata: {}, items: url.startsWith('/api/v1/pods') ? [pod] : [{ metadata: { name: 'worker-1' } }] },
    }));
    const watch = `--store ${store} ipam gc --watch --kubeconfig ${kubeconfig} --grace 1s --interval 100ms --yes`.split(' ');
    const first = start(plat, watch);
    await first.says('stderr', LEADS);
    const second = start(plat, watch);
    await second.says('stderr', WAITS);
    await first.says('stdout', 'Released 0 addresses');
    expect(second.stdout()).toBe('');

    await first.kill();
    const leaked = await assign('gone');
    await second.says('stderr', LEADS);
    await second.says('stdout', `${leaked} released: it belongs to pod default/gone, which does not exist`);
    const seen = second.stdout().indexOf('1 address seen once or too shortly');
    expect(seen).toBeGreaterThanOrEqual(0);
    expect(seen).toBeLessThan(second.stdout().indexOf(`${leaked} released`));
    expect(await run(`ipam check --kubeconfig ${kubeconfig}`)).toMatchObject({ problems: 0, addresses: { used: 1, leaked: 0 } });
  });
});

describe('a controller with files', { timeout: TIMEOUT_MS }, () => {
  it('a copy of the list it looked at is no second look, however often it looks at it; a new list is', async () => {
    const living = await assign('lives-on');
    const leaked = await assign('went');
    const file = join(await temporaryFolder(), 'in-use.txt');
    // What the other test of this store holds counts as in use.
    const list = (comment: string) => writeFile(file, `# ${comment}\n${living}\nnet.lives\n`);
    await list('first');
    const evidence = `--in-use-from ${file} --evidence-is-complete`;
    const controller = start(plat, `--store ${store} ipam gc --watch ${evidence} --grace 1ms --interval 1ms --yes`.split(' '));
    const rounds = () => controller.stdout().split(' held: ').length - 1;
    const untilLooked = (times: number) => vi.waitFor(() => expect(rounds()).toBeGreaterThanOrEqual(times), { timeout: 90_000 });
    await untilLooked(1);
    await list('first');
    await untilLooked(rounds() + 2);
    expect(controller.stdout()).not.toContain(`${leaked} released`);
    await list('second');
    await controller.says('stdout', `${leaked} released: it is not in the list of what is in use`);
  });
});
