/** Releases what two looks at the store confirmed, node by node, several at a time. */
import type { Candidates, LeakedAddress } from '../../core/collect/observation.ts';
import { shareRefusal } from '../../core/collect/share.ts';
import { confirmed } from '../../core/collect/suspects.ts';
import type { Owner } from '../../core/records.ts';
import type { Context } from '../context.ts';
import type { CollectOptions, CollectResult } from './api.ts';
import { lockRefusal } from './cluster.ts';
import { type GiveUp, networkOf, nothingTaken, takeParts, takingBrokenOff } from './parts.ts';

/** Nodes worked on at the same time. */
const NODES_AT_ONCE = 8;

export async function collect(context: Context, options: CollectOptions): Promise<CollectResult> {
  const { observation, suspects, graceMs, maxSharePercent, dryRun = false, onProgress, ...call } = options;
  const found = confirmed(suspects, observation.candidates, observation, graceMs);
  const { judged } = observation.addresses;
  const reason = shareRefusal({ releasing: found.leaked.length, judged, maxSharePercent });
  if (reason !== undefined) return { kind: 'refused', reason, confirmed: found };
  if (dryRun) return { kind: 'planned', confirmed: found };
  const locked = await lockRefusal(context, call);
  if (locked) return { kind: 'refused', reason: locked.message, confirmed: found };
  const taken = nothingTaken();
  let done = 0;
  try {
    await eachAtOnce(workOf(found), NODES_AT_ONCE, async ({ lane, assignments, giveUp }) => {
      await takeParts(context, lane, { assignments, giveUp, call }, taken);
      onProgress?.('nodes', ++done);
    });
  } catch (error) {
    throw takingBrokenOff(error, taken);
  }
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

/** Runs `work` over `items`, `atOnce` at a time; the first failure stops the rest, and is told when none works any more. */
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
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  for (const worker of ended) if (worker.status === 'rejected') throw worker.reason;
}
