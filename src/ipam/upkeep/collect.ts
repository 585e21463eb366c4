/** Releases what two looks at the store confirmed, node by node, several at a time. */
import type { Candidates, LeakedAddress } from '../../core/collect/observation.ts';
import { confirmed } from '../../core/collect/suspects.ts';
import type { Owner } from '../../core/records.ts';
import type { Context } from '../context.ts';
import type { CollectOptions, CollectResult } from './api.ts';
import { clusterInformation } from './cluster.ts';
import { type GiveUp, networkOf, nothingTaken, takeParts } from './parts.ts';

/** Nodes worked on at the same time. */
const NODES_AT_ONCE = 8;
/** However small the store is, so many addresses may be released at once. */
const ALWAYS_ALLOWED = 10;

export async function collect(context: Context, options: CollectOptions): Promise<CollectResult> {
  const { observation, suspects, graceMs, maxSharePercent, dryRun = false, onProgress, ...call } = options;
  const found = confirmed(suspects, observation.candidates, observation, graceMs);
  const { used, unknown, leaked } = observation.addresses;
  const limit = Math.max(ALWAYS_ALLOWED, Math.floor(((used + unknown + leaked) * maxSharePercent) / 100));
  if (found.leaked.length > limit) {
    const reason = `${found.leaked.length} of ${used + unknown + leaked} addresses would be released, more than ${maxSharePercent} % (${limit}). Nothing was released. If the inventory is whole, allow a larger share (--max-share).`;
    return { kind: 'refused', reason, confirmed: found };
  }
  if ((await clusterInformation(context, call))?.isLocked) {
    const reason = 'The datastore is locked (datastoreReady is false), so nothing is released (GC-14).';
    return { kind: 'refused', reason, confirmed: found };
  }
  if (dryRun) return { kind: 'planned', confirmed: found };
  const taken = nothingTaken();
  let done = 0;
  await eachAtOnce(workOf(found), NODES_AT_ONCE, async ({ lane, assignments, giveUp }) => {
    await takeParts(context, lane, { assignments, giveUp, call }, taken);
    onProgress?.('nodes', ++done);
  });
  return { kind: 'collected', confirmed: found, ...taken };
}

interface Work {
  readonly lane: string;
  readonly assignments: LeakedAddress[];
  readonly giveUp: GiveUp[];
}

/** What belongs to one node is worked on in turn; what belongs to none is work of its own. */
function workOf({ leaked, goneNodes, idleBlocks }: Candidates): Work[] {
  const byNode = new Map<string, Work>();
  const of = (name: string) => {
    const entry = byNode.get(name) ?? { lane: name || ' collect', assignments: [], giveUp: [] };
    byNode.set(name, entry);
    return entry;
  };
  for (const address of leaked) of(address.node ?? '').assignments.push(address);
  for (const { name, blocks } of goneNodes) {
    const owner: Owner = { type: 'host', name };
    of(name).giveUp.push(...blocks.map((block) => ({ owner, cidr: networkOf(block) })));
  }
  for (const { block, owner, sequenceNumber } of idleBlocks) {
    of(owner.name).giveUp.push({ owner, cidr: networkOf(block), sequenceNumber });
  }
  return [...byNode.values()];
}

/** Runs `work` over `items`, `atOnce` at a time; the first failure stops the rest. */
async function eachAtOnce<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  let hasFailed = false;
  const worker = async () => {
    while (next < items.length && !hasFailed) {
      const item = items[next++] as T;
      await work(item).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
