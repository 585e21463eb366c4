/** Resources as `get` prints them: the objects of the v3 API, as calicoctl shows them. */
import type { Resource } from '../ipam/api.ts';

export type ResourceKind = 'IPPool' | 'Node';

/** One resource with its kind; empty labels and annotations are left out. */
export function resourceObject(kind: ResourceKind, resource: Resource<unknown>): object {
  const { name, uid, resourceVersion, creationTimestamp, labels, annotations, spec } = resource;
  return {
    kind,
    apiVersion: 'projectcalico.org/v3',
    metadata: {
      name,
      uid,
      resourceVersion,
      creationTimestamp,
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec,
  };
}

/** What `get` without a name prints. */
export function resourceList(kind: ResourceKind, resources: readonly Resource<unknown>[]): object {
  return {
    kind: `${kind}List`,
    apiVersion: 'projectcalico.org/v3',
    items: resources.map((resource) => resourceObject(kind, resource)),
  };
}

/** `a=1,b=2` in key order; `<none>` for no labels. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}
