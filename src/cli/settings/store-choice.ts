/** Which store a run uses, and who chose it. */
import { defaultStoreUrl, type Environment, type Machine } from '../../platform/config.ts';

/** One setting as text. `source`: `--store`, `PLAT_STORE`, a path, or `default`. */
export interface Setting {
  readonly name: string;
  readonly value: string | undefined;
  readonly source: string;
}

/** `refused`: a variable asks for what cannot be had; `reason` tells a person, who is told when the store is needed. */
export type StoreChoice =
  | { readonly kind: 'chosen'; readonly url: string; readonly source: string }
  | { readonly kind: 'refused'; readonly reason: string; readonly source: string };

/** Calico's own default, for who sets the datastore type and nothing else. */
export const ETCD_ENDPOINTS_DEFAULT = 'http://127.0.0.1:2379';

/** Variables with which Calico takes a PEM text; the file's own variable is `NAME_FILE`. */
const INLINE_PEM = ['ETCD_KEY', 'ETCD_CERT', 'ETCD_CA_CERT'];

/**
 * The store that flag, PLAT_STORE or file name, else the etcd that `endpoints` or Calico's variables name (DATASTORE_TYPE,
 * as calicoctl reads it), else the embedded one of the user.
 */
export function chooseStore(store: Setting, endpoints: Setting, machine: Machine): StoreChoice {
  if (store.value !== undefined) return { kind: 'chosen', url: store.value, source: store.source };
  const datastore = variableOf('DATASTORE_TYPE', machine.env);
  const isInherited = endpoints.value === undefined || /^(CALICO_)?ETCD_ENDPOINTS$/.test(endpoints.source);
  const reason = isInherited ? refusalOf(datastore, endpoints, machine.env) : undefined;
  if (reason !== undefined) return { kind: 'refused', ...reason };
  if (endpoints.value !== undefined) return { kind: 'chosen', url: 'etcd://', source: endpoints.source };
  if (datastore !== undefined) return { kind: 'chosen', url: 'etcd://', source: datastore.source };
  return { kind: 'chosen', url: defaultStoreUrl(machine), source: 'default' };
}

type Variable = Pick<Setting, 'source'> & { readonly value: string };

function refusalOf(datastore: Variable | undefined, endpoints: Setting, env: Environment): { reason: string; source: string } | undefined {
  if (datastore !== undefined && datastore.value !== 'etcdv3') {
    const { value, source } = datastore;
    return { source, reason: `${source} is '${value.slice(0, 32)}': ${UNSUPPORTED_DATASTORE} ${CHOOSE}` };
  }
  const service = variableOf('ETCD_DISCOVERY_SRV', env);
  if (endpoints.value === undefined && service)
    return { source: service.source, reason: `${service.source} is not supported: name the members in ETCD_ENDPOINTS. ${CHOOSE}` };
  if (endpoints.value === undefined && datastore === undefined) return undefined;
  const inline = INLINE_PEM.find((name) => variableOf(name, env) && !variableOf(`${name}_FILE`, env));
  return inline === undefined
    ? undefined
    : { source: inline, reason: `${inline} is not supported: write what it holds to a file and name that in ${inline}_FILE.` };
}

export const UNSUPPORTED_DATASTORE = 'the state is kept in etcd (etcdv3) or in an embedded store, nowhere else.';
const CHOOSE = 'Choose a store with --store or PLAT_STORE.';

/** A variable under Calico's two names for it, the longer of which wins; an empty one counts as none. */
export function variableOf(name: string, env: Environment): Variable | undefined {
  const names = /^(ETCD_|DATASTORE_TYPE$)/.test(name) ? [`CALICO_${name}`, name] : [name];
  for (const source of names) {
    const value = env[source];
    if (value) return { value, source };
  }
  return undefined;
}
