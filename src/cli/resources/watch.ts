/** `plat get -w`: a list, then what of it changes, as kubectl prints it. */
import type { Ipam } from '../../ipam/api.ts';
import type { Cli } from '../cli.ts';
import { isForPeople, noteUnreadable, printResult } from '../output.ts';
import type { ResourceKind } from './kinds.ts';
import type { Stored } from './object.ts';
import { chosenOf, notThere } from './select.ts';
import { resourcesResult } from './show.ts';

export interface Watching {
  readonly kind: ResourceKind;
  readonly names: readonly string[];
  readonly selector: string | undefined;
  /** How a resource is shown. */
  readonly shown: (resource: Stored) => Stored;
}

/** Ends with the user's interrupt. */
export async function watchResources(cli: Cli, ipam: Ipam, { kind, names, selector, shown }: Watching): Promise<void> {
  const print = isForPeople(cli) ? rowPrinter(cli, kind) : objectPrinter(cli, kind);
  let versions: ReadonlyMap<string, string> | undefined;
  for await (const all of kind.client(ipam).watch({ ...cli.call(), onCorrupt: once(noteUnreadable(cli, 'the list leaves it out')) })) {
    const found = chosenOf(all, names, selector);
    const missing = names.filter((name) => !found.some((resource) => resource.name === name));
    if (versions === undefined && missing.length > 0) throw notThere(kind, missing);
    const now = new Map(found.map(({ name, resourceVersion }) => [name, resourceVersion]));
    const changed = found.filter(({ name, resourceVersion }) => versions?.get(name) !== resourceVersion);
    for (const name of versions?.keys() ?? []) if (!now.has(name)) cli.terminal.note(`plat: ${kind.word} ${name} is gone`);
    if (changed.length > 0 || versions === undefined) await print(found.map(shown), new Set(changed.map(({ name }) => name)));
    versions = now;
  }
}

type Print = (found: readonly Stored[], changed: ReadonlySet<string>) => Promise<void>;

/** Rows below headings, which are printed again when they are others, or stand elsewhere. */
function rowPrinter(cli: Cli, kind: ResourceKind): Print {
  let printed: string | undefined;
  return async (found, changed) => {
    const { text, wide = text } = resourcesResult(kind, found, true);
    const [headings = '', ...rows] = (cli.globals().output.kind === 'wide' ? wide() : text()).split('\n');
    if (headings !== printed) cli.terminal.print(headings);
    printed = headings;
    found.forEach(({ name }, index) => {
      if (changed.has(name)) cli.terminal.print(rows[index] ?? '');
    });
  };
}

function objectPrinter(cli: Cli, kind: ResourceKind): Print {
  let isFirst = true;
  return async (found, changed) => {
    for (const resource of found.filter(({ name }) => changed.has(name))) {
      if (!isFirst && cli.globals().output.kind === 'yaml') cli.terminal.print('---');
      isFirst = false;
      await printResult(cli, resourcesResult(kind, [resource], false));
    }
  };
}

/** Each list meets it again. */
function once(note: (key: string, reason: string) => void): (key: string, reason: string) => void {
  const noted = new Set<string>();
  return (key, reason) => {
    if (!noted.has(key)) note(key, reason);
    noted.add(key);
  };
}
