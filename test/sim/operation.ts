/** One call of the library, or of a foreign writer, and what came of it. */
import type { Version } from '../../src/core/addr.ts';
import type { Hold } from './check/hold.ts';
import type { Process } from './process.ts';

export interface AssignRequest {
  readonly kind: 'assign';
  readonly handle: string | undefined;
  /** Addresses asked for, per family. */
  readonly wanted: Readonly<Record<Version, number>>;
  /** The one address asked for. */
  readonly ip?: string;
  readonly partial: boolean;
  /** What the handle holds already counts. */
  readonly countsHeld: boolean;
  /** It may need several commits: then it is not all or nothing at each revision, but in the end. */
  readonly inParts: boolean;
  readonly unlessReleased: boolean;
  /** Its caller gives up right before the commit. */
  readonly givesUp: boolean;
}

export interface ReleaseClaim {
  readonly ip: string;
  readonly handle?: string;
  readonly sequenceNumber?: bigint;
}

/** What an operation asks for, as far as it can be judged by it. */
export type Request =
  | AssignRequest
  | { readonly kind: 'release-ips'; readonly claims: readonly ReleaseClaim[] }
  | { readonly kind: 'release-handle'; readonly handle: string; readonly final: boolean }
  | { readonly kind: 'other' };

export interface AnsweredAddress {
  readonly ip: string;
  readonly sequenceNumber: bigint;
  readonly existing: boolean;
}

/** What the caller was told. */
export type Answer =
  | { readonly kind: 'assigned'; readonly addresses: readonly AnsweredAddress[] }
  | { readonly kind: 'released'; readonly released: readonly string[]; readonly unallocated: readonly string[] }
  | { readonly kind: 'released-handle'; readonly found: boolean; readonly released: readonly string[] }
  | { readonly kind: 'done' }
  /** Refused, with the reason's code: nothing was written for it but `assigned`, the parts of a request that takes what there is. */
  | { readonly kind: 'refused'; readonly code: string; readonly assigned: readonly string[] }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'crashed' };

export class Operation {
  readonly id: string;
  readonly process: Process;
  readonly request: Request;
  readonly label: string;
  /** Newest revision when it was called. */
  readonly startRevision: bigint;
  /** Revision at which it first read the store, where that can be told. */
  firstRead: bigint | 'ambiguous' | undefined;
  answer: Answer | undefined;
  /** Every hold that a commit ever recorded for it. */
  readonly gained: Hold[] = [];
  /** Those of them that nobody has released, by address. */
  readonly held = new Map<string, Hold>();
  /** Releases for an assignment, assignments for a release, that shared a commit with it: what one takes and the other releases is never recorded. */
  readonly companions = new Set<Operation>();
  readonly abort = new AbortController();

  constructor({ id, process, request, label, startRevision }: Pick<Operation, 'id' | 'process' | 'request' | 'label' | 'startRevision'>) {
    this.id = id;
    this.process = process;
    this.request = request;
    this.label = label;
    this.startRevision = startRevision;
  }
}
