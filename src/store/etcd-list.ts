/** Listings over etcd: pages of one revision, each asked for while the one before it is looked at. */
import type { EtcdCalls } from './etcd-calls.ts';
import type { RangeAnswer } from './etcd-member.ts';
import { pageEntryOf, rangeRequest } from './etcd-messages.ts';
import { type Entry, type ListOptions, prefixRange, type Revision } from './port.ts';

/** What nothing is known of yet is asked for in small numbers: full blocks may have more than a megabyte each. */
const ENTRIES_FIRST = 100;
const ENTRIES_MAX = 5_000;
/** From one page to the next, since values of other sizes may follow. */
const GROWTH_MAX = 8;
const PAGE_BYTES = 4_000_000;

export interface EtcdPage {
  readonly revision: Revision;
  readonly entries: Entry[];
}

/** The port's `list`. Failing ahead of time is met when the page's turn comes, or not at all when nobody asks any more. */
export async function* listPrefix(
  calls: EtcdCalls,
  prefix: string,
  { keysOnly = false, pageSize, revision: asked, ...call }: ListOptions,
): AsyncGenerator<EtcdPage, void, undefined> {
  const { end, start: first } = prefixRange(prefix);
  const pageFrom = (start: string, limit: number, at: Revision | undefined): Promise<RangeAnswer> => {
    const range = { ...rangeRequest({ start, end, keysOnly, limit }), revision: (at ?? 0n).toString() };
    return calls.run(
      { doing: () => `listing ${prefix}`, send: 'repeatedly', request: (transport, rpc) => transport.range(range, rpc) },
      call,
    );
  };
  let revision = asked;
  let limit = pageSize ?? ENTRIES_FIRST;
  let next: Promise<RangeAnswer> | undefined = pageFrom(first, limit, revision);
  while (next !== undefined) {
    const page: RangeAnswer = await next;
    revision ??= BigInt(page.header.revision);
    const entries = page.kvs.map(pageEntryOf);
    const last = entries.at(-1);
    limit = pageSize ?? nextLimit(limit, entries);
    next = page.more && last ? pageFrom(`${last.key}\0`, limit, revision) : undefined;
    next?.catch(() => {});
    yield { revision, entries };
  }
}

/**
 * Entries that the next page should have. Etcd walks over every key that is left for each page, so that many small pages cost
 * the square of the number of keys; a page's bytes are held in memory.
 */
export function nextLimit(limit: number, entries: readonly Entry[]): number {
  const bytes = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const fitting = Math.floor((PAGE_BYTES * entries.length) / Math.max(1, bytes));
  return Math.max(1, Math.min(fitting, limit * GROWTH_MAX, ENTRIES_MAX));
}
