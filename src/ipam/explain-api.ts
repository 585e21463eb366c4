/** What the explanations of addresses and assignments give. */
import type { AddressExplanation } from '../core/plan/explain-address.ts';
import type { AddressSource } from '../core/plan/explain-assign.ts';
import type { ConsideredPool } from '../core/pools.ts';
import type { IpamErrorCode } from './errors.ts';

/** What an address is; `sentences` says the same to a person, the most important first. */
export type IpExplanation = AddressExplanation & { readonly sentences: readonly string[] };

/** What an assignment would do now. Nothing was written; another call may be quicker. */
export interface AssignExplanation {
  readonly assignable: boolean;
  /** Empty when it would be refused. */
  readonly addresses: readonly {
    readonly ip: string;
    readonly block: string;
    readonly pool: string;
    readonly source: AddressSource;
  }[];
  /** Exactly the error that the assignment would reject with. */
  readonly refusal: {
    readonly code: IpamErrorCode;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  } | null;
  /** Every pool of the store, in name order, with the rule that decided and what would let it be used. */
  readonly considered: readonly (ConsideredPool & { readonly change: string | null })[];
}
