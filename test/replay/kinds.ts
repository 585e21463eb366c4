/** Which of the differences on purpose a difference is, decided by what both runs did and stored (fixtures README). */
import { type Cidr, parseCidrMasked } from '../../src/core/addr.ts';
import { keyOf, parseKey } from '../../src/store/keys.ts';
import { affinityOf, cutId } from './blocks.ts';
import { type Finding, type Kind, resultFindings } from './differences.ts';
import { type HandleChange, isCalicosCount, isCountDifference, type Surroundings } from './handle-counts.ts';
import type { Step } from './history.ts';
import type { Snapshot } from './keyspace.ts';
import { isLeftBehind } from './left-behind.ts';
import type { Outcome } from './operations/operation.ts';
import { codesOf } from './refusals.ts';

/** One step as it went in both runs. */
export interface StepRun {
  readonly step: Step;
  readonly outcome: Outcome;
  /** Set when the step was refused as a whole and then asked again for IPv4 alone: see {@link isPartlyGranted}. */
  readonly ipv4Outcome?: Outcome;
  readonly calicoBefore: Snapshot;
  readonly calicoAfter: Snapshot;
  readonly oursBefore: Snapshot;
  readonly oursAfter: Snapshot;
}

/** Both refused, for the same reason. */
function isSameRefusal({ step, outcome, calicoBefore }: StepRun): boolean {
  if (step.error === undefined || outcome.refusal === undefined) return false;
  const { code } = outcome.refusal;
  return codesOf(step.error, step, calicoBefore)?.some((expected) => expected === code) ?? false;
}

/**
 * Kind 2: Calico serves IPv4 and then refuses the request because of IPv6; here nothing is given. That the part it gave
 * is right shows when the same is asked for alone.
 */
export function isPartlyGranted(run: StepRun): boolean {
  return (
    run.step.operation.ipv4Alone !== undefined &&
    isSameRefusal(run) &&
    run.step.changes.size > 0 &&
    changedKeys(run.oursBefore, run.oursAfter).size === 0
  );
}

export function changedKeys(before: Snapshot, after: Snapshot): Set<string> {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return new Set([...keys].filter((key) => before.get(key) !== after.get(key)));
}

/** Differences of refusal and result. */
export function outcomeFindings(run: StepRun): Finding[] {
  return [
    ...refusalFindings(run),
    ...(run.ipv4Outcome ? partFindings(run, run.ipv4Outcome) : resultFindings(run.step.result, run.outcome.result)),
  ];
}

function refusalFindings(run: StepRun): Finding[] {
  const { step, outcome } = run;
  const { refusal } = outcome;
  const finding = (expected: string, got: string, kind: Kind) => [{ where: 'error', expected, got, kind }];
  if (refusal?.calicoText !== undefined) {
    return refusal.calicoText === step.error ? [] : finding(step.error ?? 'no error', refusal.calicoText, 'unexpected');
  }
  if (refusal !== undefined) {
    const kind = step.error === undefined ? (isListOfLeaked(run) ? 1 : 'unexpected') : isSameRefusal(run) ? 3 : 'unexpected';
    return finding(step.error ?? 'no error', `${refusal.code}: ${refusal.message}`, kind);
  }
  if (step.error !== undefined) return finding(step.error, 'no error', isRepeatedRelease(run) ? 5 : 'unexpected');
  if (outcome.nothingFound !== true) return [];
  if (releasedThingExisted(run) === false) return finding('no error', 'nothing to release, where Calico gives an error', 'unexpected');
  return step.op === 'releaseByHandle' ? finding('found', 'nothing to release', 1) : [];
}

function partFindings({ step }: StepRun, ipv4Outcome: Outcome): Finding[] {
  const expected = new Map(step.result instanceof Map ? [...step.result].filter(([, value]) => value !== null) : []);
  const got = ipv4Outcome.result instanceof Map ? [...ipv4Outcome.result].filter(([family]) => expected.has(family)) : [];
  const whole: Finding = { where: 'result', expected: 'IPv4 granted', got: 'refused as a whole', kind: 2 };
  const error: Finding[] = ipv4Outcome.refusal
    ? [{ where: 'error', expected: 'IPv4 granted', got: ipv4Outcome.refusal.message, kind: 'unexpected' }]
    : [];
  return [whole, ...error, ...resultFindings(expected, new Map(got))];
}

/** Kind 1: a handle that Calico has only because it counted too much lists no address; here there is none (IH-03). */
function isListOfLeaked({ step, outcome, calicoBefore }: StepRun): boolean {
  const id = step.args.get('handle');
  if (step.op !== 'ipsByHandle' || typeof id !== 'string' || step.error !== undefined) return false;
  const isEmptyList = Array.isArray(step.result) && step.result.length === 0;
  return isEmptyList && outcome.refusal?.code === 'not-found' && calicoBefore.has(keyOf({ kind: 'handle', id }));
}

/** Kind 5: what is gone already is released again. */
function isRepeatedRelease(run: StepRun): boolean {
  const { step, outcome, calicoBefore, oursBefore, oursAfter } = run;
  const isGone = codesOf(step.error ?? '', step, calicoBefore)?.includes('not-found') ?? false;
  return isGone && outcome.nothingFound === true && releasedThingExisted(run) === false && changedKeys(oursBefore, oursAfter).size === 0;
}

/** Whether Calico had the one thing that the step releases; undefined for what is not a release of one thing. */
function releasedThingExisted({ step, calicoBefore }: StepRun): boolean | undefined {
  const [id, text] = [step.args.get('handle'), step.args.get('cidr')];
  const cidr: Cidr | undefined = typeof text === 'string' ? parseCidrMasked(text) : undefined;
  if (step.op === 'releaseByHandle' && typeof id === 'string') return calicoBefore.has(keyOf({ kind: 'handle', id: cutId(id) }));
  return step.op === 'releaseBlockAffinity' && cidr ? calicoBefore.has(keyOf({ kind: 'block', cidr })) : undefined;
}

/** The kind of a difference in a stored value; `comparable` has both values with placeholders. */
export function kindOfKey(key: string, comparable: { calico: string | undefined; ours: string | undefined }, run: StepRun): Kind {
  const ref = parseKey(key);
  if (ref?.kind === 'handle' && isCount(key, ref.id, run)) return 1;
  if (ref === undefined) return isForeign(key, run) ? 6 : 'unexpected';
  if (ref.kind === 'affinity' && isFoundState(key, run)) return 4;
  const isUntouched = run.ipv4Outcome === undefined && isSameRefusal(run) && changedKeys(run.oursBefore, run.oursAfter).size === 0;
  if (isUntouched && isLeftBehind(key, comparable.calico, run.step, run.calicoBefore, run.calicoAfter)) return 3;
  return 'unexpected';
}

function isCount(key: string, handle: string, run: StepRun): boolean {
  return isCountDifference(handleChange(key, handle, run), surroundings(run));
}

/** A recorded handle that equals ours, and yet is not what Calico's way of counting gives: the recording is not what Calico did. */
export function miscountFindings(key: string, run: StepRun): Finding[] {
  const ref = parseKey(key);
  if (ref?.kind !== 'handle' || !run.step.changes.has(key) || RAW_OPERATIONS.includes(run.step.op)) return [];
  const change = handleChange(key, ref.id, run);
  if (isCalicosCount(change, surroundings(run))) return [];
  return [{ where: key, expected: change.after ?? 'absent', got: "another value by Calico's way of counting", kind: 'unexpected' }];
}

function handleChange(key: string, handle: string, { calicoBefore, calicoAfter, oursAfter }: StepRun): HandleChange {
  return { handle, before: calicoBefore.get(key), after: calicoAfter.get(key), ours: oursAfter.get(key) };
}

function surroundings({ step, outcome, ipv4Outcome, calicoBefore, calicoAfter, oursAfter }: StepRun): Surroundings {
  const result = ipv4Outcome?.result ?? step.result ?? outcome.result;
  return { calicoBefore, calicoAfter, oursAfter, wanted: step.operation.wanted, result };
}

const RAW_OPERATIONS = ['put', 'delete'];

const RESOURCE_OPERATIONS = ['initialize', 'createPool', 'replacePool', 'deletePool', 'createNode', 'createReservation'];

/** Kind 6: only operations on resources write what plat does not know. */
function isForeign(key: string, { step, oursAfter }: StepRun): boolean {
  return RESOURCE_OPERATIONS.includes(step.op) && /^\/calico\/resources\//.test(key) && !oursAfter.has(key);
}

/**
 * Kind 4: AssignIP of Calico uses an existing block and leaves an intent that a crash left beside it alone (CR-15); here it
 * ends as it should: confirmed for the block's owner, gone for anybody else.
 */
function isFoundState(key: string, { step, calicoBefore, calicoAfter, oursAfter }: StepRun): boolean {
  const ref = parseKey(key);
  const found = calicoBefore.get(key);
  if (step.op !== 'assignIp' || ref?.kind !== 'affinity' || found === undefined || found !== calicoAfter.get(key)) return false;
  const block = keyOf({ kind: 'block', cidr: ref.cidr });
  if (!/^\{"state":"pending(Deletion)?"/.test(found) || !calicoBefore.has(block)) return false;
  const isOwn = affinityOf(oursAfter.get(block)) === `${ref.owner.type}:${ref.owner.name}`;
  return oursAfter.get(key) === (isOwn ? '{"state":"confirmed","deleted":false}' : undefined);
}
