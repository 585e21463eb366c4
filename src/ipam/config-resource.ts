/** The configuration as a resource (CF). */
import { done } from '../core/outcome.ts';
import { CONFIG } from '../core/plan/refs.ts';
import { setConfig } from '../core/plan/resources.ts';
import { configOf } from '../core/plan/settings.ts';
import { keyOf } from '../store/keys.ts';
import type { CallOptions, ConfigResource, Ipam } from './api.ts';
import { type Context, look } from './context.ts';
import { relist } from './relist.ts';
import { revisionArgument, write } from './write.ts';

export function configResource(context: Context): Ipam['config'] {
  const get = (options: CallOptions = {}): Promise<ConfigResource> =>
    look(context, options, (draft) => {
      const { extra: _, ...spec } = configOf(draft);
      const revision = draft.revisionOf(CONFIG);
      return done({ resourceVersion: revision === 'absent' ? undefined : String(revision), spec });
    });
  return {
    get,
    watch: (options = {}) => relist(context, { prefix: keyOf({ kind: 'config' }), read: () => get(options), call: options }),
    async replace({ spec, resourceVersion, ...options }) {
      await write(context, options, setConfig(spec, revisionArgument(resourceVersion)));
      const { dryRun, ...call } = options;
      const stored = await get(call);
      return dryRun ? { resourceVersion: '', spec: { ...stored.spec, ...spec } } : stored;
    },
  };
}
