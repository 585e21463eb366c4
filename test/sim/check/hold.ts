/** Who holds which address, read straight out of a stored block. */
import { type Cidr, ipOfOrdinal } from '../../../src/core/addr.ts';
import type { Block } from '../../../src/core/records.ts';

/** Member of an assignment's metadata that names the operation it was made by. */
export const OPERATION_ATTR = 'operation';
/** A host's own addresses in a new block belong to nobody who asked for them. */
export const HOST_RESERVED_HANDLE = 'windows-reserved-ipam-handle';

/** One address, held. */
export interface Hold {
  readonly ip: string;
  readonly cidr: Cidr;
  readonly ordinal: number;
  readonly handle: string | undefined;
  readonly operation: string | undefined;
  readonly sequenceNumber: bigint;
}

/** Every address held in the block, by ordinal. */
export function holdsOf(block: Block | undefined): Map<number, Hold> {
  const holds = new Map<number, Hold>();
  block?.allocations.forEach((index, ordinal) => {
    const attribute = index === null ? undefined : block.attributes?.[index];
    if (index === null || attribute?.releasedAt !== undefined || attribute?.handleId === HOST_RESERVED_HANDLE) return;
    holds.set(ordinal, {
      ip: ipOfOrdinal(block.cidr, ordinal).text,
      cidr: block.cidr,
      ordinal,
      handle: attribute?.handleId,
      operation: attribute?.secondary?.[OPERATION_ATTR],
      sequenceNumber: block.sequenceNumberForAllocation?.get(ordinal) ?? 0n,
    });
  });
  return holds;
}

export function isSameHold(a: Hold, b: Hold): boolean {
  return a.handle === b.handle && a.operation === b.operation && a.sequenceNumber === b.sequenceNumber;
}

/** Second of the release, per cooling ordinal. */
export function coolingOf(block: Block | undefined): Map<number, number> {
  const cooling = new Map<number, number>();
  block?.allocations.forEach((index, ordinal) => {
    const releasedAt = index === null ? undefined : block.attributes?.[index]?.releasedAt;
    if (releasedAt !== undefined) cooling.set(ordinal, Math.floor(Date.parse(releasedAt) / 1_000));
  });
  return cooling;
}
