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

/** Undefined members: nothing is known about it, so nothing is judged by it. */
export interface Inventory {
  readonly nodes?: NodeNames;
  /** By `namespace/name`. */
  readonly pods?: ReadonlyMap<string, Pod>;
  /**
   * Namespaces that `pods` is about; absent: all of them. A list of one namespace looks like a list of all in every other way,
   * so of a text only the namespaces count that it names; one without any pod says that there is none at all.
   */
  readonly podNamespaces?: ReadonlySet<string>;
  /** Addresses, handles and container ids in use. */
  readonly inUse?: ReadonlySet<string>;
  /** The node that `inUse` is about; absent: the whole cluster. */
  readonly host?: string;
}

export function podKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** Two inventories of the same moment as one: what either says is in use, is. */
export function mergedInventory(a: Inventory, b: Inventory): Inventory {
  const nodes =
    a.nodes && b.nodes
      ? { names: new Set([...a.nodes.names, ...b.nodes.names]), isComplete: a.nodes.isComplete && b.nodes.isComplete }
      : (a.nodes ?? b.nodes);
  const pods = a.pods || b.pods ? new Map([...(a.pods ?? []), ...(b.pods ?? [])]) : undefined;
  const podNamespaces = mergedNamespaces(a, b);
  const inUse = a.inUse || b.inUse ? new Set([...(a.inUse ?? []), ...(b.inUse ?? [])]) : undefined;
  const host = a.host ?? b.host;
  return {
    ...(nodes && { nodes }),
    ...(pods && { pods }),
    ...(podNamespaces && { podNamespaces }),
    ...(inUse && { inUse }),
    ...(host !== undefined && { host }),
  };
}

/** Undefined: all; also when one of two inventories is about all. */
function mergedNamespaces(a: Inventory, b: Inventory): ReadonlySet<string> | undefined {
  const parts = [a, b].filter(({ pods }) => pods !== undefined).map(({ podNamespaces }) => podNamespaces);
  return parts.length > 0 && parts.every((part) => part !== undefined) ? new Set(parts.flatMap((part) => [...part])) : undefined;
}
