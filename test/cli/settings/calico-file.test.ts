import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEtcd } from '../../support/etcd.ts';
import { runLine } from '../session.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plat-calico-file-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A calicoctl.cfg with these lines below `spec`. */
async function file(...spec: readonly string[]): Promise<string> {
  const path = join(folder, 'calicoctl.cfg');
  const lines = ['apiVersion: projectcalico.org/v3', 'kind: CalicoAPIConfig', 'metadata:', 'spec:', ...spec.map((line) => `  ${line}`)];
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

async function view(args: readonly string[], env: Record<string, string> = {}): Promise<Record<string, string | null>> {
  const { code, stdout, stderr } = await runLine(['config', 'view', ...args, '-o', 'json'], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { items } = JSON.parse(stdout) as { items: { name: string; value: string | null }[] };
  return Object.fromEntries(items.map(({ name, value }) => [name, value]));
}

describe('a calicoctl.cfg', () => {
  it('is a configuration file: its etcd is used, not that of the environment, wherever -c stands', async () => {
    const { endpoints, stop } = await startEtcd();
    try {
      const path = await file('datastoreType: "etcdv3"', `etcdEndpoints: "http://${endpoints[0]}"`);
      const env = { ETCD_ENDPOINTS: 'http://127.0.0.1:1', ETCD_CERT_FILE: '/nowhere.pem' };
      const made = await runLine(['create', 'ippool', 'p', '--cidr', '10.0.0.0/24', '-c', path, '--allow-version-mismatch'], { env });
      expect(made).toMatchObject({ code: 0, stderr: '' });
      for (const args of [
        ['ipam', 'show', '-c', path],
        ['-c', path, 'ipam', 'show', '--allow-version-mismatch'],
        ['ipam', 'show', `--config=${path}`],
        ['-c', path, 'get', 'ippool', '-o', 'wide'],
      ])
        expect(await runLine(args, { env })).toMatchObject({ code: 0, stdout: expect.stringContaining('10.0.0.0/24'), stderr: '' });
    } finally {
      await stop();
    }
  });

  it('gives login and TLS files, and never shows the password', async () => {
    const path = await file(
      'etcdEndpoints: https://a:1,https://b:2',
      'etcdUsername: root',
      'etcdPassword: hunter2',
      'etcdKeyFile: /k.pem',
      'etcdCertFile: /c.pem',
      'etcdCACertFile: /ca.pem',
      'k8sAPIEndpoint: ""',
    );
    expect(await view(['--config', path])).toMatchObject({
      store: 'etcd://',
      'etcd.endpoints': 'https://a:1,https://b:2',
      'etcd.username': 'root',
      'etcd.password': '(set, not shown)',
      'etcd.keyFile': '/k.pem',
      'etcd.certFile': '/c.pem',
      'etcd.caFile': '/ca.pem',
    });
    expect(await view([], { PLAT_CONFIG: path, PLAT_STORE: 'lmdb:/x' })).toMatchObject({ store: 'lmdb:/x' });
  });

  it('without addresses means the etcd of this machine, as Calico has it', async () => {
    expect(await view(['-c', await file('datastoreType: etcdv3', 'etcdEndpoints:')])).toMatchObject({
      store: 'etcd://',
      'etcd.endpoints': 'http://127.0.0.1:2379',
    });
  });

  it.each([
    [['datastoreType: kubernetes', 'kubeconfig: /k'], /spec\.datastoreType is 'kubernetes': the state is kept in etcd/],
    [['kubeconfig: /k'], /spec has no etcdEndpoints, so that Kubernetes is meant: the state is kept in etcd/],
    [['datastoreType: etcdv3', 'etcdKey: hunter2'], /spec\.etcdKey is not supported\. .*etcdKeyFile/],
    [['datastoreType: etcdv3', 'etcdCert: hunter2'], /spec\.etcdCert is not supported\. .*etcdCertFile/],
    [['datastoreType: etcdv3', 'etcdCACert: hunter2'], /spec\.etcdCACert is not supported\. .*etcdCACertFile/],
    [['datastoreType: etcdv3', 'etcdDiscoverySrv: example'], /spec\.etcdDiscoverySrv is not supported\. .*etcdEndpoints/],
    [['datastoreType: etcdv3', 'etcdEndpoint: http://a:1'], /spec\.etcdEndpoint is not known\. Known are .*etcdEndpoints/],
    [['etcdEndpoints: http://a:1', 'etcdPassword: 70817081'], /spec\.etcdPassword: expected is text/],
  ])('is refused with the reason, without a secret: %j', async (spec, reason) => {
    const { code, stdout, stderr } = await runLine(['ipam', 'show', '-c', await file(...spec)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(reason);
    expect(stderr).not.toMatch(/hunter2|7081/);
  });

  it('of another version is refused', async () => {
    const path = join(folder, 'v1.cfg');
    await writeFile(path, 'apiVersion: v1\nkind: CalicoAPIConfig\n');
    expect(await runLine(['get', 'nodes', '-c', path])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/apiVersion: expected is projectcalico\.org\/v3/),
    });
  });
});
