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
  if (isKeptByHost(attribute)) return used('is kept by its host');
  if (attribute?.handleId === undefined) return unknown('is held without a handle');
  if (owner?.type === 'virtual' || attrs['service'] !== undefined) return unknown('belongs to a service');
  if (attrs['vmi-name'] !== undefined || attrs['vm-uid'] !== undefined) return unknown('belongs to a virtual machine');
  const handle = sanitisedHandle(attribute.handleId);
  if (inUse && (inUse.has(ip) || inUse.has(handle) || inUse.has(containerOf(handle)))) return used('is in the list of what is in use');
  if (host !== undefined && node !== host) return unknown(`is not of node ${host}`);
  const isGone = node !== undefined && isNodeGone(node, inventory, links);
  if (attrs['type']?.endsWith('TunnelAddress'))
    return isGone ? leaked(`is a tunnel of node ${node}, which is gone`) : used('is a tunnel of its node');
  const pod = podNamed(attribute, pods);
  const byPod = verdictOf(pod, ip, node);
  const arePodsWhole = pods !== undefined && !parts?.has('pods');
  if (byPod && (arePodsWhole || byPod.kind === 'used')) return byPod;
  if (isGone && !arePodsWhole) return leaked(`belongs to node ${node}, which is gone`);
  if (inUse && !parts?.has('inUse')) return leaked('is not in the list of what is in use');
  if (parts && !arePodsWhole) return unknown(NO_WHOLE_LIST);
  return unknown(pod.kind === 'named' ? 'belongs to a pod, and pods were not given' : 'does not say to which pod it belongs');
}

/** Why an address is not leaked though no list shows somebody behind it. */
export const NO_WHOLE_LIST = 'is shown alive by no list, and no list is known to be whole';

/**
 * Whether the inventory could call the address leaked at all. Without a whole list of pods a whole list of nodes judges every
 * address that names its node, also those it cannot call used.
 */
export function isJudged({ kind }: Verdict, { attribute }: Allocation, { nodes, pods, parts, host }: Inventory): boolean {
  if (kind !== 'unknown') return true;
  const isByNode = nodes !== undefined && !parts?.has('nodes') && (pods === undefined || parts?.has('pods') === true);
  return isByNode && host === undefined && attribute?.secondary?.['node'] !== undefined;
}

/** Undefined: pods tell nothing about it. */
function verdictOf(named: NamedPod, ip: string, node: string | undefined): Verdict | undefined {
  if (named.kind === 'found') return judgePod(ip, node, named.pod);
  return named.kind === 'gone' ? leaked(`belongs to pod ${named.name}, which does not exist`) : undefined;
}

/** The part of a handle behind its network's name: `<network>.<container id>` (data model §5). */
function containerOf(handle: string): string {
  return handle.slice(handle.lastIndexOf('.') + 1);
}

type NamedPod =
  | { readonly kind: 'found'; readonly pod: Pod }
  | { readonly kind: 'gone'; readonly name: string }
  /** It names one, but no pods are known. */
  | { readonly kind: 'named' }
  | { readonly kind: 'none' };

/** Of two owners (AT) the one that lives. */
function podNamed({ secondary, alternate }: Attribute, pods: Inventory['pods']): NamedPod {
  const names = [secondary, alternate].flatMap((attrs) =>
    attrs?.['pod'] !== undefined && attrs['namespace'] !== undefined ? [podKey(attrs['namespace'], attrs['pod'])] : [],
  );
  const [first] = names;
  if (first === undefined) return { kind: 'none' };
  if (!pods) return { kind: 'named' };
  const found = names.flatMap((name) => pods.get(name) ?? []);
  const pod = found.find(({ isOver }) => !isOver) ?? found[0];
  return pod ? { kind: 'found', pod } : { kind: 'gone', name: first };
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
