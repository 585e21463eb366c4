/**
 * Inventories out of text: `kubectl get pods|nodes -o json`, `crictl pods -o json`, or a plain list. A text that is visibly a
 * part of the whole is refused: who is missing from a part is not dead. That a selector or one namespace was asked for does not
 * show, so whether the text is whole only its maker can say.
 */
import { parseIp } from '../addr.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, parseJson } from '../json.ts';
import { memberObject, memberText } from '../resource.ts';
import { type Inventory, type Pod, podKey } from './inventory.ts';

export type ReadInventory =
  /**
   * `isOfOneNode`: sandboxes, as the runtime of one node lists them. `version`: the resource version of the list, which
   * `kubectl get -o json` leaves out and `kubectl get --raw` has.
   */
  | { readonly kind: 'inventory'; readonly inventory: Inventory; readonly isOfOneNode: boolean; readonly version?: string }
  /** `reason` continues a sentence about the text. */
  | { readonly kind: 'bad'; readonly reason: string };

/** Pods, sandboxes of one node, or addresses, handles and container ids, one a line. */
export function readInUse(text: string): ReadInventory {
  if (!isJson(text)) return plainList(text, (items) => ({ inUse: new Set(items.map(canonical)) }));
  return fromItems(text, 'pods', (items) => {
    if (items.some(isSandbox)) return sandboxesOf(items);
    const pods = podsOf(items);
    return pods && { pods };
  });
}

/** Nodes of a Kubernetes cluster, or names, one a line, of all nodes there are. */
export function readNodes(text: string): ReadInventory {
  if (!isJson(text)) return plainList(text, (names) => ({ nodes: { names: new Set(names), isComplete: true } }));
  return fromItems(text, 'nodes', (items) => {
    const names = items.map((item) => memberText(memberObject(item, 'metadata'), 'name'));
    const isNodes = items.every((item) => (memberText(item, 'kind') ?? 'Node') === 'Node') && !names.includes(undefined);
    return isNodes ? { nodes: { names: new Set(names as string[]), isComplete: false } } : undefined;
  });
}

/** The items of a list answer of the Kubernetes API, as {@link readInUse} and {@link readNodes} take them apart. */
export function podsOf(items: readonly JsonObject[]): ReadonlyMap<string, Pod> | undefined {
  const pods = items.map(podOf);
  return pods.includes(undefined) ? undefined : new Map((pods as Pod[]).map((pod) => [podKey(pod.namespace, pod.name), pod]));
}

/** A namespace or a server that is not the one that was meant lists nothing either. */
const NOTHING_LISTED = 'it is empty, and that everything is dead is not believed. Give a whole list, or leave it out';

function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function bad(reason: string): ReadInventory {
  return { kind: 'bad', reason };
}

function plainList(text: string, make: (items: readonly string[]) => Inventory): ReadInventory {
  if (text.trim() === '') return bad(NOTHING_LISTED);
  if (!text.endsWith('\n')) return bad('its last line has no end, so it may be cut off');
  const items = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (items.length === 0) return bad(NOTHING_LISTED);
  const odd = items.find((item) => /\s/.test(item));
  return odd === undefined
    ? { kind: 'inventory', inventory: make(items), isOfOneNode: false }
    : bad(`the line ${JSON.stringify(odd)} has blanks; expected one item a line`);
}

function canonical(text: string): string {
  return parseIp(text)?.text ?? text;
}

function fromItems(text: string, what: string, make: (items: readonly JsonObject[]) => Inventory | undefined): ReadInventory {
  const parsed = parseJson(text);
  if (parsed.kind === 'bad-json') return bad(`it is not JSON (${parsed.reason} at ${parsed.position}), so it may be cut off`);
  const metadata = isJsonObject(parsed.value) ? memberObject(parsed.value, 'metadata') : undefined;
  if (memberText(metadata, 'continue')) return bad('it is one page of a longer list (metadata.continue). List without a limit');
  const items = itemsOf(parsed.value);
  if (items?.length === 0) return bad(NOTHING_LISTED);
  const inventory = items && make(items);
  if (!inventory) return bad(`it is no list of ${what}. Expected what kubectl get ${what} -o json prints`);
  const version = memberText(metadata, 'resourceVersion');
  return { kind: 'inventory', inventory, isOfOneNode: items.some(isSandbox), ...(version && { version }) };
}

/** `items` of a list, or a bare JSON list. */
function itemsOf(value: Json): readonly JsonObject[] | undefined {
  const list = isJsonObject(value) ? value.get('items') : value;
  return isJsonArray(list) && list.every(isJsonObject) ? list : undefined;
}

const OVER: readonly string[] = ['Succeeded', 'Failed'];

function podOf(item: JsonObject): Pod | undefined {
  const metadata = memberObject(item, 'metadata');
  const namespace = memberText(metadata, 'namespace');
  const name = memberText(metadata, 'name');
  if (namespace === undefined || name === undefined || (memberText(item, 'kind') ?? 'Pod') !== 'Pod') return undefined;
  const spec = memberObject(item, 'spec');
  const status = memberObject(item, 'status');
  const isOver = OVER.includes(memberText(status, 'phase') ?? '');
  return {
    namespace,
    name,
    node: memberText(spec, 'nodeName'),
    ips: podIps(status),
    isHostNetwork: spec?.get('hostNetwork') === true,
    isOver,
  };
}

function podIps(status: JsonObject | undefined): string[] {
  const list = status?.get('podIPs');
  const listed = isJsonArray(list) ? list.flatMap((entry) => (isJsonObject(entry) ? (memberText(entry, 'ip') ?? []) : [])) : [];
  const one = memberText(status, 'podIP');
  return [...new Set([...listed, ...(one ? [one] : [])].map(canonical))];
}

/** What the CRI lists has a state of its own; a resource of Kubernetes has a status. */
function isSandbox(item: JsonObject): boolean {
  return memberText(item, 'state') !== undefined;
}

/** A sandbox that is not ready has no network any more, but its DEL may still come: it counts as in use. */
function sandboxesOf(items: readonly JsonObject[]): Inventory | undefined {
  const ids = items.map((item) => memberText(item, 'id'));
  return ids.includes(undefined) ? undefined : { inUse: new Set(ids as string[]) };
}
