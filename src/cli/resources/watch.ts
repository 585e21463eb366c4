/** `plat get -w`: a list, then what of it changes, as kubectl prints it. */
import type { Ipam } from '../../ipam/api.ts';
import type { Cli } from '../cli.ts';
import { isForPeople, noteUnreadable, printResult, type Result } from '../output.ts';
import { kindName, type ResourceKind } from './kinds.ts';
import { resourceObject, type Stored } from './object.ts';
import { chosenOf, notThere } from './select.ts';
import { resourcesResult } from './show.ts';

export interface Watching {
  readonly kind: ResourceKind;
  readonly names: readonly string[];
  readonly selector: string | undefined;
  /** How a resource is shown. */
  readonly shown: (resource: Stored) => Stored;
  /** Each change as an event of kubectl's `--output-watch-events`. */
  readonly asEvents: boolean;
}

/** Ends with the user's interrupt. */
export async function watchResources(cli: Cli, ipam: Ipam, watching: Watching): Promise<void> {
  const { kind, names, selector, shown } = watching;
  const print = printerFor(cli, watching);
  let before: ReadonlyMap<string, Stored> | undefined;
  for await (const all of kind.client(ipam).watch({ ...cli.call(), onCorrupt: once(noteUnreadable(cli, 'the list leaves it out')) })) {
    const found = chosenOf(all, names, selector);
    const missing = names.filter((name) => !found.some((resource) => resource.name === name));
    if (before === undefined && missing.length > 0) throw notThere(kind, missing);
    const now = new Map(found.map((resource) => [resource.name, resource]));
    const types = new Map(found.flatMap((resource) => typeOfChange(before?.get(resource.name), resource)));
    const gone = [...(before?.values() ?? [])].filter(({ name }) => !now.has(name)).map(shown);
    if (types.size + gone.length > 0 || before === undefined) await print({ found: found.map(shown), types, gone });
    before = now;
  }
}

type ChangeType = 'ADDED' | 'MODIFIED';

interface Changes {
  readonly found: readonly Stored[];
  /** Of those that changed, by name. */
  readonly types: ReadonlyMap<string, ChangeType>;
  /** As they were last seen. */
  readonly gone: readonly Stored[];
}

type Print = (changes: Changes) => Promise<void>;

function typeOfChange(before: Stored | undefined, { name, resourceVersion }: Stored): readonly [string, ChangeType][] {
  if (before?.resourceVersion === resourceVersion) return [];
  return [[name, before === undefined ? 'ADDED' : 'MODIFIED']];
}

function printerFor(cli: Cli, { kind, asEvents }: Watching): Print {
  if (asEvents) return eventPrinter(cli, kind);
  const print = isForPeople(cli) ? rowPrinter(cli, kind) : objectPrinter(cli, kind);
  return (changes) => {
    for (const { name } of changes.gone) cli.terminal.note(`plat: ${kind.word} ${name} is gone`);
    return print(changes);
  };
}

/** Rows below headings, which are printed again when they are others, or stand elsewhere. */
function rowPrinter(cli: Cli, kind: ResourceKind): Print {
  let printed: string | undefined;
  return async ({ found, types }) => {
    if (types.size === 0 && printed !== undefined) return;
    const { text, wide = text } = resourcesResult(kind, found, true);
    const [headings = '', ...rows] = (cli.globals().output.kind === 'wide' ? wide() : text()).split('\n');
    if (headings !== printed) cli.terminal.print(headings);
    printed = headings;
    found.forEach(({ name }, index) => {
      if (types.has(name)) cli.terminal.print(rows[index] ?? '');
    });
  };
}

function objectPrinter(cli: Cli, kind: ResourceKind): Print {
  const print = documentPrinter(cli);
  return async ({ found, types }) => {
    for (const resource of found.filter(({ name }) => types.has(name))) await print(resourcesResult(kind, [resource], false));
  };
}

/** As kubectl's. */
function eventPrinter(cli: Cli, kind: ResourceKind): Print {
  const print = documentPrinter(cli);
  const tell = (type: ChangeType | 'DELETED', resource: Stored) =>
    print({ value: { type, object: resourceObject(kindName(kind), resource) }, text: () => '' });
  return async ({ found, types, gone }) => {
    for (const resource of gone) await tell('DELETED', resource);
    for (const resource of found) {
      const type = types.get(resource.name);
      if (type) await tell(type, resource);
    }
  };
}

/** One result after the other, in YAML as documents. */
function documentPrinter(cli: Cli): (result: Result) => Promise<void> {
  let isFirst = true;
  return (result) => {
    if (!isFirst && cli.globals().output.kind === 'yaml') cli.terminal.print('---');
    isFirst = false;
    return printResult(cli, result);
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
