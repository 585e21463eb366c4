import type { Cidr, Ip } from '../addr.ts';

/** One address that a plan gives to its caller. */
export interface Assigned {
  readonly ip: Ip;
  /** The block's, or 32/128 for an address held before or asked for by name (BK-03, AA-11). */
  readonly prefixLength: number;
  readonly block: Cidr;
  /** Name and network of the pool the block is in; empty and undefined when it is in none. */
  readonly pool: string;
  readonly poolCidr: Cidr | undefined;
  readonly sequenceNumber: bigint;
  /** From a block that is not the host's own. */
  readonly borrowed: boolean;
  /** Held before this call. */
  readonly existing: boolean;
}
