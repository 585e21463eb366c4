/** Is somebody behind an allocation? Judged by evidence, and never by the lack of it (GC-02 to GC-08, GC-13). */
import { isKeptByHost, sanitisedHandle } from '../block.ts';
import { isJsonArray, isJsonObject } from '../json.ts';
import type { Attribute, Node, Owner } from '../records.ts';
import { memberObject, memberText } from '../resource.ts';
import { type Inventory, type Pod, podKey } from './inventory.ts';

export interface Allocation {
  readonly ip: string;
  /** Undefined: the index points to no entry. */
  readonly attribute: Attribute | undefined;
  /** Of the block. */
  readonly owner: Owner | undefined;
}

/**
 * `used`: somebody is there. `unknown`: the evidence does not say. `leaked`: the evidence says that nobody is there.
 * `why` continues a sentence that begins with the address.
 */
export interface Verdict {
  readonly kind: 'used' | 'unknown' | 'leaked';
  readonly why: string;
}

const used = (why: string): Verdict => ({ kind: 'used', why });
const unknown = (why: string): Verdict => ({ kind: 'unknown', why });
const leaked = (why: string): Verdict => ({ kind: 'leaked', why });

/** Per node of the store: names of its Kubernetes nodes, as far as it is linked to any (data model §7.3). */
export type NodeLinks = ReadonlyMap<string, readonly string[]>;

export function linksOf({ object }: Node): readonly string[] {
  const refs = memberObject(object, 'spec')?.get('orchRefs');
  if (!isJsonArray(refs)) return [];
  return refs.flatMap((ref) => (isJsonObject(ref) && memberText(ref, 'orchestrator') === 'k8s' ? (memberText(ref, 'nodeName') ?? []) : []));
}

/** GC-13: false also when it cannot be told. */
export function isNodeGone(name: string, { nodes, parts }: Inventory, links: NodeLinks): boolean {
  if (!nodes || parts?.has('nodes') || nodes.names.has(name)) return false;
  const linked = links.get(name);
  if (linked === undefined) return true;
  return linked.length > 0 ? !linked.some((other) => nodes.names.has(other)) : nodes.isComplete;
}

export function judge({ ip, attribute, owner }: Allocation, inventory: Inventory, links: NodeLinks): Verdict {
  const { inUse, host, pods, parts } = inventory;
  const attrs = attribute?.secondary ?? {};
  const node = attrs['node'];
  const other = attribute?.alternate?.['node'];
  if (isKeptByHost(attribute)) return used('is kept by its host');
  if (attribute?.handleId === undefined) return unknown('is held without a handle');
  if (owner?.type === 'virtual' || attrs['service'] !== undefined) return unknown('belongs to a service');
  if (attrs['vmi-name'] !== undefined || attrs['vm-uid'] !== undefined) return unknown('belongs to a virtual machine');
  const handle = sanitisedHandle(attribute.handleId);
  if (inUse && (inUse.has(ip) || inUse.has(handle) || inUse.has(containerOf(handle)))) return used('is in the list of what is in use');
  if (host !== undefined && node !== host) return unknown(`is not of node ${host}`);
  const isNamedGone = (name: string) => isNodeGone(name, inventory, links);
  // Of two owners (AT) the other one may live.
  const isGone = node !== undefined && isNamedGone(node) && (other === undefined || isNamedGone(other));
  if (attrs['type']?.endsWith('TunnelAddress'))
    return isGone ? leaked(`is a tunnel of node ${node}, which is gone`) : used('is a tunnel of its node');
  const named = podsNamed(attribute);
  const byPod = verdictByPods(named, ip, pods);
  const arePodsWhole = pods !== undefined && !parts?.has('pods');
  if (byPod && (arePodsWhole || byPod.kind === 'used')) return byPod;
  // What names no pod may live on (GC-07): a list of pods would not call it leaked either.
  if (isGone && !arePodsWhole && named.length > 0) return leaked(`belongs to node ${node}, which is gone`);
  if (inUse && !parts?.has('inUse')) return leaked('is not in the list of what is in use');
  if (parts && !arePodsWhole) return unknown(NO_WHOLE_LIST);
  return unknown(named.length > 0 ? 'belongs to a pod, and pods were not given' : 'does not say to which pod it belongs');
}

/** Why an address is not leaked though no list shows somebody behind it. */
export const NO_WHOLE_LIST = 'is shown alive by no list, and no list is known to be whole';

/**
 * Whether the inventory could call the address leaked at all. Without a whole list of pods a whole list of nodes judges every
 * address that names its pod and node, also those it cannot call used.
 */
export function isJudged({ kind }: Verdict, { attribute }: Allocation, { nodes, pods, parts, host }: Inventory): boolean {
  if (kind !== 'unknown') return true;
  const isByNode = nodes !== undefined && !parts?.has('nodes') && (pods === undefined || parts?.has('pods') === true);
  if (!isByNode || host !== undefined || !attribute) return false;
  return attribute.secondary?.['node'] !== undefined && podsNamed(attribute).length > 0;
}

/** Undefined: pods tell nothing about it. Of two owners (AT) it is enough that one lives. */
function verdictByPods(named: readonly NamedPod[], ip: string, pods: Inventory['pods']): Verdict | undefined {
  if (!pods) return undefined;
  const verdicts = named.map(({ name, node }) => {
    const pod = pods.get(name);
    return pod ? judgePod(ip, node, pod) : leaked(`belongs to pod ${name}, which does not exist`);
  });
  return verdicts.find(({ kind }) => kind === 'used') ?? verdicts[0];
}

/** The part of a handle behind its network's name: `<network>.<container id>` (data model §5). */
function containerOf(handle: string): string {
  return handle.slice(handle.lastIndexOf('.') + 1);
}

interface NamedPod {
  /** Key of {@link Inventory.pods}. */
  readonly name: string;
  readonly node: string | undefined;
}

function podsNamed({ secondary, alternate }: Attribute): NamedPod[] {
  return [secondary, alternate].flatMap((attrs) =>
    attrs?.['pod'] !== undefined && attrs['namespace'] !== undefined
      ? [{ name: podKey(attrs['namespace'], attrs['pod']), node: attrs['node'] }]
      : [],
  );
}

/** GC-02. */
function judgePod(ip: string, node: string | undefined, pod: Pod): Verdict {
  const name = `pod ${podKey(pod.namespace, pod.name)}`;
  if (pod.isOver) return leaked(`belongs to ${name}, which has ended`);
  if (pod.ips.includes(ip)) return used(`is in use by ${name}`);
  if (node !== undefined && pod.node !== undefined && pod.node !== node)
    return leaked(`belongs to ${name} on ${node}, which runs on ${pod.node}`);
  return pod.ips.length === 0 ? used(`may be in use by ${name}`) : leaked(`belongs to ${name}, which has ${pod.ips.join(' and ')}`);
}
