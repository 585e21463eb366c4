import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { UsageError } from '../errors.ts';
import { opener, spooled, writeWhole } from '../transfer/files.ts';
import { type IntoStoreOptions, intoStoreOptions, loadInto } from '../transfer/into-store.ts';

/** `plat load`. */
export function define(command: Command, cli: Cli): void {
  intoStoreOptions(command.argument('[file]', 'what plat dump wrote; - or nothing: stdin'))
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, options: IntoStoreOptions) => load(cli, file, options));
}

const EXAMPLES = `
The store must be empty, or hold what an earlier load of the same dump left. The whole dump is read and compared before anything is
written: one that ends early or was changed is refused. Pools are written last, so nothing is assigned before all is there. A load that
was cut short goes on when it is repeated. Marks of releases are not in a dump: let no assignment be under way.

Examples:
  plat load backup.plat --dry-run
  plat --store lmdb:/var/lib/plat dump | plat --store etcd://10.0.0.5:2379 load
  plat load backup.plat --replace`;

async function load(cli: Cli, file: string | undefined, options: IntoStoreOptions): Promise<void> {
  const { signal } = cli.terminal;
  if (file !== undefined && file !== '-') return loadInto(cli, options, opener(file, signal));
  // Whoever can be asked sits at a terminal, where no dump comes from.
  if (cli.terminal.confirm) throw new UsageError('there is nothing to load. Name a file, or pipe a dump in: plat dump … | plat load');
  await spooled(
    (path) => writeWhole(path, cli.terminal.readChunks()),
    (path) => loadInto(cli, options, opener(path, signal)),
  );
}
