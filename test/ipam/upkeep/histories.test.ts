import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FINDING_KINDS } from '../../../src/core/audit/finding.ts';
import { openIpam } from '../../../src/index.ts';
import type { FindingKind } from '../../../src/ipam/upkeep/api.ts';
import { openMemoryStore } from '../../../src/store/memory.ts';
import { ReplayClock } from '../../replay/clock.ts';
import { historyFiles, loadFinalStore } from '../../support/history-store.ts';
import { recordsIn, type StoredRecords } from '../../support/soundness.ts';

/** After the last of the recorded histories. */
const LATER_SECONDS = 1_800_000_000n;
const ROUNDS_MAX = 5;

/** What real Calico leaves in these histories, by number of findings. */
const KNOWN: Readonly<Record<string, Partial<Record<FindingKind, number>>>> = {
  '01-one-host': {},
  '03-several-blocks': { 'handle-count-high': 2, 'handle-leaked': 1 },
  '12-remove-host': { 'handle-leaked': 1 },
  '18-pending-found': {},
  'r01-random': { 'handle-leaked': 5, 'handle-count-high': 3 },
  'r05-random': { 'handle-leaked': 2, 'handle-count-high': 2 },
  'af-bad-owner': { 'owner-unreadable': 2 },
  'rc-stranded': { 'time-in-future': 1, 'affinity-foreign': 1, 'block-stranded': 1, 'block-without-affinity': 1 },
};

describe('what real Calico left (the final stores of its recorded histories)', () => {
  it.each(historyFiles().map((file) => [basename(file, '.json'), file] as const))(
    '%s: everything that can be mended is',
    async (name, file) => {
      const store = openMemoryStore();
      await loadFinalStore(store, file);
      const ipam = openIpam({ store, clock: new ReplayClock(LATER_SECONDS) });
      const before = holders(await recordsIn(store));
      const first = await ipam.audit();
      const known = KNOWN[name];
      if (known) expect(countsOf(first.findings)).toEqual(known);

      let report = first;
      for (let round = 0; round < ROUNDS_MAX && report.findings.some(isMendable); round++) {
        await ipam.repair({ report });
        report = await ipam.audit();
      }
      const left = await ipam.repair({ report });
      expect(left.filter(({ outcome }) => outcome.kind !== 'refused')).toEqual([]);
      expect(left.filter(({ finding }) => FINDING_KINDS[finding.kind].mendable === 'always')).toEqual([]);
      expect(holders(await recordsIn(store))).toEqual(before);
    },
  );
});

function isMendable({ kind }: { readonly kind: FindingKind }): boolean {
  return FINDING_KINDS[kind].mendable !== 'never';
}

function countsOf(findings: readonly { readonly kind: FindingKind }[]): Partial<Record<FindingKind, number>> {
  const counts: Partial<Record<FindingKind, number>> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Who holds what: no repair changes that. */
function holders({ blocks }: StoredRecords): string[] {
  return blocks.flatMap(({ cidr, allocations, attributes }) =>
    allocations.flatMap((index, ordinal) => {
      const attribute = index === null ? undefined : attributes?.[index];
      return attribute === undefined || attribute.releasedAt !== undefined ? [] : [`${cidr.text} ${ordinal} ${attribute.handleId}`];
    }),
  );
}
