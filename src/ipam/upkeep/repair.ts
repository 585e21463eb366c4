/** Mends findings, a few per commit. */
import type { Finding } from '../../core/audit/finding.ts';
import type { Planner } from '../../core/plan/plan.ts';
import type { RefOf } from '../../core/records.ts';
import type { RepairOutcome } from '../../core/repair/context.ts';
import { dropExpiredMarks, isStep, operationsOf, repairFindings } from '../../core/repair/repair.ts';
import { PREFIXES, parseKey } from '../../store/keys.ts';
import type { CallOptions } from '../api.ts';
import { type Context, runAlone } from '../context.ts';
import { IpamError } from '../errors.ts';
import type { Repaired, RepairOptions } from './api.ts';
import { requireUnlocked } from './cluster.ts';

/** Leaves room in a commit for its evidence and the marks it sweeps. */
const OPERATIONS_PER_COMMIT = 90;
/** A step of another writer's protocol that is as old as this, and unchanged, was left behind: a commit takes milliseconds. */
const STEP_SETTLES_MS = 3_000;
const MARKS_PER_COMMIT = 80;

export async function repair(context: Context, options: RepairOptions): Promise<readonly Repaired[]> {
  const { report, dryRun = false, evenIfLocked = false, onOutcome, ...call } = options;
  if (!dryRun && !evenIfLocked && report.findings.length > 0) await requireUnlocked(context, call);
  if (report.findings.some(({ kind }) => isStep(kind))) await settle(context, report.takenAtMs, call);
  const repaired: Repaired[] = [];
  for (const chunk of chunksOf(report.findings)) {
    const outcomes = await repairChunk(context, chunk, { dryRun, call });
    chunk.forEach((finding, index) => {
      const outcome = outcomes[index] as RepairOutcome;
      repaired.push({ finding, outcome });
      onOutcome?.(finding, outcome);
    });
  }
  return repaired;
}

async function settle({ clock }: Context, takenAtMs: number, { signal }: CallOptions): Promise<void> {
  const leftMs = takenAtMs + STEP_SETTLES_MS - Number(clock.nowNs() / 1_000_000n);
  if (leftMs > 0) await clock.sleep(Math.min(leftMs, STEP_SETTLES_MS), signal);
}

/** Findings in order, as many as one commit can surely hold; expired marks are work of their own. */
function* chunksOf(findings: readonly Finding[]): Generator<readonly Finding[]> {
  let chunk: Finding[] = [];
  let operations = 0;
  for (const finding of findings) {
    const more = operationsOf(finding);
    const isAlone = finding.kind === 'marks-expired';
    if (chunk.length > 0 && (isAlone || operations + more > OPERATIONS_PER_COMMIT)) {
      yield chunk;
      chunk = [];
      operations = 0;
    }
    if (isAlone) yield [finding];
    else {
      chunk.push(finding);
      operations += more;
    }
  }
  if (chunk.length > 0) yield chunk;
}

interface How {
  readonly dryRun: boolean;
  readonly call: CallOptions;
}

async function repairChunk(context: Context, chunk: readonly Finding[], how: How): Promise<readonly RepairOutcome[]> {
  const [first] = chunk;
  if (first?.kind === 'marks-expired') return [await dropMarks(context, first, how)];
  try {
    return await runAlone(context, how.call, repairFindings(chunk, how.dryRun));
  } catch (error) {
    if (!(error instanceof IpamError) || error.code !== 'too-large') throw error;
    if (chunk.length === 1) return [{ kind: 'refused', reason: error.message }];
    const half = Math.ceil(chunk.length / 2);
    return [...(await repairChunk(context, chunk.slice(0, half), how)), ...(await repairChunk(context, chunk.slice(half), how))];
  }
}

async function dropMarks(context: Context, { subject }: Finding, { dryRun, call }: How): Promise<RepairOutcome> {
  let dropped = 0;
  for await (const { entries } of context.store.list(PREFIXES.marks, { ...call, keysOnly: true })) {
    const marks = entries.flatMap(({ key }) => {
      const ref = parseKey(key);
      return ref?.kind === 'mark' && ref.mark === subject.name ? [ref] : [];
    });
    for (let at = 0; at < marks.length; at += MARKS_PER_COMMIT) {
      dropped += await runAlone(context, call, marksPlanner(marks.slice(at, at + MARKS_PER_COMMIT), dryRun));
    }
  }
  return dropped > 0 ? { kind: 'repaired', did: `deleted ${dropped} mark(s)` } : { kind: 'changed', reason: 'others have taken them away' };
}

function marksPlanner(marks: readonly RefOf<'mark'>[], dryRun: boolean): Planner<number> {
  const drop = dropExpiredMarks(marks);
  return (draft, env) => {
    const before = draft.savepoint();
    const outcome = drop(draft, env);
    if (dryRun) draft.rollback(before);
    return outcome;
  };
}
