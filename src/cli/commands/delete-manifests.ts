/** `plat delete -f`: what the manifests name. */
import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { type DestructiveOptions, destructiveOptions } from '../confirm.ts';
import { NAMED } from '../format/output-shape.ts';
import { deleteAll, deletedResult, type Target } from '../resources/delete.ts';
import { type FileOptions, fileOptions, filesOrKind, nothingNamed, readManifests } from '../resources/manifests.ts';

interface Options extends FileOptions, DestructiveOptions {
  readonly skipNotExists?: true;
}

export const gives = NAMED;

export function define(command: Command, cli: Cli): void {
  filesOrKind(destructiveOptions(fileOptions(command)))
    .option('-s, --skip-not-exists', 'what is gone already is no error')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => deleteManifests(cli, options));
}

const EXAMPLES = `
Of a manifest only kind, name and resourceVersion count; with the latter it fails when somebody changed the resource since.

Examples:
  plat delete ippool rack-1
  plat delete -f pools.yaml --dry-run
  plat delete -f pools.yaml --skip-not-exists`;

async function deleteManifests(cli: Cli, options: Options): Promise<void> {
  if (options.filename === undefined) throw nothingNamed('a kind and a name, such as: plat delete ippool NAME, or manifests with -f FILE');
  const manifests = await readManifests(cli, options, 'plat delete -f FILE --dry-run');
  const targets: readonly Target[] = manifests.map(({ kind, name, resourceVersion }) => ({ kind, name, resourceVersion }));
  await deletedResult(cli, options, await withIpam(cli, (ipam, opened) => deleteAll({ cli, ipam, opened }, targets, options)));
}
