/** What one step of a history does, in terms of the library, and what came of it in Calico's terms. */
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { Ipam } from '../../../src/index.ts';
import { IpamError, type IpamErrorCode } from '../../../src/index.ts';
import type { ReplayClock } from '../clock.ts';
import type { Keyspace } from '../keyspace.ts';

export interface Context {
  readonly ipam: Ipam;
  readonly keyspace: Keyspace;
  readonly clock: ReplayClock;
  /** Our number for the one that Calico's run had for this address. */
  sequenceNumberFor(ip: string, recorded: bigint): bigint;
  /** Where the history has no metadata: it was an empty map, which the recording left out. */
  readonly hadEmptyAttrs: boolean;
}

export interface Refusal {
  /** `bug`: what was thrown is no error of the public API. */
  readonly code: IpamErrorCode | 'bug';
  readonly message: string;
  /** Set where the library tells in its result what Calico tells by this error text: compared letter by letter. */
  readonly calicoText?: string;
}

export interface Outcome {
  /** In Calico's shape; undefined for an operation that gives none. */
  readonly result: Json | undefined;
  readonly refusal?: Refusal;
  /** A release answered that there was nothing to release. */
  readonly nothingFound?: boolean;
}

/** An automatic assignment, as far as Calico's handle counts depend on it (HD-03). */
export interface Wanted {
  readonly handle: string | undefined;
  readonly num4: number;
  readonly num6: number;
}

export interface Operation {
  run(context: Context): Promise<Outcome>;
  /** For a request of both families: its IPv4 half, which Calico completes before it looks at the other. */
  readonly ipv4Alone?: Operation;
  readonly wanted?: Wanted;
}

/** The outcome of `call`; one that was refused has the result that Calico gives beside an error. */
export async function attempt(resultIfRefused: Json | undefined, call: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await call();
  } catch (error) {
    return { result: resultIfRefused, refusal: refusalOf(error) };
  }
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof IpamError) return { code: error.code, message: error.message };
  return { code: 'bug', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** An object as the history has them; members that are undefined are left out. */
export function object(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  return new Map(Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** Lists without a meaningful order are recorded sorted by their text. */
export function sorted(texts: readonly string[]): string[] {
  return texts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** `{ [name]: value }`, or nothing when there is no value: what optional members of the API want. */
export function given<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
}
