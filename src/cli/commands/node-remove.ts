import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions, destructiveOptions } from '../confirm.ts';
import { Refusal } from '../errors.ts';
import { surveyLines } from '../node-survey.ts';
import { printResult } from '../output.ts';
import { countOf } from '../quantity.ts';

/** `plat node remove`. */
export function define(command: Command, cli: Cli): void {
  destructiveOptions(command.argument('<node>', 'name of the node'))
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: DestructiveOptions) => remove(cli, name, options));
}

const EXAMPLES = `
For a node that is gone for good: releases every address that it holds, wherever it is, gives up its blocks, and deletes its record.
Each address is released by handle and sequence number: what was assigned anew since it was listed is left alone. Blocks in which
other nodes hold addresses belong to nobody afterwards. Nothing checks that the node is really gone.

Examples:
  plat node remove worker-9 --dry-run
  plat node remove worker-9 --yes`;

async function remove(cli: Cli, host: string, options: DestructiveOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  const { survey, removed } = await withIpam(cli, async (ipam) => {
    const found = await ipam.surveyNode({ host, ...cli.call() });
    const { blocks, addresses, hasRecord } = found;
    if (!hasRecord && blocks.length + addresses.length === 0) {
      throw new Refusal('not-found', `there is nothing of a node ${host}. List nodes with: plat get nodes`, { node: host });
    }
    if (dryRun) return { survey: found, removed: undefined };
    const facts = `Node ${host} holds ${countOf(addresses.length, 'address', 'addresses')} and owns ${countOf(blocks.length, 'block')}.`;
    await confirmDestructive(cli, options, {
      code: 'not-confirmed',
      facts,
      question: 'Is it gone for good? Release and delete all of it?',
      instead: 'See it all with --dry-run; for a node that lives: plat node drain NAME.',
      details: { node: host, addresses: addresses.length, blocks: blocks.length },
    });
    return { survey: found, removed: await ipam.removeNode({ survey: found, ...cli.call() }) };
  });
  await printResult(cli, {
    value: { kind: 'Node', name: host, dryRun, survey, ...(removed && { released: removed.released, changed: removed.changed }) },
    text: () => {
      if (!removed) return [...surveyLines(survey), 'Nothing was done (dry run).'].join('\n');
      const changed =
        removed.changed.length > 0
          ? `; ${countOf(removed.changed.length, 'address', 'addresses')} left alone, assigned anew meanwhile`
          : '';
      return `node ${host} removed: released ${countOf(removed.released.length, 'address', 'addresses')}, gave up ${countOf(survey.blocks.length, 'block')}${changed}`;
    },
  });
}
