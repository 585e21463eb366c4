/** Replays one history through the public library API, step by step, beside what Calico did. */
import { addressCount, type Cidr, covers, parseCidrMasked } from '../../src/core/addr.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { WalkStart } from '../../src/core/plan/plan.ts';
import { blockIndex, walkStartIndex } from '../../src/core/walk.ts';
import { type Ipam, openIpam } from '../../src/index.ts';
import { keyOf, parseKey } from '../../src/store/keys.ts';
import type { Store } from '../../src/store/port.ts';
import { type Allowance, allowanceFor } from './allow.ts';
import { addsEqualAttribute, affinityOf, blockOf } from './blocks.ts';
import { ReplayClock } from './clock.ts';
import type { Difference, Finding } from './differences.ts';
import type { History, Step } from './history.ts';
import { firstRecordedSecond, latestNewSecond } from './history-time.ts';
import { Keyspace, type Snapshot } from './keyspace.ts';
import { changedKeys, isPartlyGranted, kindOfKey, miscountFindings, outcomeFindings, type StepRun } from './kinds.ts';
import { Numbering } from './numbering.ts';
import type { Context } from './operations/operation.ts';
import { resync } from './resync.ts';
import { Values } from './values.ts';

/** Steps follow each other within a second unless the history sleeps. */
const SECONDS_PER_STEP = 0.001;

/** Replays `history` on `store`, which must be empty; gives every difference, in order. */
export async function replayHistory(history: History, store: Store, allowances: readonly Allowance[]): Promise<Difference[]> {
  const replay = new Replay(history, store);
  const differences: Difference[] = [];
  for (const step of history.steps) {
    const allowed = allowanceFor(allowances, history.name, step.index);
    for (const finding of await replay.step(step)) {
      const isAllowed = finding.kind === 'unexpected' && allowed !== undefined;
      const at = { history: history.name, step: step.index, op: step.op, ...finding };
      differences.push(isAllowed ? { ...at, kind: 'allowed', claim: allowed.claim } : at);
    }
  }
  return differences;
}

class Replay {
  readonly #history: History;
  readonly #clock: ReplayClock;
  readonly #keyspace: Keyspace;
  readonly #ipam: Ipam;
  readonly #numbering = new Numbering();
  readonly #values = new Values(this.#numbering);
  #calico: Snapshot = new Map();
  #ours: Snapshot = new Map();
  #current: Step | undefined;

  constructor(history: History, store: Store) {
    this.#history = history;
    this.#clock = new ReplayClock(firstRecordedSecond(history));
    this.#keyspace = new Keyspace(store);
    const walkStart: WalkStart = (...walk) => this.#walkStart(...walk);
    this.#ipam = openIpam({ store, clock: this.#clock, walkStart });
  }

  /** Does the step and gives what differs; afterwards both runs are in the same state but for handle counts. */
  async step(step: Step): Promise<Finding[]> {
    this.#current = step;
    this.#clock.advance(SECONDS_PER_STEP);
    this.#clock.reach(latestNewSecond(step, this.#calico));
    const run = await this.#run(step);
    const touched = [...new Set([...step.changes.keys(), ...changedKeys(run.oursBefore, run.oursAfter)])].toSorted();
    const keys = this.#keyFindings(touched, run);
    const apart = keys.filter(({ kind }) => kind !== 1 && kind !== 6).map(({ where }) => where);
    this.#calico = run.calicoAfter;
    this.#ours = run.oursAfter;
    if (apart.length > 0) await this.#resync(apart);
    return [...outcomeFindings(run), ...keys];
  }

  async #run(step: Step): Promise<StepRun> {
    const context: Context = {
      ipam: this.#ipam,
      keyspace: this.#keyspace,
      clock: this.#clock,
      sequenceNumberFor: (ip, recorded) => this.#numbering.ourNumber(ip, recorded),
      hadEmptyAttrs: addsEqualAttribute(step.changes, this.#calico),
    };
    const outcome = await step.operation.run(context);
    const run: StepRun = {
      step,
      outcome,
      calicoBefore: this.#calico,
      calicoAfter: applied(this.#calico, step.changes),
      oursBefore: this.#ours,
      oursAfter: await this.#keyspace.snapshot(),
    };
    if (!isPartlyGranted(run) || step.operation.ipv4Alone === undefined) return run;
    const ipv4Outcome = await step.operation.ipv4Alone.run(context);
    return { ...run, ipv4Outcome, oursAfter: await this.#keyspace.snapshot() };
  }

  #keyFindings(keys: readonly string[], run: StepRun): Finding[] {
    return keys.flatMap((key) => {
      const [calico, ours] = [run.calicoAfter.get(key), run.oursAfter.get(key)];
      this.#observe(key, calico, ours);
      const comparable = this.#values.comparable(key, calico, ours);
      // The recording cannot tell an empty value from none.
      if ((comparable.calico ?? '') === (comparable.ours ?? '')) return miscountFindings(key, run);
      const kind = kindOfKey(key, comparable, run);
      return [{ where: key, expected: comparable.calico ?? 'absent', got: comparable.ours ?? 'absent', kind }];
    });
  }

  #observe(key: string, calico: string | undefined, ours: string | undefined): void {
    if (parseKey(key)?.kind !== 'block') return;
    if (calico !== undefined && calico === ours) this.#numbering.observeEqual(key, calico);
    else {
      this.#numbering.calico.observe(key, calico);
      this.#numbering.ours.observe(key, ours);
    }
  }

  async #resync(keys: readonly string[]): Promise<void> {
    await this.#keyspace.write(resync(keys, this.#calico, this.#ours));
    this.#ours = await this.#keyspace.snapshot();
    for (const key of keys) this.#observe(key, this.#calico.get(key), this.#ours.get(key));
  }

  #walkStart(...[host, pool, blockCount, claimed]: Parameters<WalkStart>): bigint {
    const start = this.#history.walkStarts.find((candidate) => candidate.host === host && candidate.pool.text === pool.text);
    const first = this.#singleAddressStart(host, pool, blockCount, claimed) ?? start?.firstBlock;
    if (first === undefined) return walkStartIndex(host, pool, blockCount);
    return blockIndex(pool, first);
  }

  /** For blocks of one address Calico starts anywhere, anew for every block (RG-02): where it did is in the result. */
  #singleAddressStart(host: string, pool: Cidr, blockCount: bigint, claimed: number): Cidr | undefined {
    if (blockCount !== addressCount(pool)) return undefined;
    const cidrs = resultAddresses(this.#current?.result).flatMap((address) => parseCidrMasked(blockOf(address) ?? '') ?? []);
    const others = cidrs.filter((cidr) => !this.#isOwn(host, cidr));
    return others.filter((cidr) => covers(pool, cidr))[claimed];
  }

  #isOwn(host: string, cidr: Cidr): boolean {
    const affinity = affinityOf(this.#calico.get(keyOf({ kind: 'block', cidr })));
    return affinity === `host:${host}` || affinity === `virtual:${host}`;
  }
}

function applied(snapshot: Snapshot, changes: ReadonlyMap<string, string | null>): Snapshot {
  const after = new Map(snapshot);
  for (const [key, value] of changes) {
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  return after;
}

/** Addresses that an assignment gave, or blocks that were ensured, in order. */
function resultAddresses(result: Json | undefined): string[] {
  if (!(result instanceof Map)) return [];
  return [...(result as JsonObject).values()].flatMap((family) => {
    const ips = family instanceof Map ? (family as JsonObject).get('ips') : [family];
    return Array.isArray(ips) ? ips.filter((ip) => typeof ip === 'string') : [];
  });
}
