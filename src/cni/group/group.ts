/**
 * Calls of one node that come at the same time are a group. The first process leads: it has the store open, and carries out what
 * the others ask of it together with its own call, so that a crowd is a few commits and none gets in another's way. When
 * its own call is done nobody is let in any more; the next one leads. No process outlives its call, and nothing depends on a
 * leader: who gets no answer carries out its call itself, which gives the same result.
 */
import { existsSync, readlinkSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hash64 } from '../../core/hash.ts';
import type { Clock } from '../../platform/clock.ts';
import { isPrivateFolder } from '../../platform/private-folder.ts';
import type { Answer } from '../verbs.ts';
import { LINE_BYTES_MAX, type Listener, type Sockets, type TakeLine } from './sockets.ts';

/** What one process asks of another, and gets. */
export interface GroupCall {
  /** The variables of the call. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly pid: number;
  readonly parentPid: number;
}

export interface GroupAnswer extends Answer {
  readonly stderr: string;
}

/** Carries out another's call; `gone` aborts when it no longer waits. Must not reject. */
export type Serve = (call: GroupCall, gone: AbortSignal) => Promise<GroupAnswer>;

/** This process leads. */
export interface Leader {
  /** Lets nobody in any more; resolves when all who were let in have their answers, or had their time. */
  close(): Promise<void>;
}

export type Place =
  | { readonly kind: 'answered'; readonly answer: GroupAnswer }
  | { readonly kind: 'leads'; readonly leader: Leader }
  /** There is no group to be in: this process acts for itself alone. */
  | { readonly kind: 'alone' };

/** Where groups of calls meet. */
export interface Meeting {
  /** Private to the user, on a file system of this host. */
  readonly folder: string;
  /** What runs: another program, or another version of it elsewhere, makes another group. */
  readonly program: string;
}

export interface GroupOptions extends Meeting {
  /** Calls are in one group when this is the same, too: what decides how the store is opened. */
  readonly of: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds that are left of this process's own call. */
  remainingMs(): number;
}

/** Whoever has not answered by then is held up; nobody who comes later shall wait for it. */
const PATIENCE_MS = 5_000;
/** Waiting takes no more than this part of a call's time: the rest is for the call itself, and its answer. */
const WAITING_SHARE = 1 / 3;
/** A path may be left while it is looked at, again and again, but not for ever. */
const ATTEMPTS_MAX = 20;
/** How long a leader whose own call is done stays for the others, at most. */
const LINGER_MS = 3_000;
/** Of the event loop, in which those who stand at the door are let in and heard: an embedded store leaves no time for that before. */
const DOOR_TURNS = 3;
/** Between the two steps in which a path is taken nobody listens there. */
const SETTLE_MS = 5;

/** Finds this process its place; `serve` is used when it leads. Resolves `alone` whatever fails. */
export async function joinGroup(options: GroupOptions, call: GroupCall, serve: Serve): Promise<Place> {
  const { folder, program, of, clock, signal, remainingMs } = options;
  const upToMs = (limitMs: number) => Math.min(limitMs, remainingMs() * WAITING_SHARE);
  const text = JSON.stringify(call);
  const view = viewOfHost();
  if (view === undefined || Buffer.byteLength(text) >= LINE_BYTES_MAX || !isPrivateFolder(folder)) return ALONE;
  const path = join(folder, `${hash64([of, program, view].join('\n')).toString(16)}.sock`);
  const sockets = await loadSockets();
  let hasSettled = false;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX && !signal.aborted; attempt++) {
    if (existsSync(path)) {
      const asked = await within(upToMs(PATIENCE_MS), clock, signal, (over) => sockets.ask(path, text, over));
      if (asked.kind === 'answered') return answerOf(asked.line);
      if (asked.kind === 'gone') continue;
      if (signal.aborted || asked.kind === 'cut-off') return ALONE;
      if (asked.kind === 'stale' && !hasSettled) {
        hasSettled = true;
        await clock.sleep(SETTLE_MS, signal).catch(() => {});
        continue;
      }
      if (asked.kind !== 'nobody') remove(path);
      if (asked.kind === 'silent') return ALONE;
    }
    const served = new Served(clock, serve);
    const listener = await sockets.listen(path, served.take);
    if (listener) return { kind: 'leads', leader: { close: () => served.close(listener, upToMs(LINGER_MS)) } };
  }
  return ALONE;
}

/** Bun has its own at hand, where `node:net` would first have to be loaded. */
async function loadSockets(): Promise<Sockets> {
  return 'Bun' in globalThis ? (await import('./sockets-bun.ts')).bunSockets : (await import('./sockets-node.ts')).nodeSockets;
}

const ALONE: Place = { kind: 'alone' };

/** What a process sees of the host: another view makes another group. Undefined where it cannot be told. */
function viewOfHost(): string | undefined {
  try {
    // /proc may be that of another pid namespace, where processes have other numbers.
    if (readlinkSync('/proc/self') !== String(process.pid)) return undefined;
    const namespaces = ['mnt', 'net', 'pid', 'uts'].map((name) => statSync(`/proc/self/ns/${name}`).ino);
    return [...namespaces, process.cwd()].join('\n');
  } catch {
    return undefined;
  }
}

async function within<T>(timeMs: number, clock: Clock, signal: AbortSignal, work: (over: AbortSignal) => Promise<T>): Promise<T> {
  const [over, done] = [new AbortController(), new AbortController()];
  const end = () => over.abort();
  clock.sleep(timeMs, AbortSignal.any([signal, done.signal])).then(end, end);
  try {
    return await work(over.signal);
  } finally {
    done.abort();
  }
}

/** One that cannot be understood counts as none. */
function answerOf(line: string): Place {
  try {
    const answer = JSON.parse(line) as Partial<GroupAnswer> | null;
    const isWhole = typeof answer?.stdout === 'string' && typeof answer.stderr === 'string' && /^[01]$/.test(String(answer.exitCode));
    return isWhole ? { kind: 'answered', answer: answer as GroupAnswer } : ALONE;
  } catch {
    return ALONE;
  }
}

/** What a crashed or stuck leader left. */
function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another was quicker.
  }
}

/** Those who were let in. */
class Served {
  readonly #clock: Clock;
  readonly #serve: Serve;
  readonly #underWay = new Set<Promise<void>>();

  constructor(clock: Clock, serve: Serve) {
    this.#clock = clock;
    this.#serve = serve;
  }

  readonly take: TakeLine = (line, gone, reply) => {
    const served = this.#answer(line, gone)
      .then(reply)
      .finally(() => this.#underWay.delete(served));
    this.#underWay.add(served);
  };

  /** A line, whatever happens; an empty one has the other process act for itself. */
  async #answer(line: string, gone: AbortSignal): Promise<string> {
    try {
      const text = JSON.stringify(await this.#serve(JSON.parse(line) as GroupCall, gone));
      return Buffer.byteLength(text) < LINE_BYTES_MAX ? text : '';
    } catch {
      return '';
    }
  }

  async close(listener: Listener, lingerMs: number): Promise<void> {
    for (let turn = 0; turn < DOOR_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    listener.close();
    const over = new AbortController();
    const lingered = this.#clock.sleep(lingerMs, over.signal).then(
      () => over.abort(),
      () => {},
    );
    while (this.#underWay.size > 0 && !over.signal.aborted) await Promise.race([lingered, Promise.allSettled(this.#underWay)]);
    over.abort();
  }
}
