import type { FindingKind } from '../../core/audit/finding.ts';

/** What a collection mends beside what it releases: leftovers that nobody is behind. */
export const COLLECTED_KINDS: readonly FindingKind[] = [
  'handle-leaked',
  'block-stranded',
  'affinity-without-block',
  'cooling-over',
  'marks-expired',
];
