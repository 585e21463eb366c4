/** All checks together: after each revision, and after each answer. */

import type { Answer, Operation } from '../operation.ts';
import type { Process } from '../process.ts';
import type { VirtualTime, WallClock } from '../time.ts';
import { checkAffinities } from './affinities.ts';
import { AnswerChecks } from './answers.ts';
import { BlockChecks } from './blocks.ts';
import { FinalityChecks } from './finality.ts';
import { HandleChecks } from './handles.ts';
import { type HoldCheckParts, HoldChecks } from './holds.ts';
import type { KeyEvent } from './mirror.ts';
import { type Author, type Change, Mirror } from './mirror.ts';

export interface ChecksParts {
  readonly time: VirtualTime;
  readonly wallOf: (author: Author) => WallClock;
  readonly operationOf: (id: string) => Operation | undefined;
  readonly limitOf: HoldCheckParts['limitOf'];
  /** Only the library writes. */
  readonly isExclusive: boolean;
}

export class Checks {
  readonly mirror = new Mirror();
  readonly handles: HandleChecks;
  readonly #isExclusive: boolean;
  readonly #blocks: BlockChecks;
  readonly #holds: HoldChecks;
  readonly #finality: FinalityChecks;
  readonly #answers: AnswerChecks;

  constructor({ time, wallOf, operationOf, limitOf, isExclusive }: ChecksParts) {
    this.#isExclusive = isExclusive;
    this.handles = new HandleChecks(this.mirror);
    this.#blocks = new BlockChecks({ mirror: this.mirror, wallOf, nowMs: () => time.ms });
    const ownLimitOf = (handle: string) => (this.handles.isForeign(handle) ? undefined : limitOf(handle));
    this.#holds = new HoldChecks({ mirror: this.mirror, operationOf, limitOf: ownLimitOf });
    this.#finality = new FinalityChecks(operationOf);
    this.#answers = new AnswerChecks(this.#holds, this.handles);
  }

  /** One revision: throws a Violation when an invariant does not hold in it. */
  revision(events: readonly KeyEvent[], author: Author): Change {
    const change = this.mirror.apply(events, author);
    this.#blocks.check(change);
    this.handles.check(change);
    checkAffinities(change, this.mirror, this.#isExclusive);
    this.#holds.check(change);
    this.#finality.check(change);
    return change;
  }

  /** The process read the release marks of these handles now. */
  read(process: Process, handles: readonly string[]): void {
    this.#finality.noteRead(process, handles, this.mirror.revision);
  }

  answer(operation: Operation, answer: Answer): void {
    this.#finality.answer(operation, answer, this.mirror.revision);
    this.#answers.check(operation, answer);
  }
}
