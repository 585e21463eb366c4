/** One call of the plugin, from environment and stdin to what goes to stdout and the exit code. */
import type { Ipam } from '../ipam/api.ts';
import type { Clock } from '../platform/clock.ts';
import { createLazyLogger } from '../platform/log.ts';
import type { LockHolder } from '../store/open.ts';
import type { Store } from '../store/port.ts';
import { type CniCall, callOf, type Verb } from './call.ts';
import { carryOut, storeName } from './carry-out.ts';
import { CniError, CODES, cniErrorOf } from './errors.ts';
import type { Meeting, Serve } from './group/group.ts';
import { peerOf } from './group/peer.ts';
import { decodeConf, netConfOf } from './netconf.ts';
import { printed } from './result.ts';
import { hostOf, logOf, type StoreChoice, storeOf, timeoutMsOf } from './settings.ts';
import type { Answer, Work } from './verbs.ts';
import { type CniVersion, NEWEST_VERSION, requireVerb, SUPPORTED_VERSIONS, versionOf } from './versions.ts';

/** What the plugin takes from its process. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readStdin(): Promise<string>;
  parentPid(): number;
  /** The parent when the call began, where that is not now. */
  readonly startedBy?: number;
  /** Whether the process has ended that the call is carried out for; absent: it is this one. */
  hasEnded?(): boolean;
  /** Where this node's block hints are kept from call to call; absent: nowhere. */
  readonly hintsFolder?: string;
  /** Where calls that come at the same time find each other; absent: each acts for itself. */
  readonly meeting?: Meeting;
  /** Has the process end with this answer after so long, whatever its main thread is stuck in. */
  endWith?(afterMs: number, stdout: string): Promise<void>;
  /** The same without an answer, at no cost; false where that cannot be had. */
  endAfter?(timeMs: number): Promise<boolean>;
  /** Default: the store that the configuration names. */
  openStore?(choice: StoreChoice): Promise<Store>;
  /**
   * The process ends with the answer, and need not close its store: whoever closes an embedded one last destroys its locks, which two that
   * open it in that very moment would both take for whole.
   */
  readonly endsUnclosed?: boolean;
  /** The library, opened by another call, which closes it. */
  opened?(): Promise<Ipam>;
  /** Aborts when nobody waits for the answer any more. */
  readonly gone?: AbortSignal;
  /** Takes the lines of the log in place of stderr. */
  stderr?(lines: string): void;
}

const DOING: Readonly<Record<Verb, string>> = {
  ADD: 'cannot assign an address',
  DEL: 'cannot release the addresses',
  CHECK: 'cannot check the addresses',
  GC: 'cannot collect addresses',
  STATUS: 'cannot assign addresses',
  VERSION: 'cannot tell the version',
};

/** Never rejects: whatever goes wrong becomes an error object with a code. */
export async function answer(surroundings: Surroundings): Promise<Answer> {
  let version: CniVersion = NEWEST_VERSION;
  let call: CniCall | undefined;
  try {
    call = callOf(surroundings.env);
    if (call.verb === 'VERSION') return await versions(surroundings);
    const stdin = await surroundings.readStdin();
    const decoded = decodeConf(stdin);
    version = versionOf(decoded['cniVersion']);
    requireVerb(call.verb, version);
    return await perform(surroundings, call, version, decoded, stdin);
  } catch (error) {
    const told = call?.verb === 'STATUS' ? await statusErrorOf(error) : cniErrorOf(error, DOING[call?.verb ?? 'VERSION']);
    return { stdout: errorText(version, told), exitCode: 1 };
  }
}

/** In the version that the runtime speaks, where it says so in one that is known. */
async function versions({ readStdin }: Surroundings): Promise<Answer> {
  let cniVersion: CniVersion = NEWEST_VERSION;
  try {
    cniVersion = versionOf(decodeConf(await readStdin())['cniVersion'] ?? NEWEST_VERSION);
  } catch {
    // The list is what it asks for.
  }
  return { stdout: printed({ cniVersion, supportedVersions: SUPPORTED_VERSIONS }), exitCode: 0 };
}

async function statusErrorOf(error: unknown): Promise<CniError> {
  const { statusError } = await import('./status.ts');
  return statusError(error);
}

async function perform(
  surroundings: Surroundings,
  call: CniCall,
  version: CniVersion,
  decoded: Readonly<Record<string, unknown>>,
  stdin: string,
): Promise<Answer> {
  const { clock, env } = surroundings;
  const startMs = clock.monotonicMs();
  const conf = netConfOf(decoded);
  const timeoutMs = timeoutMsOf(conf, call);
  const deadline = new AbortController();
  surroundings.gone?.addEventListener('abort', () => deadline.abort());
  if (surroundings.gone?.aborted) deadline.abort();
  const log = createLazyLogger({ ...logOf(conf, call), stderr: surroundings.stderr });
  const work: Work = {
    call,
    conf,
    stdin,
    version,
    attachment: { network: conf.name, containerId: call.containerId, ifname: call.ifname },
    host: hostOf(conf),
    store: storeOf(conf, env),
    clock,
    log,
    remainingMs: () => timeoutMs - (clock.monotonicMs() - startMs),
    signal: deadline.signal,
    startedBy: surroundings.startedBy ?? surroundings.parentPid(),
    parentPid: surroundings.parentPid,
    hasEnded: () => surroundings.hasEnded?.() ?? false,
    hintsFolder: surroundings.hintsFolder,
    mayShareNamespace: /^(true|1)$/i.test(env['CNI_NETNS_OVERRIDE'] ?? ''),
  };
  const doing = { what: `opening ${storeName(work)}` };
  const means = {
    ...surroundings,
    serve: serveWith(surroundings),
    endWhenStuck: async (writer: LockHolder) => {
      const afterMs = work.remainingMs() + STUCK_MS;
      if (writer === 'nobody' && (await surroundings.endAfter?.(afterMs))) return;
      await surroundings.endWith?.(afterMs, errorText(version, stuck(work, timeoutMs, writer)));
    },
  };
  try {
    return await Promise.race([carryOut(work, means, doing), expiry(work, doing, deadline, timeoutMs)]);
  } finally {
    deadline.abort();
    await log.flush();
  }
}

/** Carries out the calls of other processes, which have the same store, with the library that this one has opened. */
function serveWith({ env, clock, hintsFolder }: Surroundings): (opened: () => Promise<Ipam>) => Serve {
  return (opened) => async (call, gone) => {
    const { parentPid, hasEnded } = peerOf(call.pid);
    let stderr = '';
    const answered = await answer({
      env: { ...withoutCall(env), ...call.env },
      clock,
      readStdin: async () => call.stdin,
      parentPid,
      startedBy: call.parentPid,
      hasEnded,
      ...(hintsFolder !== undefined && { hintsFolder }),
      opened,
      gone,
      stderr: (lines) => {
        stderr += lines;
      },
    });
    return { ...answered, stderr };
  };
}

function withoutCall(env: Surroundings['env']): Surroundings['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('CNI_')));
}

/** Later than the answer of a main thread that is not stuck. */
const STUCK_MS = 500;

function stuck(work: Work, timeoutMs: number, writer: LockHolder): CniError {
  const who =
    typeof writer === 'number'
      ? `Process ${writer}, which may have been stopped while it wrote, held it when this call began`
      : 'A process that was stopped while it wrote holds it';
  return new CniError(
    work.call.verb === 'STATUS' ? CODES.notAvailable : CODES.tryAgainLater,
    `${DOING[work.call.verb]}: gave up after ${timeoutMs / 1_000} s, waiting for the write lock of ${storeName(work)}`,
    `${who}: find it among those that have lock.mdb of that folder open, and continue or end it.`,
  );
}

function errorText(version: CniVersion, { code, message, details }: CniError): string {
  return printed({ cniVersion: version, code, msg: message, ...(details !== '' && { details }) });
}

/** Bounds everything but native code. */
async function expiry(work: Work, doing: { readonly what: string }, deadline: AbortController, timeoutMs: number): Promise<never> {
  await work.clock.sleep(timeoutMs, deadline.signal).catch(() => new Promise(() => {}));
  deadline.abort();
  const message = `gave up after ${timeoutMs / 1_000} s, ${doing.what}`;
  throw new CniError(
    CODES.tryAgainLater,
    `${DOING[work.call.verb]}: ${message}`,
    'Try again; see whether the store is up and can be reached from this node.',
  );
}
