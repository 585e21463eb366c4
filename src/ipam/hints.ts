/** Which blocks a host took addresses from last: worth reading along, never trusted. */
import type { Assigned } from '../core/plan/assigned.ts';
import { blockRef } from '../core/plan/refs.ts';
import type { RefOf } from '../core/records.ts';

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
