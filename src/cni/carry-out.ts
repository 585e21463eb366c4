/** How a call is carried out: by a process that does the same for others at this moment, or by this one. */
import type { Ipam } from '../ipam/api.ts';
import type { LockHolder } from '../store/open.ts';
import type { Store } from '../store/port.ts';
import type { Verb } from './call.ts';
import { type GroupCall, joinGroup, type Meeting, type Serve } from './group/group.ts';
import type { StoreChoice } from './settings.ts';
import type { Answer, RunVerb, Work } from './verbs.ts';

/** Gives the library, opened once for all who ask. */
export type Opened = () => Promise<Ipam>;

/** What a call may use. */
export interface Means {
  readonly meeting?: Meeting;
  openStore?(choice: StoreChoice): Promise<Store>;
  opened?: Opened;
  stderr?(lines: string): void;
  readonly endsUnclosed?: boolean;
  /** Answers for others. */
  serve(opened: Opened): Serve;
  /** LMDB waits in native code, where no timer of this thread is heard: more so when somebody writes already. */
  endWhenStuck(writer: LockHolder): Promise<void>;
}

/** What the call is at, for the message when its time is over. */
export interface Doing {
  what: string;
}

/** Loaded with the verb that needs them. */
const RUN: Readonly<Record<Exclude<Verb, 'VERSION'>, () => Promise<RunVerb>>> = {
  ADD: async () => (await import('./add.ts')).add,
  DEL: async () => (await import('./del.ts')).del,
  CHECK: async () => (await import('./check.ts')).check,
  GC: async () => (await import('./gc.ts')).gc,
  STATUS: async () => (await import('./status.ts')).status,
};

/** Those that come in crowds, and change the same blocks. */
const GROUPED: readonly Verb[] = ['ADD', 'DEL'];

/** Gives the answer of a success, or the one that another process gave; throws what is to be told otherwise. */
export async function carryOut(work: Work, means: Means, doing: Doing): Promise<Answer> {
  if (means.opened) return await run(work, means.opened);
  let opening: Promise<Ipam> | undefined;
  const opened = () => {
    opening ??= open(work, means, doing);
    return opening;
  };
  try {
    if (means.meeting === undefined || !GROUPED.includes(work.call.verb)) return await run(work, opened);
    return await runInGroup(work, means, means.meeting, { opened, doing });
  } finally {
    if (!means.endsUnclosed) await (await opening)?.close();
  }
}

interface Parts {
  readonly opened: Opened;
  readonly doing: Doing;
}

async function runInGroup(work: Work, means: Means, meeting: Meeting, { opened, doing }: Parts): Promise<Answer> {
  doing.what = 'waiting for another call of this node to carry this one out';
  const { clock, signal, remainingMs } = work;
  const options = { ...meeting, of: groupOf(work), clock, signal, remainingMs };
  const place = await joinGroup(options, groupCall(work), means.serve(opened));
  if (place.kind === 'answered') {
    if (place.answer.stderr !== '') means.stderr?.(place.answer.stderr);
    return place.answer;
  }
  doing.what = `opening ${storeName(work)}`;
  try {
    return await run(work, opened);
  } finally {
    if (place.kind === 'leads') await place.leader.close();
  }
}

/** All that decides how the store is opened, and which one that is. */
function groupOf({ store: { url, env } }: Work): string {
  const variables = Object.entries(env).filter(([name]) => /^(ETCD_|PLAT_|DATASTORE_TYPE$)/.test(name));
  return JSON.stringify([url, variables.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function groupCall({ call, stdin, startedBy }: Work): GroupCall {
  return { env: call.variables, stdin, pid: process.pid, parentPid: startedBy };
}

async function run(work: Work, opened: Opened): Promise<Answer> {
  const verb = await RUN[work.call.verb as keyof typeof RUN]();
  return { stdout: await verb(work, await opened()), exitCode: 0 };
}

async function open(work: Work, means: Means, doing: Doing): Promise<Ipam> {
  const { openIpam } = await import('../ipam/open.ts');
  const store = await (means.openStore?.(work.store) ?? openNamedStore(work, means));
  doing.what = `waiting for ${storeName(work)}`;
  return openIpam({ store, clock: work.clock, log: work.log });
}

async function openNamedStore({ store: { url, env } }: Work, means: Means): Promise<Store> {
  const { openStore, writerOf } = await import('../store/open.ts');
  if (url.startsWith('lmdb:')) await means.endWhenStuck(await writerOf(url));
  return await openStore(url, { env, transport: 'gateway' });
}

/** The store named in messages: never with what an address may carry before an "@". */
export function storeName({ store }: Work): string {
  const name = store.url === 'etcd://' ? `etcd at ${store.env['ETCD_ENDPOINTS'] ?? ''}` : store.url;
  return name.includes('@') ? 'the store' : name;
}
