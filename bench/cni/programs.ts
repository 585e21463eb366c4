/** The programs that are timed as whole processes, each as a way to do one thing once. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openIpam } from '../../src/ipam/open.ts';
import { openStore } from '../../src/store/open.ts';
import { buildPlugin } from '../../test/e2e/support/plugin-build.ts';
import { findCniTools } from '../../test/e2e/support/tools.ts';

export type Command = readonly [program: string, ...args: string[]];

/** A CNI plugin with the configuration it is called with. */
export interface Plugin {
  readonly name: string;
  readonly command: Command;
  readonly conf: object;
}

export interface Programs {
  readonly compiledOnEtcd: Plugin;
  readonly nodeOnEtcd: Plugin;
  readonly compiledOnLmdb: Plugin;
  readonly nodeOnLmdb: Plugin;
  readonly hostLocal: Plugin;
  readonly shell: Plugin;
  /** Reads one key. */
  readonly etcdctl: Command;
  readonly versions: string;
  remove(): Promise<void>;
}

/** Pools as a node with one full-size block has them, on both stores. */
const POOL = '10.64.0.0/16';
const BLOCK_SIZE = 24;

/** @param endpoint `host:port` of an empty etcd */
export async function preparePrograms(endpoint: string): Promise<Programs> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-bench-cni-'));
  const { compiled, node, remove } = await buildPlugin();
  const tools = await findCniTools();
  const etcd = `etcd://${endpoint}`;
  const lmdb = `lmdb:${join(folder, 'store')}`;
  for (const url of [etcd, lmdb]) await createPool(url);
  const script = join(folder, 'nothing');
  await writeFile(script, '#!/bin/sh\ncat >/dev/null\n', { mode: 0o755 });
  const conf = (ipam: object) => ({ cniVersion: '1.0.0', name: 'bench', type: 'none', ipam });
  const plat = (name: string, command: Command, store: string): Plugin => ({
    name,
    command,
    conf: conf({ type: 'plat', store, nodename: 'node-1' }),
  });
  const asNode: Command = [process.execPath, node];
  const local = { type: 'host-local', dataDir: join(folder, 'host-local'), ranges: [[{ subnet: POOL }]] };
  return {
    compiledOnEtcd: plat('plat, compiled, etcd', [compiled], etcd),
    nodeOnEtcd: plat('plat, Node, etcd', asNode, etcd),
    compiledOnLmdb: plat('plat, compiled, LMDB', [compiled], lmdb),
    nodeOnLmdb: plat('plat, Node, LMDB', asNode, lmdb),
    hostLocal: { name: 'host-local', command: [join(tools.folder, 'host-local')], conf: conf(local) },
    shell: { name: 'a shell script that does nothing', command: [script], conf: conf({}) },
    etcdctl: ['etcdctl', `--endpoints=http://${endpoint}`, 'get', '/calico/ipam/v2/config'],
    versions: tools.source.replace(/, built in .*$/, ''),
    remove: async () => {
      await remove();
      await rm(folder, { recursive: true });
    },
  };
}

async function createPool(url: string): Promise<void> {
  const ipam = openIpam({ store: await openStore(url) });
  await ipam.pools.create({ name: 'bench', spec: { cidr: POOL, blockSize: BLOCK_SIZE } });
  // The first address makes the node's block: what is measured is the usual case.
  await ipam.autoAssign({ host: 'node-1', handle: 'first', num4: 1, registerNode: true });
  await ipam.close();
}

/** One call of the plugin, from start to exit; rejects when it fails. */
export function callOnce({ command, conf }: Plugin, verb: 'ADD' | 'DEL', containerId: string): Promise<void> {
  const env = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: containerId,
    CNI_IFNAME: 'eth0',
    CNI_NETNS: '/run/netns/none',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=${containerId}`,
  };
  return runOnce(command, env, JSON.stringify(conf));
}

export function runOnce(
  [program, ...args]: Command,
  env: Readonly<Record<string, string>> = { ETCDCTL_API: '3' },
  stdin = '',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { PATH: process.env['PATH'], ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        said += piece;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${said}`))));
    child.stdin.on('error', () => undefined).end(stdin);
  });
}
