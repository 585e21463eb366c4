/** One run: sets a cluster up, lets the seed decide what happens for so many steps, then lets everything come to rest. */
import { openIpam } from '../../src/ipam/open.ts';
import { checkAtRest } from './check/rest.ts';
import { must } from './check/violation.ts';
import { Cluster } from './cluster.ts';
import { drawFault } from './faults.ts';
import type { Answer, Operation } from './operation.ts';
import type { Plant } from './plants.ts';
import { drawProfile, type FaultRates, OPERATIONS, type OperationKind, type Profile } from './profile.ts';
import { Random } from './random.ts';
import type { Waiting } from './schedule.ts';
import { assignIp, autoAssign, ensureBlock, setOwners } from './workload/assign.ts';
import { calicoOperation } from './workload/calico.ts';
import { affinities, config, nodes, pools, reservations } from './workload/operator.ts';
import { reads, releaseByHandle, releaseHandle, releaseIps } from './workload/release.ts';
import type { PlatStart } from './workload/start.ts';
import { type Slot, World } from './world.ts';

const NO_FAULTS: FaultRates = { conflict: 0, lostRequest: 0, lostReply: 0, late: 0, unavailable: 0 };
/** Of the weights of a step: what one pending call going on has. */
const PROCEED_WEIGHT = 10;
const REST_STEPS_MAX = 20_000;
/** Below half of a mark's lifetime: whoever sweeps marks by a clock that is ahead must not take one that is still needed. */
const CLOCK_OFFSET_MS_MAX = 200_000;
const REPEATS_MAX = 4;

type Action = 'proceed' | 'start' | 'crash' | 'boot' | 'land' | 'jump' | 'lull' | 'abort';

const WORKLOAD: Readonly<Record<OperationKind, (cluster: Cluster, host: string) => PlatStart | undefined>> = {
  autoAssign,
  assignIp,
  releaseIps,
  releaseByHandle,
  affinities,
  ensureBlock,
  config,
  pools,
  nodes,
  reservations,
  owners: setOwners,
  reads,
};

interface Again {
  readonly node: string;
  readonly start: PlatStart;
  readonly repeats: number;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number | undefined;
  readonly plant: Plant | undefined;
}

export class Simulation {
  readonly profile: Profile;
  readonly world: World;
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly #slots: readonly Slot[];
  readonly #again: Again[] = [];
  readonly #starts = new Map<Operation, Again>();
  /** Nothing new starts until all is quiet; then much time passes. */
  #isLull = false;
  #isResting = false;

  constructor({ seed, nodes: nodeCount, plant }: SimulationOptions) {
    this.#random = new Random(seed);
    this.profile = drawProfile(this.#random, nodeCount);
    const { hasCalico, processesPerNode } = this.profile;
    const names = Array.from({ length: this.profile.nodes }, (_, index) => `n${index + 1}`);
    this.world = new World({ random: this.#random, nodes: names, hasCalico, plant, limitOf: (handle) => this.#cluster.limitOf(handle) });
    this.#cluster = new Cluster({ random: this.#random, mirror: this.world.checks.mirror, nodes: names, mayResize: !hasCalico });
    this.#slots = names.flatMap((node) => [
      ...Array.from({ length: processesPerNode }, (): Slot => ({ node, writer: 'plat', starts: 0, live: undefined })),
      ...(hasCalico ? [{ node, writer: 'calico' as const, starts: 0, live: undefined }] : []),
    ]);
    this.world.onEnded = (operation, answer) => this.#noteEnd(operation, answer);
    this.world.onChange = ({ blocks }) => this.#cluster.note(blocks.flatMap(({ lost }) => lost));
  }

  /** Throws a Violation as soon as an invariant does not hold. */
  async run(steps: number): Promise<void> {
    await this.#setUp();
    for (let step = 1; step <= steps; step++) await this.#step(step);
    await this.#rest(steps);
  }

  async #setUp(): Promise<void> {
    const { store, time } = this.world;
    const wall = this.world.wallOf(this.#cluster.nodes[0] as string);
    const clock = {
      nowNs: () => wall.nowNs(),
      monotonicMs: () => time.ms,
      sleep: async () => {},
      random: () => this.#random.next(),
      uuid: () => this.#random.uuid(),
    };
    const ipam = openIpam({ store, clock });
    for (const { name, spec } of this.#cluster.pools) {
      await ipam.pools.create({ name, spec });
      await this.world.settle();
    }
    for (const [index, name] of this.#cluster.nodes.entries()) {
      await ipam.nodes.create({ name, labels: { zone: index % 2 === 0 ? 'a' : 'b' }, spec: {} });
      await this.world.settle();
    }
    await ipam.setConfig(this.profile.config);
    await this.world.settle();
    for (const slot of this.#slots) this.world.boot(slot);
  }

  async #step(step: number): Promise<void> {
    const { world } = this;
    world.trace.step = step;
    world.time.advance(this.#random.chance(0.03) ? this.#random.int(3_000) : this.#random.int(20));
    this.#act(this.#chooseAction());
    await world.settle();
  }

  #chooseAction(): Action | undefined {
    const { profile, world } = this;
    const isWaiting = world.schedule.waiting.length > 0;
    if (this.#isLull && !isWaiting && world.store.lateCommits === 0) return undefined;
    const isDead = this.#slots.some(({ live }) => !live);
    const isBusy = world.schedule.waiting.some(({ kind }) => kind === 'call');
    const isAbortable = [...this.#running()].some(({ abort }) => !abort.signal.aborted);
    const mayStart = !this.#isLull && !this.#isResting && [...this.#running()].length < profile.runningMax;
    const weights: readonly (readonly [number, Action])[] = [
      [isWaiting ? PROCEED_WEIGHT : 0, 'proceed'],
      [mayStart ? 4 : 0, 'start'],
      [this.#isResting || !isBusy ? 0 : profile.crashes, 'crash'],
      [isDead ? 0.5 : 0, 'boot'],
      [world.store.lateCommits > 0 ? profile.landings : 0, 'land'],
      [this.#isResting ? 0 : profile.clockJumps, 'jump'],
      [this.#isResting || this.#isLull ? 0 : profile.lulls, 'lull'],
      [this.#isResting || !isAbortable ? 0 : profile.aborts, 'abort'],
    ];
    return weights.some(([weight]) => weight > 0) ? this.#random.weighted(weights) : undefined;
  }

  #act(action: Action | undefined): void {
    const { world } = this;
    switch (action) {
      case 'proceed':
        return this.#proceed();
      case 'start':
        return this.#start();
      case 'crash':
        return world.crash(this.#random.pick(this.#slots.filter(({ live }) => live)), () =>
          this.#random.pick(['none', 'late', 'crash-before']),
        );
      case 'boot':
        return world.boot(this.#random.pick(this.#slots.filter(({ live }) => !live)));
      case 'land':
        return world.landLate();
      case 'jump':
        return this.#jump();
      case 'lull':
        this.#isLull = true;
        return;
      case 'abort':
        return this.#random.pick([...this.#running()].filter(({ abort }) => !abort.signal.aborted)).abort.abort();
      case undefined:
        return this.#endLull();
    }
  }

  #endLull(): void {
    if (!this.#isLull) return;
    this.#isLull = false;
    this.world.time.advance(this.#random.pick([5_000, 20_000, 70_000, 400_000, 2_000_000]));
    this.world.trace.note('much time has passed');
  }

  /** Sleeps end in their order, mostly; calls and replies in any. */
  #proceed(): void {
    const { schedule, time } = this.world;
    const isDue = (waiting: Waiting) => waiting.kind !== 'sleep' || waiting.dueMs <= time.ms;
    const due = schedule.waiting.filter(isDue);
    const waiting = due.length > 0 && !this.#random.chance(0.05) ? this.#random.pick(due) : this.#random.pick(schedule.waiting);
    const rates = this.#isResting ? NO_FAULTS : this.profile.faults;
    const fault = waiting.kind === 'call' ? drawFault(this.#random, rates, waiting.call, time.ms) : 'none';
    this.world.proceed(waiting, fault);
  }

  #jump(): void {
    const wall = this.world.wallOf(this.#random.pick(this.#cluster.nodes));
    const byMs = this.#random.pick([1, 1_000, 60_000]) * (1 + this.#random.int(3)) * this.#random.pick([1, -1]);
    wall.offsetMs = Math.max(-CLOCK_OFFSET_MS_MAX, Math.min(CLOCK_OFFSET_MS_MAX, wall.offsetMs + byMs));
    this.world.trace.note(`a clock jumps by ${byMs} ms`);
  }

  #start(): void {
    const slot = this.#random.pick(this.#slots);
    if (!slot.live) return;
    if (slot.writer === 'calico') {
      this.world.startCalico(slot, calicoOperation(this.#cluster, slot.node));
      return;
    }
    const again = this.#again.findIndex(({ node }) => node === slot.node);
    if (again >= 0 && this.#random.chance(0.6)) return this.#startPlat(slot, this.#again.splice(again, 1)[0] as Again);
    const host = this.#random.chance(0.8) ? slot.node : this.#random.pick(this.#cluster.nodes);
    const kind = this.#random.weighted(OPERATIONS.map((each) => [this.profile.operations[each], each] as const));
    const start = WORKLOAD[kind](this.#cluster, host);
    if (start) this.#startPlat(slot, { node: slot.node, start, repeats: 0 });
  }

  #startPlat(slot: Slot, again: Again): void {
    const isShort = !this.#isResting && this.#random.chance(this.profile.shortDeadlines);
    const operation = this.world.startPlat(slot, again.start, isShort ? 20 + this.#random.int(400) : undefined);
    this.#starts.set(operation, again);
  }

  *#running(): Generator<Operation> {
    for (const { live } of this.#slots) if (live) yield* live.process.running;
  }

  /** A caller that was not told what happened asks again. */
  #noteEnd(operation: Operation, answer: Answer): void {
    const again = this.#starts.get(operation);
    const isTold =
      answer.kind !== 'crashed' &&
      answer.kind !== 'unknown' &&
      !(answer.kind === 'refused' && /unavailable|deadline|contention/.test(answer.code));
    if (!again || isTold || !again.start.isRepeatable || again.repeats >= REPEATS_MAX) return;
    this.#again.push({ ...again, repeats: again.repeats + 1 });
  }

  /** No more faults: all calls end, everything asked for again is done, every handle is released; then nothing may be left. */
  async #rest(steps: number): Promise<void> {
    this.#isResting = true;
    let left = REST_STEPS_MAX;
    const next = () => {
      must(
        left-- > 0,
        'liveness',
        () => `not at rest after ${REST_STEPS_MAX} steps: ${[...this.#running()].map(({ id, label }) => `${id} ${label}`).join('; ')}`,
      );
      return this.#step(steps + REST_STEPS_MAX - left);
    };
    const isBusy = () => [...this.#running()].length > 0 || this.world.store.lateCommits > 0 || this.#slots.some(({ live }) => !live);
    while (isBusy()) await next();
    for (const slot of this.#slots.filter(({ writer }) => writer === 'plat')) {
      for (const again of this.#again.filter(({ node }) => node === slot.node)) {
        this.#again.splice(this.#again.indexOf(again), 1);
        this.#startPlat(slot, again);
        while (isBusy()) await next();
      }
    }
    const slot = this.#slots[0] as Slot;
    for (const { id } of this.#cluster.handles) {
      this.#startPlat(slot, { node: slot.node, start: releaseHandle(id, { final: true }), repeats: 0 });
      while (isBusy()) await next();
    }
    checkAtRest(this.world.checks, this.world.operations);
    await this.world.store.close();
  }
}
