/** Collection by the lists of a real kube-apiserver. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLine } from '../cli/session.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { temporaryFolder } from '../support/folder.ts';
import { writeKubeconfig } from '../support/kubernetes-lists.ts';
import { ADMIN_TOKEN, findKubeApiserver, type KubeApiserver, NOBODY_TOKEN, startKubeApiserver } from './support/kube-apiserver.ts';

const TIMEOUT_MS = 300_000;
/** More than one page of a list. */
const OTHER_PODS = 501;
const AT_ONCE = 20;
const PODS = '/api/v1/namespaces/default/pods';

const program = findKubeApiserver() ?? '';
if (program === '') {
  console.warn(
    'NOT TESTED here, lists of a real kube-apiserver: there is none in PLAT_K8S_HOME/bin (test/e2e/kubernetes/build.sh) or on PATH.',
  );
}

// skip: there is no kube-apiserver; the line above says so.
describe.skipIf(program === '')('a real kube-apiserver', { timeout: TIMEOUT_MS }, () => {
  let etcd: EtcdServers;
  let server: KubeApiserver;
  beforeAll(async () => {
    etcd = await startEtcd();
    server = await startKubeApiserver(program, etcd.endpoints[0] ?? '');
    await server.ask('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'worker-1' } });
    for (let at = 0; at < OTHER_PODS; at += AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, OTHER_PODS - at) }, (_, index) => at + index);
      await Promise.all(numbers.map((number) => addPod(`p${String(number).padStart(3, '0')}`)));
    }
  }, TIMEOUT_MS);
  afterAll(async () => {
    await server?.stop();
    await etcd?.stop();
  });

  const addPod = (name: string) =>
    server.ask('POST', PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { nodeName: 'worker-1', containers: [{ name: 'c', image: 'none' }] },
    });
  const removePod = (name: string) => server.ask('DELETE', `${PODS}/${name}?gracePeriodSeconds=0`);
  const kubeconfig = (token: string) => writeKubeconfig({ server: server.url, 'certificate-authority': server.caFile }, token);

  async function plat(line: string): Promise<string> {
    const { code, stdout, stderr } = await runLine(['--store', `etcd://${etcd.endpoints.join(',')}`, ...line.split(' ')]);
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    return stdout;
  }

  /** A pod with an address of the store, which its status tells. */
  async function attach(name: string): Promise<string> {
    await addPod(name);
    const attrs = `--attr pod=${name} --attr namespace=default --attr node=worker-1`;
    const { ips } = JSON.parse(await plat(`-o json ipam auto-assign --host worker-1 --handle net.${name} ${attrs}`)) as { ips: string[] };
    await server.ask('PATCH', `${PODS}/${name}/status`, { status: { podIP: ips[0], podIPs: [{ ip: ips[0] }] } });
    return ips[0] ?? '';
  }

  it('GC-02: two looks release the addresses of pods that were deleted, and none of those on the last page', async () => {
    await plat('create ippool pods --cidr 10.0.0.0/24');
    const lives = await attach('z-lives');
    const gone = await attach('z-gone');
    const config = await kubeconfig(ADMIN_TOKEN);
    expect(JSON.parse(await plat(`-o json ipam check --kubeconfig ${config}`))).toMatchObject({ addresses: { used: 2, leaked: 0 } });
    await removePod('z-gone');
    const collected = await plat(`ipam gc --kubeconfig ${config} --grace 1s --yes`);
    expect(collected).toContain(`${gone} released: it belongs to pod default/z-gone, which does not exist`);
    expect(collected).toContain('Released 1 address,');
    expect(await plat(`ipam show --ip ${lives}`)).toContain('is in use');

    // The same by its lists in files, as kubectl get --raw prints them.
    const later = await attach('z-later');
    await removePod('z-later');
    const folder = await temporaryFolder();
    const file = join(folder, 'pods.json');
    const line = `ipam gc --in-use-from ${file} --evidence-is-complete --observation ${join(folder, 'gc.json')} --grace 1ms --yes`;
    await writeFile(file, await server.ask('GET', '/api/v1/pods'));
    expect(await plat(line)).toContain('1 address seen once or too shortly');
    await removePod('p000');
    await writeFile(file, await server.ask('GET', '/api/v1/pods'));
    expect(await plat(line)).toContain(`${later} released: it belongs to pod default/z-later, which does not exist`);
    expect(await plat(`ipam show --ip ${lives}`)).toContain('is in use');
  });

  it('who may not list is told what is needed, and nothing is judged', async () => {
    const { code, stderr } = await runLine([
      '--store',
      `etcd://${etcd.endpoints.join(',')}`,
      'ipam',
      'check',
      '--kubeconfig',
      await kubeconfig(NOBODY_TOKEN),
    ]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('plat needs to list nodes and pods') });
    expect(stderr).not.toContain(NOBODY_TOKEN);
  });
});
