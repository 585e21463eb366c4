/** `ipam release --from-report`: releases what every report calls leaked, as far as it is still what was reported. */
import { readFile } from 'node:fs/promises';
import { sanitisedHandle } from '../../core/block.ts';
import { shareRefusal } from '../../core/collect/share.ts';
import type { BlockView, Ipam } from '../../ipam/api.ts';
import type { Assignment, AuditReport, Finding } from '../../ipam/upkeep/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions } from '../confirm.ts';
import { Refusal } from '../errors.ts';
import { printResult } from '../output.ts';
import { startProgress } from '../progress.ts';
import { scanProgress } from '../scan-progress.ts';
import { type LeakedInReport, type Report, readReport } from './report.ts';

export interface ReleaseReportsOptions extends DestructiveOptions {
  /** Percent of the addresses that the reports judge. */
  readonly maxShare: number;
}

interface Planned {
  /** As reported, and still so. */
  readonly assignments: readonly Assignment[];
  readonly handles: readonly Finding[];
  readonly takenAtMs: number;
  /** Addresses that every report judges, at most. */
  readonly judged: number;
  readonly leakedInReports: number;
  readonly handlesInReports: number;
}

interface Done {
  readonly dryRun: boolean;
  readonly released: number;
  readonly alreadyGone: number;
  readonly handlesReleased: number;
  readonly handlesSkipped: number;
  readonly handlesFailed: number;
  readonly leakedInReports: number;
  readonly handlesInReports: number;
}

export async function releaseReports(cli: Cli, files: readonly string[], options: ReleaseReportsOptions): Promise<void> {
  const reports = await Promise.all(files.map(readFrom));
  const { done, refusal } = await withIpam(cli, async (ipam) => {
    const cluster = await ipam.clusterInformation(cli.call());
    refuseOthers(cluster?.guid ?? '', files, reports);
    const planned = await plan(cli, ipam, reports);
    const { judged, assignments } = planned;
    const refusal = shareRefusal({ releasing: assignments.length, judged, maxSharePercent: options.maxShare });
    if (options.dryRun) return { done: outcomeOf(planned, true), refusal };
    if (refusal !== undefined) throw tooMany(`${refusal} See what it is about with --dry-run.`);
    await confirm(cli, options, planned, cluster?.isLocked === true);
    return { done: await execute(cli, ipam, planned), refusal };
  });
  await printResult(cli, { value: { kind: 'ReleasedReport', ...done }, text: () => textOf(done) });
  if (refusal !== undefined) throw tooMany(refusal);
}

function tooMany(reason: string): Refusal {
  return new Refusal('too-many', reason);
}

/** As calicoctl: under the lock at once in a script, and else only with `--force`. */
async function confirm(cli: Cli, options: DestructiveOptions, { assignments, handles }: Planned, isLocked: boolean): Promise<void> {
  if (assignments.length + handles.length === 0) return;
  const facts = `${assignments.length} address(es) and ${handles.length} handle(s) are still as the report calls them leaked, and would be released.`;
  await confirmDestructive(cli, options, {
    code: 'not-confirmed',
    facts,
    question: 'Release them?',
    instead: 'See them with --dry-run.',
    unattended: isLocked ? 'go on' : 'refuse',
  });
}

async function readFrom(file: string): Promise<Report> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Refusal('bad-report', `the report ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`, {
      file,
    });
  }
  const report = readReport(text);
  if (report) return report;
  throw new Refusal('bad-report', `${file} is no report. Make one: plat ipam check -o ${file}`, { file });
}

function refuseOthers(guid: string, files: readonly string[], reports: readonly Report[]): void {
  const other = files.find((_, index) => reports[index]?.clusterGuid !== guid);
  if (other === undefined) return;
  throw new Refusal(
    'bad-report',
    `cluster does not match the provided report (${other}): mismatched cluster GUID. Refusing to release. Make a report of this one: plat ipam check -o FILE`,
    {
      file: other,
    },
  );
}

/** What all reports agree on, and the store still shows. */
async function plan(cli: Cli, ipam: Ipam, reports: readonly Report[]): Promise<Planned> {
  const [last] = reports.slice(-1) as [Report];
  const leaked = new Map([...last.leaked].filter(([ip]) => reports.every((report) => report.leaked.has(ip))));
  const revisions = new Map(
    [...last.leakedHandles].filter(([id, revision]) => reports.every(({ leakedHandles }) => leakedHandles.get(id) === revision)),
  );
  const assignments: Assignment[] = [];
  const progress = startProgress(cli.terminal, 'reading');
  let report: AuditReport;
  try {
    report = await ipam.audit({
      ...cli.call(),
      onBegin: () => assignments.splice(0),
      onBlock: (block) => assignments.push(...stillThere(block, leaked)),
      onProgress: scanProgress(progress),
    });
  } finally {
    progress.end();
  }
  const handles = report.findings.filter(
    ({ kind, subject, seen }) =>
      kind === 'handle-leaked' && seen[0] !== undefined && revisions.get(subject.handle ?? '') === String(seen[0].revision),
  );
  const judged = Math.min(...reports.map((each) => each.judged));
  return { assignments, handles, takenAtMs: report.takenAtMs, judged, leakedInReports: leaked.size, handlesInReports: revisions.size };
}

function stillThere(block: BlockView, leaked: ReadonlyMap<string, LeakedInReport>): Assignment[] {
  return block.held.flatMap(({ ip, attribute, sequenceNumber }) => {
    const reported = leaked.get(ip);
    if (!reported || attribute?.releasedAt !== undefined || reported.sequenceNumber !== sequenceNumber) return [];
    if (attribute?.handleId === undefined ? reported.handle !== undefined : sanitisedHandle(attribute.handleId) !== reported.handle)
      return [];
    return [{ ip, block: block.cidr, handle: reported.handle, sequenceNumber }];
  });
}

/** Also under the lock: whoever releases from a report with calicoctl has to lock the datastore before. */
async function execute(cli: Cli, ipam: Ipam, planned: Planned): Promise<Done> {
  const { assignments, handles, takenAtMs } = planned;
  const { released } = await ipam.releaseAssignments({ assignments, evenIfLocked: true, ...cli.call() });
  const repaired = await ipam.repair({ report: { takenAtMs, findings: handles }, evenIfLocked: true, ...cli.call() });
  const count = (kind: string) => repaired.filter(({ outcome }) => outcome.kind === kind).length;
  return {
    ...outcomeOf(planned, false),
    released: released.length,
    alreadyGone: planned.leakedInReports - released.length,
    ...handleCounts(planned, count),
  };
}

function handleCounts({ handlesInReports, handles }: Planned, count: (kind: string) => number) {
  const skipped = handlesInReports - handles.length + count('changed');
  return { handlesReleased: count('repaired'), handlesSkipped: skipped, handlesFailed: count('refused') };
}

function outcomeOf({ assignments, handles, leakedInReports, handlesInReports }: Planned, dryRun: boolean): Done {
  return {
    dryRun,
    released: assignments.length,
    alreadyGone: leakedInReports - assignments.length,
    handlesReleased: handles.length,
    handlesSkipped: handlesInReports - handles.length,
    handlesFailed: 0,
    leakedInReports,
    handlesInReports,
  };
}

/** calicoctl's sentences. */
function textOf(done: Done): string {
  const { leakedInReports, handlesInReports } = done;
  return [
    ...(leakedInReports === 0 ? ["Report didn't contain any leaked IPs to clean up."] : addressesText(done)),
    ...(handlesInReports === 0 ? ["Report didn't contain any handles to clean up."] : handlesText(done)),
  ].join('\n');
}

function addressesText({ dryRun, released, alreadyGone, leakedInReports }: Done): string[] {
  return [
    ...(dryRun ? [`Would release ${released} IPs`] : [`Releasing ${leakedInReports} old IPs...`]),
    ...(dryRun || released === 0 ? [] : [`Released ${released} IPs successfully`]),
    ...(alreadyGone > 0 ? [`${alreadyGone} addresses marked as leaked in the report had already been cleaned up.`] : []),
  ];
}

function handlesText({ dryRun, handlesInReports, handlesReleased, handlesSkipped, handlesFailed }: Done): string[] {
  if (dryRun) return [`Would delete ${handlesReleased} handles; ${handlesSkipped} are gone or have changed`];
  return [
    `Deleting ${handlesInReports} handles...`,
    "Key: '.' = Deleted OK; 'x' = skip, handle missing/changed.",
    `${'.'.repeat(handlesReleased)}${'x'.repeat(handlesSkipped + handlesFailed)}`,
    `Released ${handlesReleased} handles; ${handlesSkipped} skipped; ${handlesFailed} errors.`,
  ];
}
