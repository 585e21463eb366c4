/** One call of the plugin, from environment and stdin to what goes to stdout and the exit code. */
import type { Ipam } from '../ipam/api.ts';
import type { Turnstile } from '../ipam/open.ts';
import type { Clock } from '../platform/clock.ts';
import { createLazyLogger } from '../platform/log.ts';
import type { Store } from '../store/port.ts';
import { type CniCall, callOf, type Verb } from './call.ts';
import { CniError, CODES, cniErrorOf } from './errors.ts';
import { decodeConf, netConfOf } from './netconf.ts';
import { printed } from './result.ts';
import { hostOf, logOf, type StoreChoice, storeOf, timeoutMsOf } from './settings.ts';
import type { RunVerb, Work } from './verbs.ts';
import { type CniVersion, NEWEST_VERSION, requireVerb, SUPPORTED_VERSIONS, versionOf } from './versions.ts';

/** What the plugin takes from its process. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readStdin(): Promise<string>;
  parentPid(): number;
  /** Where this node's block hints are kept from call to call; absent: nowhere. */
  readonly hintsFolder?: string;
  /** Has the process end with this answer after so long, whatever its main thread is stuck in. */
  endWith?(afterMs: number, stdout: string): Promise<void>;
  /** Default: the store that the configuration names. */
  openStore?(choice: StoreChoice): Promise<Store>;
}

export interface Answer {
  readonly stdout: string;
  readonly exitCode: 0 | 1;
}

const DOING: Readonly<Record<Verb, string>> = {
  ADD: 'cannot assign an address',
  DEL: 'cannot release the addresses',
  CHECK: 'cannot check the addresses',
  GC: 'cannot collect addresses',
  STATUS: 'cannot assign addresses',
  VERSION: 'cannot tell the version',
};

/** Loaded with the verb that needs them. */
const RUN: Readonly<Record<Exclude<Verb, 'VERSION'>, () => Promise<RunVerb>>> = {
  ADD: async () => (await import('./add.ts')).add,
  DEL: async () => (await import('./del.ts')).del,
  CHECK: async () => (await import('./check.ts')).check,
  GC: async () => (await import('./gc.ts')).gc,
  STATUS: async () => (await import('./status.ts')).status,
};

/** Never rejects: whatever goes wrong becomes an error object with a code. */
export async function answer(surroundings: Surroundings): Promise<Answer> {
  let version: CniVersion = NEWEST_VERSION;
  let call: CniCall | undefined;
  try {
    call = callOf(surroundings.env);
    if (call.verb === 'VERSION')
      return { stdout: printed({ cniVersion: NEWEST_VERSION, supportedVersions: SUPPORTED_VERSIONS }), exitCode: 0 };
    const decoded = decodeConf(await surroundings.readStdin());
    version = versionOf(decoded['cniVersion']);
    requireVerb(call.verb, version);
    return { stdout: await perform(surroundings, call, version, decoded), exitCode: 0 };
  } catch (error) {
    const told = call?.verb === 'STATUS' ? await statusErrorOf(error) : cniErrorOf(error, DOING[call?.verb ?? 'VERSION']);
    return { stdout: errorText(version, told), exitCode: 1 };
  }
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
): Promise<string> {
  const { clock, env } = surroundings;
  const startMs = clock.monotonicMs();
  const conf = netConfOf(decoded);
  const timeoutMs = timeoutMsOf(conf, call);
  const deadline = new AbortController();
  const log = createLazyLogger(logOf(conf, call));
  const work: Work = {
    call,
    conf,
    version,
    attachment: { network: conf.name, containerId: call.containerId, ifname: call.ifname },
    host: hostOf(conf),
    store: storeOf(conf, env),
    clock,
    log,
    remainingMs: () => timeoutMs - (clock.monotonicMs() - startMs),
    signal: deadline.signal,
    parentPid: surroundings.parentPid,
    hintsFolder: surroundings.hintsFolder,
    mayShareNamespace: /^(true|1)$/i.test(env['CNI_NETNS_OVERRIDE'] ?? ''),
  };
  const doing = { what: `opening ${storeName(work)}` };
  // LMDB waits in native code, where no timer of this thread is heard.
  if (/^lmdb:/.test(work.store.url)) await surroundings.endWith?.(timeoutMs + STUCK_MS, errorText(version, stuck(work, timeoutMs)));
  try {
    return await Promise.race([run(surroundings, work, doing), expiry(work, doing, deadline, timeoutMs)]);
  } finally {
    deadline.abort();
    await log.flush();
  }
}

/** The store named in messages: never with what an address may carry before an "@". */
function storeName({ store }: Work): string {
  const name = store.url === 'etcd://' ? `etcd at ${store.env['ETCD_ENDPOINTS'] ?? ''}` : store.url;
  return name.includes('@') ? 'the store' : name;
}

async function run(surroundings: Surroundings, work: Work, doing: { what: string }): Promise<string> {
  const verb = await RUN[work.call.verb as keyof typeof RUN]();
  const { openIpam } = await import('../ipam/open.ts');
  const store = await (surroundings.openStore ?? openNamedStore)(work.store);
  const turnstile = lazyTurnstile(work);
  const ipam: Ipam = openIpam({ store, clock: work.clock, log: work.log, turnstile });
  doing.what = `waiting for ${storeName(work)}`;
  try {
    return await verb(work, ipam);
  } finally {
    await ipam.close();
  }
}

/** Loaded with the first conflict. */
function lazyTurnstile(work: Work): Turnstile {
  let loaded: Turnstile | undefined;
  return {
    enter: async (signal) => {
      loaded ??= (await import('./turnstile.ts')).openTurnstile(work.clock, `${storeName(work)} ${work.host}`);
      return await loaded.enter(signal);
    },
    leave: () => loaded?.leave(),
  };
}

async function openNamedStore({ url, env }: StoreChoice): Promise<Store> {
  const { openStore } = await import('../store/open.ts');
  return await openStore(url, { env, transport: 'gateway' });
}

/** Later than the answer of a main thread that is not stuck. */
const STUCK_MS = 500;

function stuck(work: Work, timeoutMs: number): CniError {
  return new CniError(
    work.call.verb === 'STATUS' ? CODES.notAvailable : CODES.tryAgainLater,
    `${DOING[work.call.verb]}: gave up after ${timeoutMs / 1_000} s, waiting for the write lock of ${storeName(work)}`,
    'A process that was stopped while it wrote holds it: find it among those that have lock.mdb of that folder open, and continue or end it.',
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
