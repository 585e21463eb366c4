/** `plat delete KIND NAME…`. */
import { Argument, type Command, Option } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import type { CommandModule } from '../command-module.ts';
import { destructiveOptions } from '../confirm.ts';
import { NAMED } from '../format/output-shape.ts';
import { parseDuration } from '../options.ts';
import { type DeleteOptions, deleteAll, deletedResult } from '../resources/delete.ts';
import { kindOfWord, type ResourceKind } from '../resources/kinds.ts';
import type { KindWord } from '../resources/words.ts';

export function commandFor(word: Exclude<KindWord, 'ipamconfig'>): CommandModule {
  const kind = kindOfWord(word);
  return {
    gives: NAMED,
    define(command: Command, cli: Cli) {
      destructiveOptions(command.addArgument(new Argument(`<${kind.placeholder}...>`, 'names'))).option(
        '-s, --skip-not-exists',
        'what is gone already is no error',
      );
      if (word === 'ippool') poolOptions(command);
      command
        .addHelpText('after', HELP[word])
        .action((names: readonly string[], options: DeleteOptions) => deleteNamed(cli, kind, names, options));
    },
  };
}

function poolOptions(command: Command): void {
  command
    .addOption(new Option('--disable', 'do not delete it: only stop giving addresses from it').conflicts('drain'))
    .option('--drain', 'disable it, wait until nobody holds an address of it, then delete it')
    .option('--wait <duration>', 'with --drain: wait at most that long, such as 10m (default: until interrupted)', parseDuration);
}

const HELP = {
  ippool: `
Empty blocks go with the pool. Addresses in use stay with their holders until released; their blocks belong to no node any
more, and nothing new comes from them. Asks first when addresses are in use, also before it drains; refuses where nobody can be asked.
What cannot be read stays as it is, and is told; --drain refuses it before anything is changed. --disable takes nothing, and never asks.

Examples:
  plat delete ippool rack-1
  plat delete ippool rack-1 --disable
  plat delete ippool rack-1 --drain --wait 10m --yes
  plat delete ippool rack-1 --yes`,
  ipreservation: `
The addresses may be assigned from then on. Nobody loses one by it, so it does not ask.

Examples:
  plat delete ipreservation gateways
  plat delete reservation gateways --dry-run`,
  node: `
The node's blocks belong to no node afterwards, empty ones are dropped. Addresses in use stay until released; it asks when there are
some. Refused, before anything is written, when something of the node cannot be read, or the node has written since it was looked at.
The record goes last: when it fails half way, the same again finishes it. To release the addresses too: plat node remove.

Examples:
  plat delete node worker-1
  plat delete node worker-1 worker-2 --dry-run`,
} as const;

async function deleteNamed(cli: Cli, kind: ResourceKind, names: readonly string[], options: DeleteOptions): Promise<void> {
  const targets = [...new Set(names)].map((name) => ({ kind, name, resourceVersion: undefined }));
  await deletedResult(cli, options, await withIpam(cli, (ipam, opened) => deleteAll({ cli, ipam, opened }, targets, options)));
}
