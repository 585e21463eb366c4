/** `plat get -f`: what the store has under the names of manifests. */
import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { NAMED } from '../format/output-shape.ts';
import { printResult } from '../output.ts';
import { KINDS, kindName } from '../resources/kinds.ts';
import { type FileOptions, fileOptions, filesOrKind, nothingNamed, readManifests } from '../resources/manifests.ts';
import { resourceObject } from '../resources/object.ts';
import { notThere, type Selected, selectResources } from '../resources/select.ts';
import { resourcesResult } from '../resources/show.ts';

export const gives = NAMED;

export function define(command: Command, cli: Cli): void {
  filesOrKind(fileOptions(command))
    .addHelpText('after', EXAMPLES)
    .action((options: FileOptions) => getManifests(cli, options));
}

const EXAMPLES = `
Examples:
  plat get ippools
  plat get node worker-1 -o yaml
  plat get -f pools.yaml -o yaml`;

async function getManifests(cli: Cli, options: FileOptions): Promise<void> {
  if (options.filename === undefined) throw nothingNamed('a kind, such as: plat get ippools, or manifests with -f FILE');
  const manifests = await readManifests(cli, options, 'plat get -f FILE');
  const byKind = KINDS.map((kind) => ({ kind, names: manifests.filter((manifest) => manifest.kind === kind).map(({ name }) => name) }));
  const asked = byKind.filter(({ names }) => names.length > 0);
  const selected = await withIpam(cli, async (ipam) => {
    const results: (Selected & (typeof asked)[number])[] = [];
    for (const part of asked) results.push({ ...part, ...(await selectResources(cli, ipam, part.kind, part.names, undefined)) });
    return results;
  });
  const shown = selected.filter(({ found }) => found.length > 0);
  const items = shown.flatMap(({ kind, found }) => found.map((resource) => resourceObject(kindName(kind), resource)));
  const tables = shown.map(({ kind, found }) => resourcesResult(kind, found, true));
  await printResult(cli, {
    value: items.length === 1 ? items[0] : { kind: 'List', apiVersion: 'v1', items },
    text: () => tables.map(({ text }) => text()).join('\n\n'),
    wide: () => tables.map(({ text, wide = text }) => wide()).join('\n\n'),
  });
  const [lacking] = selected.filter(({ missing }) => missing.length > 0);
  if (lacking) throw notThere(lacking.kind, lacking.missing);
}
