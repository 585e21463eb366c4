/** What calicoctl prints for the stores that real Calico left, beside what plat prints: the same facts. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../src/index.ts';
import { historyFiles, loadFinalStore } from '../../support/history-store.ts';
import { useSession } from '../session.ts';

const TRANSCRIPTS = fileURLToPath(new URL('../../fixtures/calicoctl/', import.meta.url));

interface Transcript {
  readonly history: string;
  readonly lines: readonly string[];
  readonly report: {
    allocations: Record<string, { handle?: string; pod?: string; node?: string; borrowed?: boolean; inUse: boolean }[]>;
    leakedHandles?: { ID: string }[];
  };
}

function transcriptOf(file: string): Transcript {
  const text = readFileSync(join(TRANSCRIPTS, file), 'utf8');
  const [output = '', report = ''] = text.split('report.json:\n');
  const lines = output.split('\n').slice(3);
  const history = /the end of (\S+)\.json/.exec(text)?.[1] ?? '';
  return { history, lines: lines.slice(0, lines.indexOf('[exit 0]')), report: JSON.parse(report) as Transcript['report'] };
}

/** Calico walks through maps: its lists have no order. What plat finds beside is counted too, so the last line differs. */
function facts(lines: readonly string[]): string[] {
  const end = lines.findIndex((line) => line.startsWith('Checking everything else'));
  return lines.filter((line, index) => line !== '' && !line.startsWith('Check complete') && (end < 0 || index < end)).toSorted();
}

describe('plat ipam check beside calicoctl', () => {
  const session = useSession();

  it.each(readdirSync(TRANSCRIPTS).filter((name) => name.startsWith('check-')))('%s: the same sections, lines and report', async (file) => {
    const { history, lines, report } = transcriptOf(file);
    const store = await openStore(session.store());
    await loadFinalStore(store, historyFiles().find((path) => basename(path) === `${history}.json`) ?? '');
    await store.close();
    const folder = await mkdtemp(join(tmpdir(), 'plat-check-'));
    const [pods, nodes, out] = ['pods.json', 'nodes.json', 'report.json'].map((name) => join(folder, name)) as [string, string, string];
    // Nobody of the store is in them, and an empty list would be refused.
    await writeFile(pods, '{"kind":"List","items":[{"kind":"Pod","metadata":{"namespace":"elsewhere","name":"pod"}}]}');
    await writeFile(nodes, '{"kind":"List","items":[{"kind":"Node","metadata":{"name":"elsewhere"}}]}');

    const { code, stdout } = await session.run(
      `ipam check --show-all-ips --show-problem-ips --in-use-from ${pods} --nodes-from ${nodes} --evidence-is-complete -o ${out}`,
    );
    expect(code).toBe(0);
    expect(facts(stdout.split('\n'))).toEqual(facts(lines));

    const written = JSON.parse(await readFile(out, 'utf8')) as Transcript['report'] & { clusterGUID: string };
    expect(written.clusterGUID).toMatch(/^[0-9a-f]{32}$/);
    expect(comparable(written)).toEqual(comparable(report));
  });
});

/** Without what another run of Calico numbers otherwise. */
function comparable({ allocations, leakedHandles = [] }: Transcript['report']) {
  const entries = Object.entries(allocations).map(([ip, holders]) => [
    ip,
    holders.map(({ handle, pod, node, borrowed, inUse }) => ({ handle, pod, node, borrowed, inUse })),
  ]);
  return { allocations: Object.fromEntries(entries) as unknown, handles: leakedHandles.map(({ ID }) => ID).toSorted() };
}
