/** Whether the runtime that asked for an address still waits for it (I11): an orphan must not take one. */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { CniError, CODES } from './errors.ts';

/** What is known of the caller when the plugin starts. */
export interface Caller {
  readonly parentPid: number;
  readonly netns: string;
  /** False: it is gone already, or was never a file of this host. */
  readonly hadNetns: boolean;
}

/** `parentPid`: of this process. */
export function callerOf(netns: string, parentPid: number): Caller {
  return { parentPid, netns, hadNetns: statOf(netns) !== undefined };
}

/**
 * The process may have been held up since long before its first read, and its attachment deleted meanwhile: it was adopted by
 * init, or it is called by a main plugin whose namespace is gone. Who calls it by hand may name a namespace that never was.
 */
export function mayBeOrphan({ parentPid, hadNetns }: Caller): boolean {
  return parentPid === 1 || (!hadNetns && isPlugin(parentPid));
}

/** A main plugin was started with the variables of a CNI call. */
function isPlugin(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes('CNI_COMMAND=');
  } catch {
    return false;
  }
}

/** Refuses when the caller has gone since the start. Called right before each commit. */
export function requireCaller(caller: Caller, parentPid: number): void {
  if (parentPid !== caller.parentPid) throw gone('the process that asked for the address has ended');
  if (caller.hadNetns && !statOf(caller.netns)) throw gone(`the network namespace ${caller.netns} no longer exists`);
}

function gone(what: string): CniError {
  return new CniError(
    CODES.tryAgainLater,
    `${what}, so nothing was assigned`,
    'The runtime calls ADD again for a container that still exists.',
  );
}

/** Code 8: the container would share this process's own network namespace. */
export function refuseOwnNamespace(netns: string): void {
  const [own, theirs] = [statOf('/proc/self/ns/net'), statOf(netns)];
  if (!own || !theirs || own.dev !== theirs.dev || own.ino !== theirs.ino) return;
  throw new CniError(
    CODES.sameNamespace,
    `CNI_NETNS ${netns} is the network namespace of the plugin itself`,
    'Give the container a namespace of its own, or set CNI_NETNS_OVERRIDE=1.',
  );
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
