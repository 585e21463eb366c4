/** Reading the whole store, for people: utilisation and blocks, at one revision. */
import { ipOfOrdinal } from '../core/addr.ts';
import { attributeAt, ordinalsInUse, sequenceNumberAt } from '../core/block.ts';
import type { Draft } from '../core/draft.ts';
import { done } from '../core/outcome.ts';
import { affineCidrs } from '../core/plan/own-blocks.ts';
import { blockRef } from '../core/plan/refs.ts';
import type { Block, Pool, Reservation } from '../core/records.ts';
import { type CountedBlock, utilization } from '../core/utilization.ts';
import { decode } from '../store/codec.ts';
import { keyOf, PREFIXES, parseKey } from '../store/keys.ts';
import type { Revision } from '../store/port.ts';
import type { BlockView, CallOptions, PoolUtilization, UtilizationOptions } from './api.ts';
import { hostArgument } from './arguments.ts';
import { type Context, look } from './context.ts';

type Listed =
  | { readonly kind: 'block'; readonly block: Block }
  | { readonly kind: 'corrupt'; readonly key: string; readonly reason: string };

async function* blocksOfStore(context: Context, options: CallOptions & { revision?: Revision }): AsyncGenerator<Listed> {
  for await (const { entries } of context.store.list(PREFIXES.blocks, options)) {
    for (const { key, value } of entries) {
      const ref = parseKey(key);
      if (ref?.kind !== 'block') continue;
      const decoded = decode(ref, value);
      yield decoded.kind === 'ok' ? { kind: 'block', block: decoded.record } : { kind: 'corrupt', key, reason: decoded.reason };
    }
  }
}

export async function* listBlocks(
  context: Context,
  { host, ...options }: CallOptions & { readonly host?: string } = {},
): AsyncGenerator<Reported> {
  if (host !== undefined) {
    yield* await look(context, options, (draft) => done(blocksOfHost(draft, hostArgument(host))));
    return;
  }
  for await (const listed of blocksOfStore(context, options)) {
    yield listed.kind === 'block' ? viewOf(listed.block) : { corruptKey: listed.key, reason: listed.reason };
  }
}

type Reported = BlockView | { readonly corruptKey: string; readonly reason: string };

function blocksOfHost(draft: Draft, host: string): Reported[] {
  const cidrs = affineCidrs(draft, { type: 'host', name: host });
  draft.require({ refs: cidrs.map(blockRef) });
  return cidrs.flatMap((cidr): Reported[] => {
    const found = draft.find(blockRef(cidr));
    if (found.kind === 'absent') return [];
    return found.kind === 'present' ? [viewOf(found.record)] : [{ corruptKey: keyOf(blockRef(cidr)), reason: found.reason }];
  });
}

export function viewOf(block: Block): BlockView {
  const held = ordinalsInUse(block).map((ordinal) => ({
    ordinal,
    ip: ipOfOrdinal(block.cidr, ordinal).text,
    attribute: attributeAt(block, ordinal),
    sequenceNumber: sequenceNumberAt(block, ordinal),
  }));
  return { cidr: block.cidr.text, affinity: block.affinity, size: block.allocations.length, held };
}

/** Without the allocations, which are most of a block. */
export function countedOf({ cidr, affinity, unallocated }: Block): CountedBlock {
  return { cidr, affinity, unallocated };
}

/** GU-01 to GU-09. A value that cannot be read is left out, and told to `onCorrupt`. */
export async function getUtilization(context: Context, options: UtilizationOptions = {}): Promise<readonly PoolUtilization[]> {
  const { pools: only, onCorrupt, ...call } = options;
  const pools: Pool[] = [];
  const reservations: Reservation[] = [];
  const blocks: CountedBlock[] = [];
  for await (const record of recordsUnder(context, PREFIXES.pools, call)) if ('blockSize' in record) pools.push(record);
  for await (const record of recordsUnder(context, PREFIXES.reservations, call)) if ('cidrs' in record) reservations.push(record);
  for await (const listed of blocksOfStore(context, call)) {
    if (listed.kind === 'block') blocks.push(countedOf(listed.block));
    else onCorrupt?.(listed.key, listed.reason);
  }
  return utilization({ pools, reservations, blocks, only });
}

async function* recordsUnder(context: Context, prefix: string, options: CallOptions): AsyncGenerator<Pool | Reservation> {
  for await (const { entries } of context.store.list(prefix, options)) {
    for (const { key, value } of entries) {
      const ref = parseKey(key);
      if (ref?.kind !== 'pool' && ref?.kind !== 'reservation') continue;
      const decoded = decode(ref, value);
      if (decoded.kind === 'ok') yield decoded.record;
    }
  }
}
