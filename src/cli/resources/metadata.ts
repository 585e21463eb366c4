/** Members of `metadata` in a manifest. */

/** What a manifest says. */
export const METADATA = ['name', 'labels', 'annotations', 'resourceVersion'];

/** What the store, or Kubernetes, says: read over, so that the output of `get` is a manifest. */
export const MANAGED_METADATA = ['uid', 'creationTimestamp', 'generation', 'managedFields', 'selfLink'];

/** A name that JavaScript would take for something else. */
export function isForbiddenName(name: string): boolean {
  return name === '__proto__';
}
