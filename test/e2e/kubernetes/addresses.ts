/** Who has which address: according to the store, to Kubernetes, and to the interfaces themselves. */
import { type BlockView, openIpam, openStore } from '../../../src/index.ts';
import { PREFIXES } from '../../../src/store/keys.ts';
import { type Cluster, NODES, STORE_ENDPOINT } from './cluster.ts';
import { NETWORK, POOL } from './networks.ts';
import { type Pod, pods } from './workload.ts';

/** An address that the store has given to a container. */
export interface Held {
  readonly ip: string;
  readonly handle: string;
  readonly node: string;
  readonly pod: string;
  readonly container: string;
}

export interface Store {
  /** Of containers of this network. */
  held(): Promise<readonly Held[]>;
  /** Ids of all handles. */
  handles(): Promise<readonly string[]>;
  /** Each block and the node that it is affine to. */
  blocks(): Promise<readonly { readonly cidr: string; readonly node: string }[]>;
  createPool(): Promise<void>;
  close(): Promise<void>;
}

export async function openPlatStore(): Promise<Store> {
  const store = await openStore(`etcd://${STORE_ENDPOINT}`);
  const ipam = openIpam({ store });
  const listed = async () => {
    const found: BlockView[] = [];
    for await (const block of ipam.listBlocks()) {
      if ('corruptKey' in block) throw new Error(`the store has a value that cannot be read: ${block.corruptKey}: ${block.reason}`);
      found.push(block);
    }
    return found;
  };
  return {
    blocks: async () => (await listed()).map(({ cidr, affinity }) => ({ cidr, node: affinity?.replace(/^host:/, '') ?? '' })),
    held: async () => {
      const found: Held[] = [];
      for (const block of await listed()) {
        for (const { ip, attribute } of block.held) {
          const handle = attribute?.handleId ?? '';
          const { node = '', pod = '', container = '' } = attribute?.secondary ?? {};
          if (handle.startsWith(NETWORK)) found.push({ ip, handle, node, pod, container });
        }
      }
      return found;
    },
    handles: async () => {
      const found: string[] = [];
      for await (const { entries } of store.list(PREFIXES.handles, { keysOnly: true })) {
        found.push(...entries.map(({ key }) => key.slice(PREFIXES.handles.length)));
      }
      return found;
    },
    createPool: async () => {
      const { name, ...spec } = POOL;
      await ipam.pools.create({ name, spec });
    },
    close: () => ipam.close(),
  };
}

/** What the interfaces of all pods of a node carry, by looking into each. */
async function interfaceAddresses(cluster: Cluster, node: (typeof NODES)[number]): Promise<string[]> {
  const look = 'for n in /run/netns/*; do [ ! -e "$n" ] || nsenter --net="$n" ip -4 -o addr show dev eth0; done 2>/dev/null || true';
  const output = await cluster.exec(node, ['sh', '-c', look]);
  return [...output.matchAll(/\binet ([0-9.]+)\//g)].map(([, ip]) => ip as string);
}

export interface Situation {
  readonly pods: readonly Pod[];
  readonly handles: readonly string[];
  readonly held: readonly Held[];
  /** On interfaces of different pods. */
  readonly duplicates: readonly string[];
  /** On an interface, or a pod's according to Kubernetes, and not held for that node: another pod could get it. */
  readonly unheld: readonly string[];
  /** Held, though no interface of that node has it. */
  readonly orphaned: readonly Held[];
  /** Interfaces and Kubernetes agree. */
  readonly consistent: boolean;
}

export async function situation(cluster: Cluster, store: Store): Promise<Situation> {
  const carried: string[] = [];
  for (const node of NODES) carried.push(...(await interfaceAddresses(cluster, node)).map((ip) => `n${node} ${ip}`));
  const known = await pods(cluster);
  const held = await store.held();
  const addresses = carried.map((each) => each.split(' ')[1] as string);
  const carriedSet = new Set(carried);
  const heldSet = new Set(held.map(({ node, ip }) => `${node} ${ip}`));
  const shown = known.map(({ node, ip }) => `${node} ${ip}`);
  return {
    pods: known,
    handles: await store.handles(),
    held,
    duplicates: addresses.filter((ip, index) => addresses.indexOf(ip) !== index),
    unheld: [...new Set([...carried, ...shown])].filter((each) => !heldSet.has(each)),
    orphaned: held.filter(({ node, ip }) => !carriedSet.has(`${node} ${ip}`)),
    consistent: shown.length === carried.length && shown.every((each) => carriedSet.has(each)),
  };
}
