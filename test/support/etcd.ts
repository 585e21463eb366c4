/** Real etcd for tests: the one of the run, or servers of a test's own. */
import { ask } from './broker.ts';
import type { EtcdBinary } from './etcd-binary.ts';
import { type EtcdServers, type ServerOptions, startServers } from './etcd-server.ts';
import type { SharedEtcd } from './globalSetup.ts';

export type { EtcdServers } from './etcd-server.ts';

/** The etcd that all tests of the run share: use keys of your own, and do not compact it. */
export async function sharedEtcd(): Promise<SharedEtcd> {
  return (await ask('/shared')) as SharedEtcd;
}

/** An etcd of this test alone, to kill, hang, fill or lock; `stop` it in the end. Always by a program, never a container. */
export async function startEtcd(options: ServerOptions = {}): Promise<EtcdServers> {
  return await startServers(await etcdBinary(), options);
}

/** The program of {@link startEtcd}. */
export async function etcdBinary(): Promise<EtcdBinary> {
  return (await ask('/binary')) as EtcdBinary;
}
