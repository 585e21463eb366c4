import { isJsonObject, parseJson } from '../../core/json.ts';
import { memberObject, memberText } from '../../core/resource.ts';
import { CLUSTER_INFORMATION } from '../../store/keys.ts';
import type { CallOptions } from '../api.ts';
import type { Context } from '../context.ts';
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
