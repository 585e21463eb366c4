import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { printResult } from '../output.ts';
import { startProgress } from '../progress.ts';
import { countOf } from '../quantity.ts';
import { exists, inChunks, opener, spooled, writeWhole } from '../transfer/files.ts';
import { type IntoStoreOptions, intoStoreOptions, loadInto } from '../transfer/into-store.ts';

interface Options extends IntoStoreOptions {
  readonly to?: string;
  readonly force?: true;
}

/** `plat dump`. */
export function define(command: Command, cli: Cli): void {
  intoStoreOptions(
    command
      .argument('[file]', 'where to write it; - or nothing: stdout')
      .option('--force', 'also over a file that is there')
      .option('--to <url>', 'load it into this store instead of writing it'),
  )
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, options: Options) => dump(cli, file, options));
}

const EXAMPLES = `
Everything that plat and Calico's IPAM keep, byte for byte, at one revision: configuration, pools, reservations, nodes, blocks,
affinities and handles. Marks that expire within minutes are left out. One line of JSON a key, and a checksum at the end.
--merge, --replace, --yes and --dry-run are for --to, and mean what they do for load.

Examples:
  plat dump backup.plat
  plat --store lmdb:/var/lib/plat dump --to etcd://10.0.0.5:2379
  plat dump | gzip > backup.plat.gz`;

async function dump(cli: Cli, file: string | undefined, options: Options): Promise<void> {
  const { to, force, merge, replace, dryRun, yes } = options;
  if (to !== undefined) {
    if (file !== undefined) throw new UsageError('a dump goes to a file or to a store (--to), not to both.');
    return spooled(
      (path) => dumpTo(cli, (chunks) => writeWhole(path, chunks)).then(() => undefined),
      (path) => loadInto(cli, options, opener(path, cli.terminal.signal), to),
    );
  }
  if (merge || replace || dryRun || yes) throw new UsageError('--merge, --replace, --dry-run and --yes are for --to URL.');
  if (file === undefined || file === '-') {
    await dumpTo(cli, async (chunks) => {
      for await (const chunk of chunks) await cli.terminal.send(chunk);
    });
    return;
  }
  if (!force && (await exists(file)))
    throw new Refusal('already-exists', `${file} is there already. Name another file, or add --force.`, { file });
  const { source, revision, entries } = await dumpTo(cli, (chunks) => writeWhole(file, chunks));
  await printResult(cli, {
    value: { kind: 'Dump', file, source, revision, entries },
    text: () => `${file}: ${countOf(entries, 'key')} of ${source} at revision ${revision}`,
  });
}

interface Dumped {
  readonly source: string;
  readonly revision: string;
  readonly entries: number;
}

/** Gives the dump in chunks to `use`, and its facts when that is done. */
async function dumpTo(cli: Cli, use: (chunks: AsyncIterable<string>) => Promise<void>): Promise<Dumped> {
  const progress = startProgress(cli.terminal, 'dumping keys');
  let first = '';
  let last = '';
  async function* watched(lines: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const line of lines) {
      first ||= line;
      last = line;
      progress.add();
      yield line;
    }
  }
  try {
    await withIpam(cli, (ipam) => use(inChunks(watched(ipam.dump(cli.call())))));
  } finally {
    progress.end();
  }
  return { ...(JSON.parse(first) as Pick<Dumped, 'source' | 'revision'>), ...(JSON.parse(last) as Pick<Dumped, 'entries'>) };
}
