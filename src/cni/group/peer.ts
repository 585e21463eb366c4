/** The process that asks, as the one that acts for it sees it. */
import { readFileSync } from 'node:fs';

export interface Peer {
  hasEnded(): boolean;
  /** Its parent, now; of one that has ended: none that there could be. */
  parentPid(): number;
}

const NO_PARENT = -1;

/** `pid`: of a process that waits for an answer at this moment. */
export function peerOf(pid: number): Peer {
  const startTicks = statOf(pid)?.startTicks;
  const statNow = () => {
    const stat = statOf(pid);
    return stat?.startTicks === startTicks ? stat : undefined;
  };
  return { hasEnded: () => statNow() === undefined, parentPid: () => statNow()?.parentPid ?? NO_PARENT };
}

/** Of proc_pid_stat(5); counted from behind the name, which may hold anything. */
const STATE = 0;
const PARENT_PID = 1;
const START_TICKS = 19;
const ENDED = ['Z', 'X'];

function statOf(pid: number): { readonly parentPid: number; readonly startTicks: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (ENDED.includes(fields[STATE] ?? '')) return undefined;
    return { parentPid: Number(fields[PARENT_PID]), startTicks: fields[START_TICKS] ?? '' };
  } catch {
    return undefined;
  }
}
