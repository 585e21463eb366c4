import type { FindingKind } from '../../core/audit/finding.ts';

/**
 * What a collection mends beside what it releases: leftovers that nobody is behind. One look is enough for these, without any
 * evidence: each is judged again in the commit that mends it, which fails when one of the records it was judged by has changed,
 * so that it is true at the moment it is mended; and a writer that is on its way meets a conflict and begins anew.
 */
export const COLLECTED_KINDS: readonly FindingKind[] = [
  // The record is as it was seen, and the blocks it counts are rewritten: Calico raises the count before it writes a block (HD-02).
  'handle-leaked',
  // Whoever assigns from the block writes it at the revision it read, and it is gone.
  'block-stranded',
  // Confirmed and without a block is no step of any writer: who claims makes it pending first, who gives up, leaving.
  'affinity-without-block',
  // What cools has been released: nobody holds it.
  'cooling-over',
  // Older than any call may take; every commit takes some of them away on one look too.
  'marks-expired',
];
