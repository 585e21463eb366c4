/**
 * A cluster under one seed: processes on nodes, their clients of one store, and everything that waits for its turn.
 * Whatever is let go on here, `settle` then runs all that needs no turn of its own, and checks what came of it.
 */
import type { Ipam } from '../../src/ipam/api.ts';
import { openIpam } from '../../src/ipam/open.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { PREFIXES, parseKey } from '../../src/store/keys.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/port.ts';
import { calicoOver } from './calico/context.ts';
import { Checks } from './check/checks.ts';
import { OPERATION_ATTR } from './check/hold.ts';
import type { HoldCheckParts } from './check/holds.ts';
import type { Author, Change, KeyEvent } from './check/mirror.ts';
import { must } from './check/violation.ts';
import { SimClient } from './client.ts';
import { answerOf } from './errors.ts';
import { type Answer, Operation } from './operation.ts';
import type { Plant } from './plants.ts';
import { Process } from './process.ts';
import type { Random } from './random.ts';
import { type CallFault, Schedule, type Waiting, type WaitingCall } from './schedule.ts';
import { processClock, VirtualTime, WallClock } from './time.ts';
import { keyText, Trace } from './trace.ts';
import type { CalicoStart } from './workload/calico.ts';
import type { CallParts, PlatStart, Start } from './workload/start.ts';

/** Of all replies; the others wait for their turn. */
const PROMPT_REPLIES = 0.7;

/** Where one process lives at a time. */
export interface Slot {
  readonly node: string;
  readonly writer: Process['writer'];
  starts: number;
  live: Live | undefined;
}

interface Live {
  readonly process: Process;
  readonly store: Store;
  readonly clock: Clock;
  readonly ipam: Ipam;
}

interface Settled {
  readonly operation: Operation;
  readonly answer: () => Answer;
}

export interface WorldParts {
  readonly random: Random;
  readonly nodes: readonly string[];
  readonly hasCalico: boolean;
  readonly plant: Plant | undefined;
  readonly limitOf: HoldCheckParts['limitOf'];
}

export class World {
  readonly time = new VirtualTime();
  readonly schedule = new Schedule();
  readonly store = openMemoryStore();
  readonly checks: Checks;
  readonly trace = new Trace(this.time);
  readonly walls: ReadonlyMap<string, WallClock>;
  readonly operations = new Map<string, Operation>();
  onEnded: (operation: Operation, answer: Answer) => void = () => {};
  onChange: (change: Change) => void = () => {};
  readonly #random: Random;
  readonly #plant: Plant | undefined;
  readonly #events: KeyEvent[] = [];
  readonly #settled: Settled[] = [];
  readonly #lateAuthors: Author[] = [];
  #author: Author;

  constructor({ random, nodes, hasCalico, plant, limitOf }: WorldParts) {
    this.#random = random;
    this.#plant = plant;
    this.walls = new Map(nodes.map((node) => [node, new WallClock(this.time, random.int(2_000) - 1_000)]));
    const setup = new Process({ name: 'setup', node: nodes[0] as string, writer: 'plat' });
    this.#author = { process: setup, operations: [], sentMs: 0 };
    this.checks = new Checks({
      time: this.time,
      wallOf: ({ process }) => this.wallOf(process.node),
      operationOf: (id) => this.operations.get(id),
      limitOf,
      isExclusive: !hasCalico,
    });
    void this.#watch();
  }

  wallOf(node: string): WallClock {
    return this.walls.get(node) as WallClock;
  }

  /** A process starts in the slot, with nothing in memory. */
  boot(slot: Slot): void {
    const process = new Process({
      name: `${slot.node}${slot.writer === 'calico' ? 'c' : ''}-${++slot.starts}`,
      node: slot.node,
      writer: slot.writer,
    });
    const { time, schedule, store } = this;
    const clock = processClock({ time, wall: this.wallOf(slot.node), schedule, random: this.#random, process });
    const client = new SimClient({ store, process, schedule, time, isPrompt: () => this.#random.chance(PROMPT_REPLIES) });
    const planted = slot.writer === 'plat' && this.#plant ? this.#plant(client, process) : client;
    slot.live = { process, clock, store: planted, ipam: openIpam({ store: planted, clock }) };
    this.trace.note(`${process.name} starts`);
  }

  startPlat({ live }: Slot, start: PlatStart, timeoutMs: number | undefined): Operation {
    const { process, ipam } = live as Live;
    return this.#begin(process, start, ipam, timeoutMs);
  }

  startCalico({ live }: Slot, start: CalicoStart): Operation {
    const { process, store, clock } = live as Live;
    return this.#begin(process, start, calicoOver(store, clock), undefined);
  }

  #begin<Target>(process: Process, start: Start<Target>, target: Target, timeoutMs: number | undefined): Operation {
    const { label, request } = start;
    const id = `${process.name}#${this.operations.size + 1}`;
    const operation = new Operation({ id, process, request, label, startRevision: this.checks.mirror.revision });
    this.operations.set(id, operation);
    process.running.add(operation);
    this.trace.note(`${id} ${label}`);
    const call: CallParts = {
      signal: operation.abort.signal,
      attrs: { [OPERATION_ATTR]: id },
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
    const settle = (answer: () => Answer) => this.#settled.push({ operation, answer });
    start.run(target, call).then(
      (answer) => settle(() => answer),
      (error: unknown) => settle(() => answerOf(error)),
    );
    return operation;
  }

  /** Lets one of the waiting go on; `fault` matters to calls. */
  proceed(waiting: Waiting, fault: CallFault): void {
    this.schedule.remove(waiting);
    switch (waiting.kind) {
      case 'call':
        return this.#proceedCall(waiting, fault);
      case 'reply':
        this.trace.note(`${waiting.process.name} hears`);
        return waiting.go();
      case 'sleep':
        this.time.reach(waiting.dueMs);
        this.trace.note(`${waiting.process.name} wakes`);
        return waiting.go();
    }
  }

  #proceedCall({ call, go }: WaitingCall, fault: CallFault): void {
    this.trace.note(`${call.process.name} ${callText(call)}${fault === 'none' ? '' : `: ${fault}`}`);
    const author: Author = { process: call.process, operations: call.operations, sentMs: call.madeMs };
    if (call.verb === 'commit') {
      this.#author = author;
      if (fault === 'late') this.#lateAuthors.push(author);
    }
    if (call.read && fault === 'none') this.checks.read(call.process, markedHandles(call.read.keys ?? []));
    go(fault);
  }

  /** The oldest commit that is still on its way arrives. */
  landLate(): void {
    this.#author = this.#lateAuthors.shift() as Author;
    this.trace.note(`a late commit of ${this.#author.process.name} arrives`);
    this.store.applyLate(1);
  }

  /** The process dies; at most one of its commits that are under way still happens, now, others may later. */
  crash(slot: Slot, chooseFault: () => 'none' | 'late' | 'crash-before'): void {
    const { process } = slot.live as Live;
    this.trace.note(`${process.name} crashes`);
    process.isAlive = false;
    slot.live = undefined;
    let hasHappened = false;
    for (const waiting of this.schedule.removeOf(process)) {
      if (waiting.kind !== 'call' || waiting.call.verb !== 'commit') continue;
      const fault = chooseFault();
      if (fault === 'crash-before' || (fault === 'none' && hasHappened)) continue;
      hasHappened ||= fault === 'none';
      this.#proceedCall(waiting, fault);
    }
    for (const operation of process.running) this.#end(operation, { kind: 'crashed' });
    process.running.clear();
  }

  /** Runs what needs no turn; then checks the revision and the answers that are new. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const events = this.#events.splice(0);
    if (events.length > 0) {
      must(new Set(events.map(({ revision }) => revision)).size === 1, 'liveness', () => 'one step made several revisions');
      this.trace.revision((events[0] as KeyEvent).revision, events);
      this.onChange(this.checks.revision(events, this.#author));
    }
    for (const { operation, answer: answerNow } of this.#settled.splice(0)) {
      const answer = answerNow();
      operation.process.running.delete(operation);
      this.trace.note(`  ${operation.id} is answered: ${answerText(answer)}`);
      this.#end(operation, answer);
      this.checks.answer(operation, answer);
    }
  }

  #end(operation: Operation, answer: Answer): void {
    operation.answer = answer;
    this.onEnded(operation, answer);
  }

  async #watch(): Promise<void> {
    for await (const event of this.store.watch('/', 1n)) {
      if (event.kind !== 'compacted') this.#events.push(event);
    }
  }
}

function callText({ verb, read, commit, operations }: WaitingCall['call']): string {
  const by = operations.length > 0 ? ` [${operations.map(({ id }) => id.split('#')[1])}]` : '';
  if (commit) return `commits${by} ${[...commit.writes.map(({ key }) => key), ...commit.deletes].map(keyText).join(', ')}`;
  return `${verb}s${by}${read ? ` ${[...(read.keys ?? []), ...(read.probes ?? []), ...(read.ranges ?? [])].length} things` : ''}`;
}

function answerText(answer: Answer): string {
  switch (answer.kind) {
    case 'assigned':
      return answer.addresses.map(({ ip, sequenceNumber, existing }) => `${ip} (${existing ? 'held, ' : ''}${sequenceNumber})`).join(', ');
    case 'released':
      return `released ${answer.released}, free ${answer.unallocated}`;
    case 'released-handle':
      return answer.found ? `released ${answer.released}` : 'not found';
    case 'refused':
      return answer.code;
    default:
      return answer.kind;
  }
}

/** Handles whose release mark is among the keys. */
function markedHandles(keys: readonly string[]): string[] {
  return keys.flatMap((key) => {
    const ref = key.startsWith(PREFIXES.marks) ? parseKey(key) : undefined;
    return ref?.kind === 'mark' && ref.mark === 'released' ? [ref.id] : [];
  });
}
