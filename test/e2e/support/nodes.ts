/** Nodes as network namespaces on one machine, with a cable between two of them. */
import { addNamespaces, batch } from './namespaces.ts';
import { output } from './run.ts';

/** With what the main plugins need there: a loopback, and an interface `uplink` for macvlan. */
export async function addNodes(names: readonly string[]): Promise<string[]> {
  const nodes = await addNamespaces(names);
  const lines = ['link set lo up', 'link add name uplink type veth peer name switch', 'link set uplink up', 'link set switch up'];
  for (const netns of nodes) {
    await batch(lines, netns);
    // Nobody else is there who could have an address: no second of waiting to find that out.
    await output('sh', ['-c', 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'], { netns });
  }
  return nodes;
}

/** The ends of the cable: in the first node, and in the second. */
const ENDS = [
  { v4: '192.0.2.1', v6: 'fd00:c0::1' },
  { v4: '192.0.2.2', v6: 'fd00:c0::2' },
] as const;

/** Connects two nodes. */
export async function connect([first, second]: readonly [string, string]): Promise<void> {
  await batch([`link add name cable netns ${first} type veth peer name cable netns ${second}`]);
  for (const [index, node] of [first, second].entries()) {
    const { v4, v6 } = ENDS[index as 0 | 1];
    await batch([`address add ${v4}/30 dev cable`, `address add ${v6}/64 dev cable nodad`, 'link set cable up'], node);
  }
}

/** Has each node send the networks of the other one over the cable. */
export async function route(nodes: readonly [string, string], networks: readonly [readonly string[], readonly string[]]): Promise<void> {
  for (const index of [0, 1] as const) {
    const other = (1 - index) as 0 | 1;
    const { v4, v6 } = ENDS[other];
    const lines = networks[other].map((network) => `route add ${network} via ${network.includes(':') ? v6 : v4}`);
    await batch(lines, nodes[index]);
  }
}
