/** Settings from the environment, and what holds when nobody sets them. */
import { isAbsolute, join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Machine {
  readonly env: Environment;
  readonly homeFolder: string;
  readonly isRoot: boolean;
}

/**
 * The store to use: `given` (a flag), else PLAT_STORE, else an embedded store in the user's state folder (XDG Base
 * Directory Specification; as root in /var/lib/plat). ETCD_ENDPOINTS alone chooses nothing: who has it set for another
 * program must not write to a cluster unawares.
 */
export function storeUrl(given: string | undefined, machine: Machine): string {
  return given ?? nonEmpty(machine.env['PLAT_STORE']) ?? `lmdb:${stateFolder(machine)}`;
}

function stateFolder({ env, homeFolder, isRoot }: Machine): string {
  if (isRoot) return '/var/lib/plat';
  const stateHome = nonEmpty(env['XDG_STATE_HOME']);
  // The specification tells to ignore relative paths.
  return join(stateHome !== undefined && isAbsolute(stateHome) ? stateHome : join(homeFolder, '.local', 'state'), 'plat');
}

/** An empty variable counts as none. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
