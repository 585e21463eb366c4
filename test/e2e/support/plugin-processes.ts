/** Processes of CNI plugins, found by the environment that a runtime gives them. */
import { readdir, readFile } from 'node:fs/promises';

export interface PluginProcess {
  /** As seen from here, whatever it thinks its own is. */
  readonly pid: number;
  readonly containerId: string;
  /** `main` calls the other one. */
  readonly role: 'main' | 'ipam';
  readonly isStopped: boolean;
}

/** ADDs that run plugins of this folder, in whatever namespaces. */
export async function addsUnderWay(folder: string): Promise<PluginProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map((pid) => describe(Number(pid), folder)))).flat();
}

async function describe(pid: number, folder: string): Promise<PluginProcess[]> {
  try {
    const [environ, cmdline, stat] = await Promise.all(
      ['environ', 'cmdline', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
    );
    const env = new Map(environ?.split('\0').map((each) => each.split(/=(.*)/s, 2) as [string, string]));
    if (env.get('CNI_COMMAND') !== 'ADD' || env.get('CNI_PATH') !== folder) return [];
    const program = cmdline?.split('\0')[0] ?? '';
    if (program === `${folder}/loopback`) return [];
    const role = program === `${folder}/bridge` ? 'main' : 'ipam';
    const isStopped = stateIn(stat ?? '') === 'T';
    return [{ pid, containerId: env.get('CNI_CONTAINERID') ?? '', role, isStopped }];
  } catch {
    // It ended while we looked.
    return [];
  }
}

/** Whether it is there and no zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && stateIn(stat) !== 'Z';
}

/** The letter after the name, which may have anything in it. */
function stateIn(stat: string): string | undefined {
  return stat[stat.lastIndexOf(')') + 2];
}
