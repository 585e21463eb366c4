/** What deleting a resource takes and gives. */
import type { Ipam } from '../../ipam/api.ts';
import type { Cli, OpenedStore } from '../cli.ts';
import { countOf } from '../quantity.ts';

/** What one deletion works with. */
export interface Deleting {
  readonly cli: Cli;
  readonly ipam: Ipam;
  readonly opened: OpenedStore;
}

/** Which one; with a version only as long as nobody changed it since. */
export interface Named {
  readonly name: string;
  readonly resourceVersion?: string;
}

/** What became of one. `note`: more than that it is gone. */
export interface Deleted {
  readonly outcome: 'deleted' | 'disabled' | 'absent';
  readonly note?: string;
  /** Facts for programs. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** `1 address stays in use until released`. */
export function stayingText(count: number): string {
  return `${countOf(count, 'address stays', 'addresses stay')} in use until released`;
}
