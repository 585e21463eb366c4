/** Everything that waits for its turn: store calls before they take effect, replies on their way back, sleeps. */

import type { Fault } from '../../src/store/memory.ts';
import type { CommitRequest, ReadRequest } from '../../src/store/port.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';

/** `aborted`: the caller's signal ended the call before it was sent. */
export type CallFault = Fault | 'aborted';

/** One store call, and what was known when it was made. */
export interface StoreCall {
  readonly verb: 'read' | 'list' | 'commit';
  readonly read?: ReadRequest;
  readonly commit?: CommitRequest;
  readonly process: Process;
  /** Operations that were running in the process. */
  readonly operations: readonly Operation[];
  /** Virtual milliseconds. */
  readonly madeMs: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

export type Waiting =
  | { readonly kind: 'call'; readonly process: Process; readonly call: StoreCall; readonly go: (fault: CallFault) => void }
  | { readonly kind: 'reply'; readonly process: Process; readonly go: () => void }
  | { readonly kind: 'sleep'; readonly process: Process; readonly dueMs: number; readonly go: () => void };

export type WaitingCall = Extract<Waiting, { kind: 'call' }>;

export class Schedule {
  readonly #waiting: Waiting[] = [];

  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  add<W extends Waiting>(waiting: W): W {
    this.#waiting.push(waiting);
    return waiting;
  }

  /** False when it is not waiting any more. */
  remove(waiting: Waiting): boolean {
    const index = this.#waiting.indexOf(waiting);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  /** Takes away what a process that died was waiting for. */
  removeOf(process: Process): readonly Waiting[] {
    const removed = this.#waiting.filter((waiting) => waiting.process === process);
    for (const waiting of removed) this.remove(waiting);
    return removed;
  }
}
