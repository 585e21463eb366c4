import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FINDING_KINDS } from '../../../src/core/audit/finding.ts';
import { type Ipam, openIpam, openStore, type Store } from '../../../src/index.ts';
import type { AuditReport, Finding, Repaired } from '../../../src/ipam/upkeep/api.ts';
import { openMemoryStore } from '../../../src/store/memory.ts';
import { ReplayClock } from '../../replay/clock.ts';
import { DAMAGES, type Damage, SOUND } from '../../support/damage.ts';
import { startEtcd } from '../../support/etcd.ts';
import { bytes } from '../../support/store.ts';

const NOW_SECONDS = 1_787_356_800n;

async function put(store: Store, entries: Readonly<Record<string, string>>): Promise<void> {
  const writes = Object.entries(entries).map(([key, value]) => ({ key, value: bytes(value) }));
  for (let at = 0; at < writes.length; at += 100) await store.commit({ guards: [], writes: writes.slice(at, at + 100), deletes: [] });
}

async function opened(store: Store, ...damages: readonly Damage[]): Promise<Ipam> {
  await put(store, SOUND);
  for (const { entries } of damages) await put(store, entries);
  return openIpam({ store, clock: new ReplayClock(NOW_SECONDS) });
}

function named(report: AuditReport, { kind, names }: Damage): Finding[] {
  return report.findings.filter(
    (finding) => finding.kind === kind && `${finding.what} ${finding.seen.map(({ key }) => key)}`.includes(names),
  );
}

/** Until a round mends nothing; what was mended in all of them, and what the last one left. */
async function repairUntilDone(ipam: Ipam): Promise<{ mended: Repaired[]; left: readonly Repaired[] }> {
  const mended: Repaired[] = [];
  for (;;) {
    const repaired = await ipam.repair({ report: await ipam.audit() });
    const done = repaired.filter(({ outcome }) => outcome.kind === 'repaired');
    if (done.length === 0) return { mended, left: repaired };
    mended.push(...done);
  }
}

describe('a store that is damaged in one way', () => {
  it('a sound one has no finding', async () => {
    const ipam = await opened(openMemoryStore());
    expect((await ipam.audit()).findings).toEqual([]);
  });

  it('every kind of finding is among the damages', () => {
    const covered = new Set<string>(DAMAGES.map(({ kind }) => kind));
    const withoutOwn = ['blocks-overlap', 'borrowed-under-strict'];
    expect(Object.keys(FINDING_KINDS).filter((kind) => !covered.has(kind) && !withoutOwn.includes(kind))).toEqual([]);
  });

  it.each(DAMAGES)('$what is found as $kind and $outcome', async (damage) => {
    const store = openMemoryStore();
    const ipam = await opened(store, damage);
    const found = named(await ipam.audit(), damage);
    expect(found).toHaveLength(1);
    const planned = await ipam.repair({ report: await ipam.audit(), dryRun: true });
    expect(named(await ipam.audit(), damage)).toHaveLength(1);
    const { left } = await repairUntilDone(ipam);
    const of = (repaired: readonly Repaired[]) =>
      repaired.find(({ finding }) => finding.kind === damage.kind && finding.what === found[0]?.what)?.outcome;
    expect(of(planned)).toMatchObject({ kind: damage.outcome });
    if (damage.outcome === 'repaired') expect(named(await ipam.audit(), damage)).toEqual([]);
    else expect(of(left)).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/^.{20,}$/) });
  });
});

const STORES: readonly (readonly [name: string, open: () => Promise<Store>])[] = [
  ['memory', async () => openMemoryStore()],
  [
    'LMDB',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'plat-damage-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      return openStore(`lmdb:${folder}/store`);
    },
  ],
  [
    'etcd',
    async () => {
      const { endpoints, stop } = await startEtcd();
      onTestFinished(stop);
      return openStore(`etcd://${endpoints.join(',')}`);
    },
  ],
];

describe.each(STORES)('a store damaged in all ways at once, on %s', (_name, open) => {
  it('the audit names each, the repair mends what can be mended and gives the reason for the rest, a second repair finds nothing to do', async () => {
    const store = await open();
    onTestFinished(() => store.close());
    const ipam = await opened(store, ...DAMAGES);
    const report = await ipam.audit();
    for (const damage of DAMAGES)
      expect({ what: damage.what, found: named(report, damage).length }).toEqual({ what: damage.what, found: 1 });

    const { mended, left } = await repairUntilDone(ipam);
    const kindsMended = new Set(mended.map(({ finding }) => finding.kind));
    for (const { kind } of DAMAGES.filter(({ outcome }) => outcome === 'repaired')) expect(kindsMended).toContain(kind);
    expect(left.filter(({ outcome }) => outcome.kind !== 'refused')).toEqual([]);
    for (const damage of DAMAGES.filter(({ outcome }) => outcome === 'refused')) {
      expect({ what: damage.what, left: named({ ...report, findings: left.map(({ finding }) => finding) }, damage).length }).toEqual({
        what: damage.what,
        left: 1,
      });
    }
    expect(await ipam.ipsByHandle({ handle: 'pod-ok' })).toEqual(['10.0.0.1']);
    expect(await ipam.ipsByHandle({ handle: 'h-missing' })).toEqual(['10.0.7.10']);
  });
});
