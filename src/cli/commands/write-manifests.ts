/** `plat create -f`, `plat apply -f`, `plat replace -f`. */
import type { Command } from 'commander';
import type { Ipam } from '../../ipam/api.ts';
import { brokenOff } from '../../ipam/broken-off.ts';
import { type Cli, withIpam } from '../cli.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../output.ts';
import { startProgress } from '../progress.ts';
import type { Manifest } from '../resources/manifest.ts';
import { type FileOptions, fileOptions, filesOrKind, nothingNamed, readManifests } from '../resources/manifests.ts';
import { invalidManifests } from '../resources/violations.ts';
import { type NotWritten, rehearseManifests, type Verb, type WriteOptions, type Written, writeManifest } from '../resources/write.ts';
import { notWritten, printDiff, writtenResult } from '../resources/write-result.ts';

interface Options extends FileOptions {
  readonly dryRun?: true;
  readonly diff?: true;
  readonly skipExists?: true;
}

const DONE: Readonly<Record<Verb, string>> = { create: 'created', apply: 'applied', replace: 'replaced' };

const NOTES: Readonly<Record<Verb, string>> = {
  create: 'Creates what is not there yet; what is there already is refused, or left alone with --skip-exists.',
  apply:
    'Creates what is not there yet, and changes what is: members that the manifest does not name get their default, labels and annotations\nare those of the manifest.',
  replace: 'Like apply, for what is there already.',
};

export function commandFor(verb: Verb): CommandModule {
  return {
    define(command: Command, cli: Cli) {
      fileOptions(command)
        .option('--dry-run', 'check everything, say what would be done, and do nothing')
        .option('--diff', 'show what would change, as a unified diff, and do nothing');
      if (verb === 'create') command.option('--skip-exists', 'what exists already is no error');
      filesOrKind(command)
        .addHelpText('after', helpFor(verb))
        .action((options: Options) => writeManifests(cli, verb, options));
    },
  };
}

function helpFor(verb: Verb): string {
  return `
Manifests are those of Calico's v3 API. All documents are checked before the first is written: first their fields and types, then, when these
are right, every rule. All that is wrong is told, with file and document. ${NOTES[verb]}
A metadata.resourceVersion makes it fail when somebody changed the resource since.

Examples:
  plat ${verb} -f pools.yaml
  plat ${verb} -f manifests/ -R --dry-run
  plat get ippool -o yaml | plat ${verb} -f - --diff`;
}

async function writeManifests(cli: Cli, verb: Verb, options: Options): Promise<void> {
  if (options.filename === undefined)
    throw nothingNamed(`manifests with -f FILE${verb === 'create' ? `, or a kind and a name: plat create ippool --help` : ''}`);
  const again = `plat ${verb} -f FILE --dry-run`;
  const manifests = await readManifests(cli, options, again);
  if (manifests.length === 0) return cli.terminal.print('No resources specified');
  const write: WriteOptions = {
    verb,
    dryRun: options.dryRun === true || options.diff === true,
    skipExists: options.skipExists === true,
    call: cli.call(),
  };
  const outcomes = await withIpam(
    cli,
    async (ipam) => {
      const invalid = await rehearseManifests(ipam, manifests, write);
      if (invalid.length > 0) throw invalidManifests(invalid, again);
      return writeAll(cli, ipam, manifests, write);
    },
    { create: true },
  );
  const written = outcomes.filter((outcome) => outcome.kind === 'written');
  const failed = outcomes.filter((outcome) => outcome.kind === 'failed');
  if (written.length > 0) await printWritten(cli, verb, written, options);
  if (failed.length > 0) throw notWritten(DONE[verb], failed, outcomes.length);
}

async function writeAll(
  cli: Cli,
  ipam: Ipam,
  manifests: readonly Manifest[],
  write: WriteOptions,
): Promise<readonly (Written | NotWritten)[]> {
  const progress = startProgress(cli.terminal, 'writing resources', manifests.length);
  const outcomes: (Written | NotWritten)[] = [];
  try {
    for (const manifest of manifests) {
      outcomes.push(await writeManifest(ipam, manifest, write));
      progress.add();
    }
  } catch (error) {
    if (write.dryRun || manifests.length === 1) throw error;
    const count = outcomes.filter(({ kind }) => kind === 'written').length;
    throw brokenOff(
      error,
      `${count} of ${manifests.length} resources were ${DONE[write.verb]} before that. What is there: plat get -f FILE`,
    );
  } finally {
    progress.end();
  }
  return outcomes;
}

async function printWritten(cli: Cli, verb: Verb, written: readonly Written[], { dryRun, diff }: Options): Promise<void> {
  const result = writtenResult(DONE[verb], written, dryRun === true || diff === true);
  return diff ? printDiff(cli, { result, written, dryRun: dryRun === true }) : printResult(cli, result);
}
