/** Which blocks a host took addresses from last: worth reading along, never trusted. */
import { parseCidrMasked } from '../core/addr.ts';
import type { Assigned } from '../core/plan/assigned.ts';
import { blockRef } from '../core/plan/refs.ts';
import type { RefOf } from '../core/records.ts';
import type { Need } from '../core/view.ts';

const HOSTS_MAX = 1_024;
const BLOCKS_PER_HOST_MAX = 4;

export class Hints {
  readonly #blocks = new Map<string, readonly RefOf<'block'>[]>();

  blocksOf(host: string): readonly RefOf<'block'>[] {
    return this.#blocks.get(host) ?? [];
  }

  note(host: string, assigned: readonly Assigned[]): void {
    const own = assigned.filter(({ borrowed, existing }) => !borrowed && !existing);
    const refs = new Map([...this.blocksOf(host), ...own.map(({ block }) => blockRef(block))].map((ref) => [ref.cidr.text, ref]));
    this.#blocks.delete(host);
    this.#blocks.set(host, [...refs.values()].slice(-BLOCKS_PER_HOST_MAX));
    const oldest = this.#blocks.keys().next();
    if (this.#blocks.size > HOSTS_MAX && !oldest.done) this.#blocks.delete(oldest.value);
  }
}

/** The blocks that a caller thinks likely; a text that is no network names none. */
export function blockRefs(texts: readonly string[] = []): RefOf<'block'>[] {
  return texts.flatMap((text) => {
    const cidr = parseCidrMasked(text);
    return cidr ? [blockRef(cidr)] : [];
  });
}

/** Blocks read along save the second read; the plan still decides on what it finds. */
export function withHints(need: Need, blocks: readonly RefOf<'block'>[]): Need {
  return { ...need, refs: [...need.refs, ...blocks] };
}
