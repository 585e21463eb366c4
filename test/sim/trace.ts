/** What happened, line by line: equal for equal seeds. */
import { refId } from '../../src/core/view.ts';
import { parseKey } from '../../src/store/keys.ts';
import type { KeyEvent } from './check/mirror.ts';
import type { VirtualTime } from './time.ts';

export class Trace {
  readonly lines: string[] = [];
  readonly #time: VirtualTime;
  step = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  note(text: string): void {
    this.lines.push(`${this.step} ${(this.#time.ms / 1_000).toFixed(3)}s ${text}`);
  }

  revision(revision: bigint, events: readonly KeyEvent[]): void {
    this.note(`  revision ${revision}: ${events.map(({ kind, key }) => `${kind === 'put' ? '' : '-'}${keyText(key)}`).join(', ')}`);
  }
}

/** A key as a reader of the trace wants it. */
export function keyText(key: string): string {
  const ref = parseKey(key);
  return ref ? refId(ref) : key;
}
