import type { Command } from 'commander';
import { FINDING_KINDS } from '../../core/audit/finding.ts';
import type { Ipam } from '../../ipam/api.ts';
import { brokenOff } from '../../ipam/broken-off.ts';
import type { AuditReport, Finding, FindingKind, Repaired, RepairOptions } from '../../ipam/upkeep/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions, destructiveOptions } from '../confirm.ts';
import { UsageError } from '../errors.ts';
import { collectList } from '../options.ts';
import { printResult } from '../output.ts';
import { startProgress } from '../progress.ts';
import { countOf } from '../quantity.ts';
import { scanProgress } from '../scan-progress.ts';

interface Options extends DestructiveOptions {
  readonly kind?: readonly string[];
}

/** A repair may uncover the next thing to mend: an emptied block, an affinity without one. */
const ROUNDS_MAX = 5;

/** `plat ipam repair`. */
export function define(command: Command, cli: Cli): void {
  destructiveOptions(command)
    .option('--kind <kind>', 'only findings of this kind; may be repeated', collectList)
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => repair(cli, options));
}

const EXAMPLES = `
Mends what plat ipam check finds. Each finding is judged again in the commit that mends it: when somebody changed the records
meanwhile nothing is done, and it is looked at once more. What cannot be mended safely is left alone, with the reason. It may be
interrupted and run again at any time. While operators lock the datastore nothing is mended.

Examples:
  plat ipam repair --dry-run
  plat ipam repair
  plat ipam repair --kind handle-leaked,handle-count-high --yes`;

async function repair(cli: Cli, options: Options): Promise<void> {
  const kinds = kindsOf(options.kind);
  const dryRun = options.dryRun === true;
  const repaired = await withIpam(cli, async (ipam) => {
    const first = await audit(cli, ipam, kinds);
    const mendable = first.findings.filter(isMendable);
    if (dryRun || mendable.length === 0) return repairOnce(cli, ipam, { report: first, dryRun: true });
    await ipam.requireUnlocked(cli.call());
    const facts = `${countOf(mendable.length, 'finding')} can be mended: ${summary(mendable)}.`;
    await confirmDestructive(cli, options, { code: 'not-confirmed', facts, question: 'Mend them?', instead: 'See each with --dry-run.' });
    const soFar: Repaired[] = [];
    const onOutcome = (each: Repaired) => soFar.push(each);
    return repairUntilDone(cli, ipam, { first, kinds, onOutcome }).catch((error: unknown) => tellSoFar(cli, soFar, error));
  });
  await print(cli, repaired, { dryRun });
}

/** What ended it half way must not hide what was mended. */
async function tellSoFar(cli: Cli, soFar: readonly Repaired[], error: unknown): Promise<never> {
  const done = soFar.filter(({ outcome }) => outcome.kind === 'repaired');
  if (done.length > 0) await print(cli, done, { dryRun: false, isIncomplete: true });
  const progress = `At least ${countOf(done.length, 'finding')} had been mended by then. The same again goes on.`;
  throw brokenOff(error, progress, { repaired: done.length });
}

async function print(cli: Cli, repaired: readonly Repaired[], how: { dryRun: boolean; isIncomplete?: true }): Promise<void> {
  const of = (kind: string) => repaired.filter(({ outcome }) => outcome.kind === kind).length;
  const counts = { repaired: of('repaired'), changed: of('changed'), refused: of('refused') };
  const items = repaired.map(({ finding, outcome }) => ({ ...finding, outcome }));
  await printResult(cli, {
    value: { kind: 'Repair', ...how, ...counts, items },
    text: () => [...repaired.map((each) => lineOf(each, how.dryRun)), totalText(counts, how.dryRun)].join('\n'),
  });
}

function kindsOf(given: readonly string[] | undefined): ReadonlySet<string> | undefined {
  const unknown = given?.find((kind) => !Object.hasOwn(FINDING_KINDS, kind));
  if (unknown !== undefined)
    throw new UsageError(`there is no finding of kind '${unknown}'. Kinds are ${Object.keys(FINDING_KINDS).join(', ')}.`);
  return given && new Set(given);
}

function isMendable({ mendable }: Finding): boolean {
  return mendable !== 'never';
}

async function audit(cli: Cli, ipam: Ipam, kinds: ReadonlySet<string> | undefined): Promise<AuditReport> {
  const progress = startProgress(cli.terminal, 'reading');
  try {
    const report = await ipam.audit({ ...cli.call(), onProgress: scanProgress(progress) });
    return { ...report, findings: report.findings.filter(({ kind }) => kinds?.has(kind) ?? true) };
  } finally {
    progress.end();
  }
}

type OnRepaired = (each: Repaired) => void;

async function repairOnce(
  cli: Cli,
  ipam: Ipam,
  { report, dryRun, onOutcome }: { report: AuditReport; dryRun: boolean; onOutcome?: OnRepaired },
): Promise<readonly Repaired[]> {
  const progress = startProgress(cli.terminal, dryRun ? 'planning' : 'mending', report.findings.length);
  try {
    const tell: RepairOptions['onOutcome'] = (finding, outcome) => {
      onOutcome?.({ finding, outcome });
      progress.add();
    };
    return await ipam.repair({ ...cli.call(), report, dryRun, onOutcome: tell });
  } finally {
    progress.end();
  }
}

/** What was mended in all rounds, and what the last one left. */
async function repairUntilDone(
  cli: Cli,
  ipam: Ipam,
  { first, kinds, onOutcome }: { first: AuditReport; kinds: ReadonlySet<string> | undefined; onOutcome: OnRepaired },
): Promise<readonly Repaired[]> {
  const mended: Repaired[] = [];
  let report = first;
  for (let round = 1; ; round++) {
    const repaired = await repairOnce(cli, ipam, { report, dryRun: false, onOutcome });
    mended.push(...repaired.filter(({ outcome }) => outcome.kind === 'repaired'));
    const left = repaired.filter(({ outcome }) => outcome.kind !== 'repaired');
    report = await audit(cli, ipam, kinds);
    if (round === ROUNDS_MAX || !report.findings.some(isMendable))
      return [...mended, ...left.filter(({ outcome }) => outcome.kind === 'refused')];
    if (repaired.every(({ outcome }) => outcome.kind === 'refused')) return [...mended, ...left];
  }
}

function summary(findings: readonly Finding[]): string {
  const counts = new Map<FindingKind, number>();
  for (const { kind } of findings) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

function lineOf({ finding, outcome }: Repaired, dryRun: boolean): string {
  switch (outcome.kind) {
    case 'repaired':
      return `${dryRun ? 'would mend' : 'mended'}  ${finding.kind}: ${finding.what}\n    ${dryRun ? 'would have ' : ''}${outcome.did}`;
    case 'changed':
      return `changed  ${finding.kind}: ${finding.what}\n    nothing done: ${outcome.reason}`;
    case 'refused':
      return `left     ${finding.kind}: ${finding.what}\n    ${outcome.reason}`;
  }
}

function totalText({ repaired, changed, refused }: { repaired: number; changed: number; refused: number }, dryRun: boolean): string {
  if (repaired + changed + refused === 0) return 'Nothing to repair.';
  const others = [...(changed > 0 ? [`${changed} changed meanwhile`] : []), ...(refused > 0 ? [`${refused} left to a person`] : [])];
  return [`${dryRun ? 'Would mend' : 'Mended'} ${countOf(repaired, 'finding')}`, ...others].join('; ').concat('.');
}
