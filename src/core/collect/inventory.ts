/** What somebody else says is alive: the evidence that a collection judges allocations by. */

/** A pod as its cluster knows it. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string | undefined;
  /** Canonical; empty as long as the cluster has not been told. */
  readonly ips: readonly string[];
  /** It has the addresses of its node, and none of ours. */
  readonly isHostNetwork: boolean;
  /** Succeeded or failed: its containers are gone for good. */
  readonly isOver: boolean;
}

export interface NodeNames {
  readonly names: ReadonlySet<string>;
  /**
   * Every node that may hold addresses is named. False for the nodes of a Kubernetes cluster: a node record without a link to
   * one of those may be a host that the cluster does not know (GC-13).
   */
  readonly isComplete: boolean;
}

/** The lists of an inventory. */
export type Listed = 'nodes' | 'pods' | 'inUse';

/** Undefined members: nothing is known about it, so nothing is judged by it. */
export interface Inventory {
  readonly nodes?: NodeNames;
  /** By `namespace/name`. */
  readonly pods?: ReadonlyMap<string, Pod>;
  /** Addresses, handles and container ids in use. */
  readonly inUse?: ReadonlySet<string>;
  /** The node that `inUse` is about; absent: the whole cluster. */
  readonly host?: string;
  /**
   * Lists that may be a part of the whole. They only protect: whom they show alive lives, and nobody is gone because of them.
   * Absent: all lists are whole.
   */
  readonly parts?: ReadonlySet<Listed>;
}

export function podKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** The same lists, none of them known to be whole. */
export function asParts({ parts: _, ...inventory }: Inventory): Inventory {
  return { ...inventory, parts: new Set(listsOf(inventory)) };
}

function listsOf({ nodes, pods, inUse }: Inventory): Listed[] {
  return [...(nodes ? ['nodes' as const] : []), ...(pods ? ['pods' as const] : []), ...(inUse ? ['inUse' as const] : [])];
}

/** Two inventories of the same moment as one: what either says is in use, is. A whole list stays whole when a part is added. */
export function mergedInventory(a: Inventory, b: Inventory): Inventory {
  const nodes = mergedNodes(a, b);
  const pods = a.pods && b.pods ? mergedPods(a.pods, b.pods) : (a.pods ?? b.pods);
  const inUse = a.inUse || b.inUse ? new Set([...(a.inUse ?? []), ...(b.inUse ?? [])]) : undefined;
  const host = a.host ?? b.host;
  const whole = [a, b].flatMap((each) => listsOf(each).filter((list) => !each.parts?.has(list)));
  const parts = [...(a.parts ?? []), ...(b.parts ?? [])].filter((list) => !whole.includes(list));
  return {
    ...(nodes && { nodes }),
    ...(pods && { pods }),
    ...(inUse && { inUse }),
    ...(host !== undefined && { host }),
    ...(parts.length > 0 && { parts: new Set(parts) }),
  };
}

function mergedNodes(a: Inventory, b: Inventory): NodeNames | undefined {
  if (!a.nodes || !b.nodes) return a.nodes ?? b.nodes;
  const whole = [a, b].filter(({ parts }) => !parts?.has('nodes'));
  const isComplete = (whole.length > 0 ? whole : [a, b]).every(({ nodes }) => nodes?.isComplete);
  return { names: new Set([...a.nodes.names, ...b.nodes.names]), isComplete };
}

/** Of two lists one may be older: a pod that both have lives when it lives in one, with the addresses of both. */
function mergedPods(a: ReadonlyMap<string, Pod>, b: ReadonlyMap<string, Pod>): ReadonlyMap<string, Pod> {
  const merged = new Map(a);
  for (const [key, pod] of b) {
    const other = a.get(key);
    merged.set(key, other ? mergedPod(other, pod) : pod);
  }
  return merged;
}

function mergedPod(a: Pod, b: Pod): Pod {
  if (a.isOver !== b.isOver) return a.isOver ? b : a;
  return {
    ...a,
    node: a.node === b.node ? a.node : undefined,
    // No address is "none yet", which may be any.
    ips: a.ips.length === 0 || b.ips.length === 0 ? [] : [...new Set([...a.ips, ...b.ips])],
    isHostNetwork: a.isHostNetwork && b.isHostNetwork,
  };
}
