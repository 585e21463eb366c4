/** One collection: two looks, a question, and what they confirm. */
import type { Ipam } from '../../ipam/api.ts';
import { brokenOff } from '../../ipam/broken-off.ts';
import type { AuditReport, Candidates, CollectResult, Observation, Repaired, Suspects } from '../../ipam/upkeep/api.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Cli } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions } from '../confirm.ts';
import { Refusal } from '../errors.ts';
import { type Evidence, type EvidenceOptions, evidenceTaker, isLive, requireFiles, requireWhole } from '../evidence/evidence.ts';
import { type SeenLists, withSeen } from '../evidence/seen-lists.ts';
import { startProgress } from '../progress.ts';
import { countOf } from '../quantity.ts';
import { scanProgress } from '../scan-progress.ts';
import type { Collection } from './gc-text.ts';
import { type Remembered, readObservation, writeObservation } from './observation-file.ts';

export interface GcOptions extends EvidenceOptions, DestructiveOptions {
  /** Milliseconds. */
  readonly grace: number;
  readonly maxShare: number;
  readonly observation?: string;
}

export async function collectOnce(cli: Cli, ipam: Ipam, clock: Clock, options: GcOptions): Promise<Collection> {
  requireWhole(options);
  const before = await rememberedBefore(cli, ipam, clock, options);
  const { observation, lists, repeated } = await look(cli, ipam, { clock, options, seen: before.lists });
  if (options.observation !== undefined && !options.dryRun) {
    // First of all: what was seen counts, whatever is answered or refused afterwards.
    const seen = { suspects: ipam.suspects(before.suspects, observation), lists: withSeen(before.lists, lists) };
    await writeObservation(options.observation, seen);
  }
  const rules = { observation, suspects: before.suspects, graceMs: options.grace, maxSharePercent: options.maxShare };
  const planned = await ipam.collect({ ...cli.call(), ...rules, dryRun: true });
  if (repeated.length > 0 && options.observation !== undefined) {
    const still = ipam.suspects(before.suspects, observation);
    refuseRepeated({ files: repeated, kept: options.observation }, before.suspects, still, planned.confirmed);
  }
  const report = { ...observation.report, findings: observation.report.findings.filter(({ kind }) => ipam.collectedKinds.includes(kind)) };
  if (options.dryRun || planned.kind === 'refused') {
    const repaired = await ipam.repair({ ...cli.call(), report, dryRun: true });
    return { observation, result: planned, repaired, dryRun: true };
  }
  await ipam.requireUnlocked(cli.call());
  await confirm(cli, options, planned.confirmed, report.findings.length);
  const { result, repaired } = await doIt(cli, ipam, rules, report);
  return { observation, result, repaired, dryRun: result.kind === 'refused' };
}

/**
 * From the file of earlier runs; with evidence that can be taken again, from a first look now and the grace period after it.
 * Files that vouch for absence cannot: the second look needs other ones.
 */
async function rememberedBefore(cli: Cli, ipam: Ipam, clock: Clock, options: GcOptions): Promise<Remembered> {
  if (options.observation !== undefined) return readObservation(options.observation);
  if (!isLive(options) || options.evidenceIsComplete) return { suspects: new Map(), lists: [] };
  requireFiles(options);
  const { observation, lists } = await look(cli, ipam, { clock, options, seen: [] });
  const suspects = ipam.suspects(new Map(), observation);
  if (suspects.size > 0) await waitFor(cli, clock, options.grace);
  return { suspects, lists };
}

interface Repeated {
  readonly files: readonly string[];
  /** The observation. */
  readonly kept: string;
}

/** A list that was seen before is as old as it was then, so it confirms nothing that was first seen since. */
function refuseRepeated({ files, kept }: Repeated, before: Suspects, still: Suspects, confirmed: Candidates): void {
  const { leaked, goneNodes, idleBlocks } = confirmed;
  const isWaitedFor = [...still.keys()].some((id) => before.has(id));
  if (!isWaitedFor || leaked.length + goneNodes.length + idleBlocks.length > 0) return;
  throw new Refusal(
    'same-evidence',
    `${files.join(' and ')} was looked at before: a second look needs a list that was taken anew, not the same one or a copy of it. Nothing was collected. Where nothing changes between two lists, kubectl get --raw /api/v1/pods tells them apart, and in a list with one item a line a comment with the date does (# …). If the cluster was restored, its versions count from an earlier one: delete ${kept} to begin anew.`,
    { files },
  );
}

async function waitFor(cli: Cli, clock: Clock, graceMs: number): Promise<void> {
  const seconds = Math.ceil(graceMs / 1_000);
  const progress = startProgress(cli.terminal, 'waiting for the grace period, seconds', seconds);
  try {
    for (let second = 0; second < seconds; second++) {
      await clock.sleep(Math.min(1_000, graceMs - second * 1_000), cli.terminal.signal);
      progress.add();
    }
  } finally {
    progress.end();
  }
}

interface Look {
  readonly clock: Clock;
  readonly options: GcOptions;
  readonly seen: SeenLists;
}

type Looked = Pick<Evidence, 'lists' | 'repeated'> & { readonly observation: Observation };

async function look(cli: Cli, ipam: Ipam, { clock, options, seen }: Look): Promise<Looked> {
  const take = evidenceTaker(cli, options, { clock, seen });
  let taken: Pick<Evidence, 'lists' | 'repeated'> = { lists: [], repeated: [] };
  const takeInventory = async () => {
    const { inventory, takenAtMs, lists, repeated } = await take();
    taken = { lists, repeated };
    return { inventory, evidenceAtMs: takenAtMs };
  };
  const progress = startProgress(cli.terminal, 'reading');
  try {
    const observation = await ipam.observe({ ...cli.call(), takeInventory, onProgress: scanProgress(progress) });
    return { observation, ...taken };
  } finally {
    progress.end();
  }
}

async function confirm(cli: Cli, options: GcOptions, { leaked, goneNodes, idleBlocks }: Candidates, leftovers: number): Promise<void> {
  if (leaked.length + goneNodes.length + idleBlocks.length + leftovers === 0) return;
  const blocks = goneNodes.reduce((sum, node) => sum + node.blocks.length, idleBlocks.length);
  const facts = `${countOf(leaked.length, 'address', 'addresses')} would be released, ${countOf(blocks, 'block')} given up when empty, ${countOf(leftovers, 'leftover')} mended.`;
  const remembered = options.observation === undefined ? '' : ` What was seen is kept in ${options.observation}.`;
  const instead = `See them with --dry-run.${remembered}`;
  await confirmDestructive(cli, options, { code: 'not-confirmed', facts, question: 'Collect?', instead });
}

interface Rules {
  readonly observation: Observation;
  readonly suspects: Suspects;
  readonly graceMs: number;
  readonly maxSharePercent: number;
}

function collectedText({ released, givenUp }: Extract<CollectResult, { kind: 'collected' }>): string {
  return `${countOf(released.length, 'address', 'addresses')} had been released and ${countOf(givenUp.length, 'block')} given up by then. The same again goes on.`;
}

async function doIt(
  cli: Cli,
  ipam: Ipam,
  rules: Rules,
  report: AuditReport,
): Promise<{ result: CollectResult; repaired: readonly Repaired[] }> {
  const progress = startProgress(cli.terminal, 'nodes collected');
  try {
    const result = await ipam.collect({ ...cli.call(), ...rules, onProgress: () => progress.add() });
    const wasRefused = result.kind === 'refused';
    const repaired = await ipam.repair({ ...cli.call(), report, dryRun: wasRefused }).catch((error: unknown) => {
      throw result.kind === 'collected'
        ? brokenOff(error, collectedText(result), { released: result.released, givenUp: result.givenUp })
        : error;
    });
    return { result, repaired };
  } finally {
    progress.end();
  }
}
