/** I11: no assignment that read before a final release of its handle is recorded after it. */
import type { Answer, Operation } from '../operation.ts';
import type { Process } from '../process.ts';
import type { Change } from './mirror.ts';
import { must, violated } from './violation.ts';

/** A final release that was answered: it began when `from` was the newest revision, and was answered at `to`. */
interface AnsweredRelease {
  readonly from: bigint;
  readonly to: bigint;
}

export class FinalityChecks {
  readonly #operationOf: (id: string) => Operation | undefined;
  /** Revisions of the release marks of each handle, oldest first. */
  readonly #marks = new Map<string, bigint[]>();
  readonly #answered = new Map<string, AnsweredRelease[]>();

  constructor(operationOf: (id: string) => Operation | undefined) {
    this.#operationOf = operationOf;
  }

  /** The process read the marks of these handles at `revision`: for the calls that want to know, that is when they began. */
  noteRead(process: Process, handles: readonly string[], revision: bigint): void {
    for (const handle of handles) {
      const asking = [...process.running].filter(
        ({ request }) => request.kind === 'assign' && request.unlessReleased && request.handle === handle,
      );
      // Two of one handle in one process: whose read it was cannot be told.
      if (asking.length > 1) for (const each of asking) each.firstRead = 'ambiguous';
      for (const each of asking) each.firstRead ??= revision;
    }
  }

  check({ revision, releaseMarks, blocks }: Change): void {
    for (const { handle, operation: id } of blocks.flatMap(({ gained }) => gained)) {
      const operation = id === undefined ? undefined : this.#operationOf(id);
      if (handle !== undefined && operation) this.#checkGained(operation, handle, revision);
    }
    for (const handle of releaseMarks) this.#marks.set(handle, [...(this.#marks.get(handle) ?? []), revision]);
  }

  #checkGained({ id, request, firstRead }: Operation, handle: string, revision: bigint): void {
    if (request.kind !== 'assign' || !request.unlessReleased || firstRead === 'ambiguous') return;
    if (firstRead === undefined)
      return violated('I11', `${id} was recorded at ${revision} although it never looked for a release of ${handle}`);
    const text = (release: string) =>
      `${id} read at ${firstRead}, handle ${handle} was ${release}, and the assignment was recorded at ${revision}`;
    const mark = this.#marks.get(handle)?.find((each) => each > firstRead);
    must(mark === undefined, 'I11', () => text(`released at ${mark}`));
    const release = this.#answered.get(handle)?.find(({ from, to }) => from > firstRead && to < revision);
    must(release === undefined, 'I11', () => text(`released by a call that was answered by ${release?.to}`));
  }

  /** The release was answered when `revision` was the newest. */
  answer({ request, startRevision }: Operation, { kind }: Answer, revision: bigint): void {
    if (request.kind !== 'release-handle' || !request.final || kind !== 'released-handle') return;
    this.#answered.set(request.handle, [...(this.#answered.get(request.handle) ?? []), { from: startRevision, to: revision }]);
  }
}
