/** One collection: two looks, a question, and what they confirm. */
import type { Ipam } from '../../ipam/api.ts';
import type { AuditReport, Candidates, CollectResult, Observation, Repaired, Suspects } from '../../ipam/upkeep/api.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Cli } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions } from '../confirm.ts';
import { type EvidenceOptions, isLive, takeEvidence } from '../evidence/evidence.ts';
import { startProgress } from '../progress.ts';
import { countOf } from '../quantity.ts';
import { scanProgress } from '../scan-progress.ts';
import type { Collection } from './gc-text.ts';
import { readSuspects, writeSuspects } from './observation-file.ts';

export interface GcOptions extends EvidenceOptions, DestructiveOptions {
  /** Milliseconds. */
  readonly grace: number;
  readonly maxShare: number;
  readonly observation?: string;
}

export async function collectOnce(cli: Cli, ipam: Ipam, clock: Clock, options: GcOptions): Promise<Collection> {
  const before = await suspectsBefore(cli, ipam, clock, options);
  const observation = await look(cli, ipam, clock, options);
  const rules = { observation, suspects: before, graceMs: options.grace, maxSharePercent: options.maxShare };
  const planned = await ipam.collect({ ...cli.call(), ...rules, dryRun: true });
  const report = { ...observation.report, findings: observation.report.findings.filter(({ kind }) => ipam.collectedKinds.includes(kind)) };
  if (options.dryRun || planned.kind === 'refused') {
    const repaired = await ipam.repair({ ...cli.call(), report, dryRun: true });
    return { observation, result: planned, repaired, dryRun: true };
  }
  await confirm(cli, options, planned.confirmed, report.findings.length);
  const { result, repaired } = await doIt(cli, ipam, rules, report);
  if (options.observation !== undefined) await writeSuspects(options.observation, ipam.suspects(before, observation));
  return { observation, result, repaired, dryRun: false };
}

/** From the file of an earlier run; with evidence that can be taken again, from a first look now and the grace period after it. */
async function suspectsBefore(cli: Cli, ipam: Ipam, clock: Clock, options: GcOptions): Promise<Suspects> {
  if (options.observation !== undefined) return readSuspects(options.observation);
  if (!isLive(options)) return new Map();
  const first = ipam.suspects(new Map(), await look(cli, ipam, clock, options));
  if (first.size > 0) await waitFor(cli, clock, options.grace);
  return first;
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

async function look(cli: Cli, ipam: Ipam, clock: Clock, options: GcOptions): Promise<Observation> {
  const { inventory, takenAtMs } = await takeEvidence(cli, options, clock);
  const progress = startProgress(cli.terminal, 'reading');
  try {
    return await ipam.observe({ ...cli.call(), inventory, evidenceAtMs: takenAtMs, onProgress: scanProgress(progress) });
  } finally {
    progress.end();
  }
}

async function confirm(cli: Cli, options: GcOptions, { leaked, goneNodes, idleBlocks }: Candidates, leftovers: number): Promise<void> {
  if (leaked.length + goneNodes.length + idleBlocks.length + leftovers === 0) return;
  const blocks = goneNodes.reduce((sum, node) => sum + node.blocks.length, idleBlocks.length);
  const facts = `${countOf(leaked.length, 'address', 'addresses')} would be released, ${countOf(blocks, 'block')} given up when empty, ${countOf(leftovers, 'leftover')} mended.`;
  await confirmDestructive(cli, options, { code: 'not-confirmed', facts, question: 'Collect?', instead: 'See them with --dry-run.' });
}

interface Rules {
  readonly observation: Observation;
  readonly suspects: Suspects;
  readonly graceMs: number;
  readonly maxSharePercent: number;
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
    return { result, repaired: await ipam.repair({ ...cli.call(), report }) };
  } finally {
    progress.end();
  }
}
