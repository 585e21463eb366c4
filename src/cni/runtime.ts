/** Whether the runtime that asked for an address still waits for it (I11): an orphan must not take one. */
import { type Stats, statSync } from 'node:fs';
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
 * The process was adopted by init: it may have been held up since long before its first read, and deleted meanwhile. A
 * namespace that is not there says nothing: it may never have been a file of this host.
 */
export function mayBeOrphan({ parentPid }: Caller): boolean {
  return parentPid === 1;
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
