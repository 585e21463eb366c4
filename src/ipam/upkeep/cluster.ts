/** Calico's record of the cluster, and the lock that operators set in it. */
import { isJsonObject, parseJson } from '../../core/json.ts';
import { memberObject, memberText } from '../../core/resource.ts';
import { CLUSTER_INFORMATION } from '../../store/keys.ts';
import type { CallOptions } from '../api.ts';
import type { Context } from '../context.ts';
import { IpamError } from '../errors.ts';
import type { ClusterInformation } from './api.ts';

/** A value that cannot be read counts as none. */
export async function clusterInformation({ store }: Context, options: CallOptions = {}): Promise<ClusterInformation | undefined> {
  const entry = (await store.read({ keys: [CLUSTER_INFORMATION] }, options)).entries.get(CLUSTER_INFORMATION);
  if (!entry) return undefined;
  const parsed = parseJson(new TextDecoder().decode(entry.value));
  if (parsed.kind !== 'json' || !isJsonObject(parsed.value)) return undefined;
  const spec = memberObject(parsed.value, 'spec');
  return {
    guid: memberText(spec, 'clusterGUID') ?? '',
    type: memberText(spec, 'clusterType') ?? '',
    calicoVersion: memberText(spec, 'calicoVersion') ?? '',
    isLocked: spec?.get('datastoreReady') === false,
    revision: entry.revision,
  };
}

/** Why nothing may be changed now: the error `datastore-locked`. Undefined when nobody locked the datastore (GC-14). */
export async function lockRefusal(context: Context, options: CallOptions = {}): Promise<IpamError | undefined> {
  const cluster = await clusterInformation(context, options);
  if (!cluster?.isLocked) return undefined;
  const message =
    'the datastore is locked (GC-14): an operator asked everybody to keep still while it is moved or mended, with calicoctl datastore ' +
    'migrate lock, which sets datastoreReady to false in ClusterInformation default. Nothing is changed while it is. When that ' +
    'work is over: calicoctl datastore migrate unlock, then the same again.';
  return new IpamError('datastore-locked', message, { details: { clusterInformationRevision: String(cluster.revision) } });
}

/** Rejects with `datastore-locked` while operators lock the datastore. */
export async function requireUnlocked(context: Context, options: CallOptions = {}): Promise<void> {
  const refusal = await lockRefusal(context, options);
  if (refusal) throw refusal;
}
