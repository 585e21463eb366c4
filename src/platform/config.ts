/** Settings from the environment, and what holds when nobody sets them. */
import { isAbsolute, join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Machine {
  readonly env: Environment;
  readonly homeFolder: string;
  readonly isRoot: boolean;
}

/**
 * The store where nothing chooses one: embedded, in the user's state folder (XDG Base Directory Specification; as root in
 * /var/lib/plat).
 */
export function defaultStoreUrl(machine: Machine): string {
  return `lmdb:${stateFolder(machine)}`;
}

function stateFolder({ env, homeFolder, isRoot }: Machine): string {
  if (isRoot) return '/var/lib/plat';
  const stateHome = env['XDG_STATE_HOME'] ?? '';
  // The specification tells to ignore relative paths.
  return join(isAbsolute(stateHome) ? stateHome : join(homeFolder, '.local', 'state'), 'plat');
}
