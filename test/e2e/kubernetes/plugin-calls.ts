/** What `plugin-faults.sh` wrote down, and what it says of an address that nobody has any more. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Held } from './addresses.ts';
import type { Cluster } from './cluster.ts';

export type Command = 'ADD' | 'DEL';
export type Hit = 'killed' | 'hung' | 'muted';

export interface PluginCall {
  readonly command: Command;
  readonly container: string;
  /** Undefined: it ran to its end and was heard. */
  readonly hit: Hit | undefined;
}

/** Percentages of all calls; times of the faults. */
export type Shares = Readonly<
  Record<'ADD_KILL' | 'ADD_HANG' | 'ADD_MUTE' | 'DEL_KILL' | 'DEL_HANG' | 'DEL_MUTE', number> &
    Record<'SPREAD_MS' | 'HANG_SECONDS_MIN' | 'HANG_SECONDS_MAX', number>
>;

/** From now on; with none, calls are only written down. */
export async function setFaults({ folder }: Cluster, shares: Partial<Shares> = {}): Promise<void> {
  const path = join(folder, 'faults/shares');
  await mkdir(join(folder, 'faults'), { recursive: true });
  await writeFile(
    `${path}.new`,
    Object.entries(shares)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  await rename(`${path}.new`, path);
}

/** All calls so far, in the order in which they began. */
export async function pluginCalls({ folder }: Cluster): Promise<PluginCall[]> {
  const text = await readFile(join(folder, 'faults/calls.log'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return parseCalls(text);
}

/** A pid is another call's as soon as the next `call` has it; the nodes have pids of their own, so the container belongs to the name. */
export function parseCalls(text: string): PluginCall[] {
  const calls: { command: Command; container: string; hit: Hit | undefined }[] = [];
  const latest = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, pid, command, container = '', event] = line.split(' ');
    if (command !== 'ADD' && command !== 'DEL') continue;
    const name = `${container} ${command} ${pid}`;
    if (event === 'call') {
      latest.set(name, calls.push({ command, container, hit: undefined }) - 1);
      continue;
    }
    const call = calls[latest.get(name) ?? -1];
    if (call !== undefined && event !== 'woken') call.hit = event as Hit;
  }
  return calls;
}

export interface Leftover extends Held {
  /** Whether the runtime never deleted it in a call that could do its work; else the plugin is to blame. */
  readonly byRuntime: boolean;
  readonly why: string;
}

/** Why an address is held that no pod has. */
export function judge(held: Held, calls: readonly PluginCall[]): Leftover {
  const own = calls.filter(({ container }) => container === held.container);
  const adds = own.filter(({ command }) => command === 'ADD');
  const deletes = own.filter(({ command }) => command === 'DEL');
  const story = [...adds, ...deletes].map(({ command, hit }) => `${command} ${hit ?? 'ran to its end'}`).join(', ');
  // A muted DEL has done its work.
  const effective = deletes.filter(({ hit }) => hit === undefined || hit === 'muted');
  if (effective.length > 0) return { ...held, byRuntime: false, why: `held after a DEL that ran to its end (${story})` };
  return {
    ...held,
    byRuntime: true,
    why: deletes.length === 0 ? `never deleted by containerd (${story})` : `not deleted again (${story})`,
  };
}
