/** What every verb is given, and the table of them. */
import type { Ipam } from '../ipam/api.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Attachment } from './attachment.ts';
import type { CniCall } from './call.ts';
import type { NetConf } from './netconf.ts';
import type { StoreChoice } from './settings.ts';
import type { CniVersion } from './versions.ts';

/** What a process ends with. */
export interface Answer {
  readonly stdout: string;
  readonly exitCode: 0 | 1;
}

export interface Work {
  readonly call: CniCall;
  readonly conf: NetConf;
  /** What the configuration was read from. */
  readonly stdin: string;
  readonly version: CniVersion;
  readonly attachment: Attachment;
  readonly host: string;
  readonly store: StoreChoice;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds that are left of the call's time. */
  remainingMs(): number;
  /** Aborts when the call's time is over. */
  readonly signal: AbortSignal;
  /** The parent of the process that is called, when the call began. */
  readonly startedBy: number;
  /** Its parent, now. */
  parentPid(): number;
  /** Whether it has ended, where another one carries its call out. */
  hasEnded(): boolean;
  readonly hintsFolder: string | undefined;
  /** Whether the runtime switched off the check of its own namespace. */
  readonly mayShareNamespace: boolean;
}

/** A verb over the opened library; gives what goes to stdout. */
export type RunVerb = (work: Work, ipam: Ipam) => Promise<string>;

/** The whole call's own end is told first: it names the store. */
const ANSWERED_MS = 1_000;

export function callOptions({ remainingMs, signal }: Work): { readonly timeoutMs: number; readonly signal: AbortSignal } {
  return { timeoutMs: Math.max(1, remainingMs()) + ANSWERED_MS, signal };
}
