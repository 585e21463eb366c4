/** Names out of the store, for completion: quickly or not at all. */
import type { Ipam } from '../../ipam/api.ts';
import { withIpam } from '../cli.ts';
import type { Run } from '../run.ts';
import type { GlobalFlags } from '../settings/settings.ts';

/** Who waits for a completion waits no longer. */
const LOOKUP_TIMEOUT = '1s';

type Named = (ipam: Ipam, options: { readonly timeoutMs?: number }) => Promise<readonly { readonly name: string }[]>;

/** By placeholder. What cannot be read is left out. */
const LISTS: Readonly<Record<string, Named>> = {
  pool: (ipam, options) => ipam.pools.list({ ...options, onCorrupt: () => {} }),
  'name|cidr': (ipam, options) => ipam.pools.list({ ...options, onCorrupt: () => {} }),
  node: (ipam, options) => ipam.nodes.list({ ...options, onCorrupt: () => {} }),
  reservation: (ipam, options) => ipam.reservations.list({ ...options, onCorrupt: () => {} }),
};

/** Names for a placeholder such as `node`; none when it is another, or the store does not answer. */
export async function storedNames(placeholder: string, flags: GlobalFlags, run: Run): Promise<readonly string[]> {
  const list = LISTS[placeholder];
  if (!list) return [];
  try {
    await run.settle({ timeout: LOOKUP_TIMEOUT, ...flags, output: 'table', logLevel: 'silent' }, false);
    return (await withIpam(run, (ipam) => list(ipam, run.call()))).map(({ name }) => name);
  } catch {
    // Whatever it is, the command itself will tell.
    return [];
  }
}
