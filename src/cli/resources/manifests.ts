/** `-f` of the commands: the options, and the manifests behind them. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { collectRepeated } from '../options.ts';
import { readDocuments } from './files.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { invalidManifests } from './violations.ts';

export interface FileOptions {
  readonly filename?: readonly string[];
  readonly recursive?: true;
  readonly skipEmpty?: true;
}

/** Gives `command` the options. */
export function fileOptions(command: Command): Command {
  return command
    .option(
      '-f, --filename <file>',
      'manifests: a file (YAML or JSON, several documents or a list), a folder, - for stdin; may be repeated',
      collectRepeated,
    )
    .option('-R, --recursive', 'folders with all below them')
    .option('--skip-empty', 'no manifest at all is no error');
}

/**
 * A command of files above commands of kinds. A word that is no kind is refused as one. Options given before the kind
 * count for the command below, or are refused when it does not know them: none may be lost, `--dry-run` least of all.
 */
export function filesOrKind(command: Command): Command {
  return command
    .enablePositionalOptions()
    .allowExcessArguments()
    .hook('preAction', (group, named) => {
      if (named === group) refuseWord(group);
      else handDown(group, named);
    });
}

function refuseWord(group: Command): void {
  const [word] = group.args;
  if (word === undefined) return;
  const kinds = group.commands.map((child) => child.name());
  const expected =
    kinds.length === 0 ? 'This command takes manifests with -f FILE' : `Expected one of ${kinds.join(', ')}, or manifests with -f FILE`;
  throw new UsageError(`resource type '${word}' is not supported. ${expected}.`);
}

function handDown(group: Command, named: Command): void {
  for (const option of group.options) {
    const name = option.attributeName();
    if (group.getOptionValueSource(name) !== 'cli') continue;
    if (!named.options.some(({ long }) => long === option.long))
      throw new UsageError(
        `${option.long} goes with 'plat ${group.name()}' alone, not with '${named.name()}'. See: plat ${group.name()} ${named.name()} --help`,
      );
    named.setOptionValueWithSource(name, group.getOptionValue(name), 'cli');
  }
}

/**
 * The manifests, all of the right shape; else a refusal that names every violation, and `next`, the command to repeat. Empty only
 * with `--skip-empty`.
 */
export async function readManifests(
  cli: Cli,
  { filename = [], recursive, skipEmpty }: FileOptions,
  next: string,
): Promise<readonly Manifest[]> {
  const documents = await readDocuments(cli.terminal, filename, recursive === true);
  if (documents.length === 0 && !skipEmpty)
    throw new Refusal(
      'no-resources',
      `no resources specified in ${filename.join(', ')}. A manifest to begin with: plat get ippool -o yaml`,
    );
  const parsed = documents.map(({ value, origin }) => parseManifest(value, origin));
  const invalid = parsed.filter((result) => result.kind === 'invalid');
  if (invalid.length > 0) throw invalidManifests(invalid, next);
  return parsed.flatMap((result) => (result.kind === 'manifest' ? [result.manifest] : []));
}

/** For a command that got neither names nor files. */
export function nothingNamed(expected: string): UsageError {
  return new UsageError(`nothing was named. Give ${expected}.`);
}
