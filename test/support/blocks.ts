/** Blocks built by assigning, as real ones are. */
import { assignOrdinal, newBlock, updated } from '../../src/core/block.ts';
import { type Attribute, type Block, NO_EXTRA } from '../../src/core/records.ts';
import { cidr } from './records.ts';

/** 2026-08-22T06:30:00.123456789Z: when blocks of tests are made, and so their first number. */
export const MADE_NS = 1_787_380_200_123_456_789n;

/** An attribute entry without anything in it. */
export const ATTRIBUTE: Attribute = {
  handleId: undefined,
  secondary: undefined,
  alternate: undefined,
  releasedAt: undefined,
  extra: NO_EXTRA,
};

/** A new block of `host:a`. */
export function emptyBlock(network = '100.64.0.0/24'): Block {
  return newBlock(cidr(network), { type: 'host', name: 'a' }, MADE_NS);
}

/** The ordinals held under each handle: one entry and one update per handle. */
export function holding(byHandle: Readonly<Record<string, readonly number[]>>, block = emptyBlock()): Block {
  return Object.entries(byHandle).reduce(
    (next, [handle, ordinals]) => updated(ordinals.reduce((each, ordinal) => withHeld(each, ordinal, { handle, attrs: undefined }), next)),
    block,
  );
}

/** The block with one more ordinal held; its number stays. */
export function withHeld(
  block: Block,
  ordinal: number,
  holder: { readonly handle: string | undefined; readonly attrs: Readonly<Record<string, string>> | undefined },
): Block {
  const outcome = assignOrdinal(block, ordinal, holder);
  if (outcome.kind !== 'assigned') throw new Error(`ordinal ${ordinal} is ${outcome.kind}`);
  return outcome.block;
}
