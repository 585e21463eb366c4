/**
 * A look at the store beside an inventory: one pass that audits and judges. What is judged was assigned before the inventory was
 * taken, as the store is read at a revision of before; by an older inventory every later assignment would look leaked.
 */
import { Judging } from '../../core/collect/observation.ts';
import type { Block, Node } from '../../core/records.ts';
import type { Context } from '../context.ts';
import { viewOf } from '../reports.ts';
import type { Observation, ObserveOptions } from './api.ts';
import { auditBeside } from './audit.ts';

export function observe(context: Context, options: ObserveOptions): Promise<Observation> {
  const { takeInventory, onBegin, onBlock, ...rest } = options;
  return auditBeside(context, rest, async () => {
    const { inventory, evidenceAtMs, listedAtMs } = await takeInventory();
    onBegin?.();
    const judging = new Judging(inventory, listedAtMs);
    return {
      record: ({ named }) => {
        if (named?.decoded.kind !== 'ok') return;
        if (named.ref.kind === 'node') judging.addNode(named.decoded.record as Node);
        if (named.ref.kind !== 'block') return;
        const block = named.decoded.record as Block;
        const verdicts = judging.addBlock(block);
        onBlock?.(viewOf(block), verdicts);
      },
      end: (report) => {
        const { takenAtMs } = report;
        const { addresses, unknownWhy, ...candidates } = judging.finish();
        return {
          takenAtMs,
          evidenceAtMs,
          report,
          addresses,
          unknownWhy: Object.fromEntries(unknownWhy),
          candidates,
        };
      },
    };
  });
}
