/** The common shape of v3 resources (data model §7). */
import type { Json, JsonObject } from './json.ts';

export interface NewResource {
  readonly kind: 'IPPool' | 'IPReservation' | 'Node';
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: JsonObject;
}

/** A resource as Calico writes it: this member order, empty maps left out. Only nodes carry an (empty) status. */
export function newResource(resource: NewResource): JsonObject {
  const members: [string, Json][] = [
    ['kind', resource.kind],
    ['apiVersion', 'projectcalico.org/v3'],
    ['metadata', newMetadata(resource)],
    ['spec', resource.spec],
  ];
  if (resource.kind === 'Node') members.push(['status', new Map()]);
  return new Map(members);
}

function newMetadata({ name, uid, createdAt, labels, annotations }: NewResource): JsonObject {
  const members: [string, Json][] = [
    ['name', name],
    ['uid', uid],
    ['creationTimestamp', createdAt],
  ];
  if (labels && Object.keys(labels).length > 0) members.push(['labels', textMap(labels)]);
  if (annotations && Object.keys(annotations).length > 0) members.push(['annotations', textMap(annotations)]);
  return new Map(members);
}

/** A map of texts in the order Go prints maps: sorted by name. */
export function textMap(texts: Readonly<Record<string, string>>): JsonObject {
  return new Map(Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

export function memberObject(object: JsonObject, name: string): JsonObject | undefined {
  const value = object.get(name);
  return value instanceof Map ? value : undefined;
}

export function memberText(object: JsonObject | undefined, name: string): string | undefined {
  const value = object?.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** The texts of a map such as `metadata.labels`; members of another type are left out. */
export function memberTexts(object: JsonObject | undefined, name: string): Readonly<Record<string, string>> {
  const map = object ? memberObject(object, name) : undefined;
  return Object.fromEntries([...(map ?? [])].filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

export function uidOf(object: JsonObject): string | undefined {
  return memberText(memberObject(object, 'metadata'), 'uid');
}

/** A copy with one member replaced in its place, or added at the end. */
export function withMember(object: JsonObject, name: string, value: Json): JsonObject {
  return new Map([...object, [name, value]]);
}
