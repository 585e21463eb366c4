/** Resources as the v3 API shows them, which is also how a manifest is written. */
import type { Resource } from '../../ipam/api.ts';

export const API_VERSION = 'projectcalico.org/v3';

export type Stored = Resource<unknown>;

/** One resource with its kind; what is empty is left out. */
export function resourceObject(kind: string, resource: Stored): object {
  const { name, uid, resourceVersion, creationTimestamp, labels, annotations, spec } = resource;
  return {
    kind,
    apiVersion: API_VERSION,
    metadata: {
      name,
      ...(uid !== '' && { uid }),
      ...(resourceVersion !== '' && { resourceVersion }),
      ...(creationTimestamp !== null && { creationTimestamp }),
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec,
  };
}

/** The same without what one store gave it, for another. */
export function exported(resource: Stored): Stored {
  return { ...resource, uid: '', resourceVersion: '', creationTimestamp: null };
}

/** What `get` without a name prints. */
export function resourceList(kind: string, resources: readonly Stored[]): object {
  return {
    kind: `${kind}List`,
    apiVersion: API_VERSION,
    items: resources.map((resource) => resourceObject(kind, resource)),
  };
}

/** `a=1,b=2` in key order; `<none>` for no labels. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}
