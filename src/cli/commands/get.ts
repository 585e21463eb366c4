/** `plat get KIND [NAME…]`. */
import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import type { CommandModule } from '../command-module.ts';
import { UsageError } from '../errors.ts';
import { isForPeople, printResult } from '../output.ts';
import { kindOfWord, type ResourceKind } from '../resources/kinds.ts';
import { exported, type Stored } from '../resources/object.ts';
import { notThere, selectionOptions, selectResources } from '../resources/select.ts';
import { resourcesResult } from '../resources/show.ts';
import type { KindWord } from '../resources/words.ts';

interface Options {
  readonly selector?: string;
  readonly export?: true;
  readonly watch?: true;
  readonly outputWatchEvents?: true;
}

export function commandFor(word: KindWord): CommandModule {
  const kind = kindOfWord(word);
  return {
    gives: { hasNames: true, columns: kind.columns.map(({ heading }) => heading) },
    define(command: Command, cli: Cli) {
      selectionOptions(command, kind)
        .option('--export', 'without what only this store knows: uid, resourceVersion, creationTimestamp')
        .option('-w, --watch', 'show them, then each that changes, until interrupted')
        .option('--output-watch-events', 'with --watch and -o json or yaml: each change as type (ADDED, MODIFIED, DELETED) and object')
        .addHelpText('after', examplesFor(kind))
        .action((names: readonly string[], options: Options) => get(cli, kind, names, options));
    },
  };
}

function examplesFor({ word, columns }: ResourceKind): string {
  const headings = columns.slice(0, 2).map(({ heading }) => heading);
  const listed = word === 'ipamconfig' ? word : `${word}s`;
  return `
Examples:
  plat get ${listed} -o wide
  plat get ${listed} -o custom-columns=${headings.join(',')}
  plat get ${listed} -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'
  plat get ${word} NAME -o yaml
  plat get ${listed} --watch`;
}

/** A table has no place for what is gone, and an event neither a name nor the columns of the resource. */
function requireEvents(cli: Cli, { watch }: Options): void {
  if (!watch) throw new UsageError('--output-watch-events belongs to --watch.');
  if (isForPeople(cli) || ['name', 'custom-columns'].includes(cli.globals().output.kind))
    throw new UsageError('--output-watch-events is for programs. Add -o json, -o yaml, or -o jsonpath=TEMPLATE.');
}

async function get(cli: Cli, kind: ResourceKind, names: readonly string[], options: Options): Promise<void> {
  if (options.outputWatchEvents) requireEvents(cli, options);
  if (options.watch) {
    const { watchResources } = await import('../resources/watch.ts');
    const watching = {
      kind,
      names,
      selector: options.selector,
      shown: options.export ? exported : (resource: Stored) => resource,
      asEvents: options.outputWatchEvents === true,
    };
    return withIpam(cli, (ipam) => watchResources(cli, ipam, watching));
  }
  const { found, missing } = await withIpam(cli, (ipam) => selectResources(cli, ipam, kind, names, options.selector));
  const shown = options.export ? found.map(exported) : found;
  if (shown.length > 0 || missing.length === 0) await printResult(cli, resourcesResult(kind, shown, names.length !== 1));
  if (missing.length > 0) throw notThere(kind, missing);
}
