/** What was seen unused, since when. Only what stays so for the whole grace period is collected. */
import type { Candidates, GoneNode, IdleBlock, LeakedAddress } from './observation.ts';

/** Since when each candidate is one, milliseconds since the Unix epoch; an assignment made anew has another id. */
export type Suspects = ReadonlyMap<string, number>;

export interface Sighting {
  /** When the store was read. */
  readonly takenAtMs: number;
  /** When the inventory was taken. */
  readonly evidenceAtMs: number;
}

function addressId({ ip, sequenceNumber, handle }: LeakedAddress): string {
  return `address ${ip} ${sequenceNumber} ${handle}`;
}

function nodeId({ name }: GoneNode): string {
  return `node ${name}`;
}

function blockId({ block, sequenceNumber }: IdleBlock): string {
  return `block ${block} ${sequenceNumber}`;
}

/** Those of before that are still seen, and the new ones; who was seen in use meanwhile starts anew. */
export function suspectsAfter(before: Suspects, candidates: Candidates, { takenAtMs }: Sighting): Suspects {
  const { leaked, goneNodes, idleBlocks } = candidates;
  const ids = [...leaked.map(addressId), ...goneNodes.map(nodeId), ...idleBlocks.map(blockId)];
  return new Map(ids.map((id) => [id, before.get(id) ?? takenAtMs]));
}

/**
 * The candidates that an earlier look at the store had, when the inventory is younger than that look by the grace period: what
 * held the address then is missing from a list that was made later.
 */
export function confirmed(before: Suspects, candidates: Candidates, { evidenceAtMs }: Sighting, graceMs: number): Candidates {
  const isConfirmed = (id: string) => {
    const since = before.get(id);
    return since !== undefined && evidenceAtMs >= since + graceMs;
  };
  return {
    leaked: candidates.leaked.filter((address) => isConfirmed(addressId(address))),
    goneNodes: candidates.goneNodes.filter((node) => isConfirmed(nodeId(node))),
    idleBlocks: candidates.idleBlocks.filter((block) => isConfirmed(blockId(block))),
  };
}
