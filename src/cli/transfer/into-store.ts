/** Loading a dump, whether it came from a file, a pipe or another store. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Ipam, LoadOptions, LoadResult } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions, destructiveOptions } from '../confirm.ts';
import { printResult } from '../output.ts';
import { startProgress } from '../progress.ts';
import { countOf } from '../quantity.ts';

export interface IntoStoreOptions extends DestructiveOptions {
  readonly merge?: true;
  readonly replace?: true;
}

/** Gives `command` the options that say what may be in the store already. */
export function intoStoreOptions(command: Command): Command {
  return destructiveOptions(
    command
      .addOption(new Option('--merge', 'the store may hold other things, which stay; what differs is refused').conflicts('replace'))
      .option('--replace', 'afterwards the store holds what the dump does; the rest is deleted'),
  );
}

/** Loads what `open` gives into the store in effect, or that of `url`, and says what was done. */
export async function loadInto(cli: Cli, options: IntoStoreOptions, open: LoadOptions['open'], url?: string): Promise<void> {
  const mode = options.replace ? 'replace' : options.merge ? 'merge' : 'empty';
  const { result, name } = await withIpam(
    cli,
    async (ipam, { store }) => {
      const dryRun = options.dryRun === true;
      if (!dryRun) await ipam.requireUnlocked(cli.call());
      const plan = mode === 'replace' && !dryRun ? await loadWithProgress(cli, ipam, { open, mode, dryRun: true }) : undefined;
      if (plan) await confirmReplace(cli, options, { plan, store: store.name });
      const result = await loadWithProgress(cli, ipam, { open, mode, dryRun, ...(plan && { seenAt: plan.revision }) });
      return { result, name: store.name };
    },
    { url, create: true },
  );
  const { written, revision: _, ...counts } = result;
  await printResult(cli, {
    value: { kind: 'Load', store: name, ...counts, ...(!written && { dryRun: true }) },
    text: () => resultText(name, result),
  });
}

async function loadWithProgress(cli: Cli, ipam: Ipam, options: LoadOptions): Promise<LoadResult> {
  const progress = startProgress(cli.terminal, 'reading the dump');
  let phase = 'reading';
  let told = 0;
  try {
    return await ipam.load({
      ...options,
      ...cli.call(),
      onProgress: (now) => {
        if (now.phase !== phase) {
          phase = now.phase;
          told = 0;
          progress.phase('writing', now.total);
        }
        progress.add(now.done - told);
        told = now.done;
      },
    });
  } finally {
    progress.end();
  }
}

async function confirmReplace(cli: Cli, options: IntoStoreOptions, { plan, store }: { plan: LoadResult; store: string }): Promise<void> {
  const { replaced, deleted } = plan;
  if (replaced + deleted === 0) return;
  await confirmDestructive(cli, options, {
    code: 'store-not-empty',
    facts: `${store} would lose ${countOf(deleted, 'key')} that the dump does not have, and ${countOf(replaced, 'key')} would change.`,
    question: 'Replace it?',
    instead: 'Keep a copy first: plat dump FILE.',
    details: { replaced, deleted },
  });
}

function resultText(store: string, result: LoadResult): string {
  const { source, entries, equal, added, replaced, deleted, written, kinds } = result;
  const done = written ? '' : ' would be';
  const parts = [
    `${countOf(added, 'key')}${done} added`,
    ...(replaced > 0 ? [`${replaced}${done} replaced`] : []),
    ...(deleted > 0 ? [`${deleted}${done} deleted`] : []),
    ...(equal > 0 ? [`${equal} there already`] : []),
  ];
  const content = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`);
  return [
    `dump of ${source.source} at revision ${source.revision}, ${source.time}: ${countOf(entries, 'key')}${entries > 0 ? ` (${content.join(', ')})` : ''}`,
    `${store}: ${parts.join(', ')}`,
  ].join('\n');
}
