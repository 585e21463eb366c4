import type { Attribute } from '../core/records.ts';

/** A block as `listBlocks` gives it. */
export interface BlockView {
  readonly cidr: string;
  readonly affinity: string | null;
  readonly size: number;
  /** Per held or cooling ordinal; everything else is free. */
  readonly held: readonly {
    readonly ordinal: number;
    readonly ip: string;
    readonly attribute: Attribute | undefined;
    readonly sequenceNumber: bigint;
  }[];
}
