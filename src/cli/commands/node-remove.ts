import type { Command } from 'commander';
import type { NodeSurvey, RemovedNode } from '../../ipam/upkeep/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions, destructiveOptions } from '../confirm.ts';
import { NAMED } from '../format/output-shape.ts';
import { othersText, surveyedNode, surveyLines } from '../node-survey.ts';
import { printResult } from '../output.ts';
import { countOf } from '../quantity.ts';

export const gives = NAMED;

/** `plat node remove`. */
export function define(command: Command, cli: Cli): void {
  destructiveOptions(command.argument('<node>', 'name of the node'))
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: DestructiveOptions) => remove(cli, name, options));
}

const EXAMPLES = `
For a node that is gone for good: releases every address that it holds, wherever it is, gives up its blocks, and deletes its record.
Each address is released by handle and sequence number: what was assigned anew since it was listed is left alone. Addresses of others
in its blocks stay and are named; those blocks belong to nobody afterwards. It is refused when something of the node cannot be read, or
when the node has written since it was listed. The record goes last: when it fails half way, the same again finishes it. Nothing
checks that the node is really gone.

Examples:
  plat node remove worker-9 --dry-run
  plat node remove worker-9 --yes`;

async function remove(cli: Cli, host: string, options: DestructiveOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  const { survey, removed } = await withIpam(cli, async (ipam) => {
    const survey = await surveyedNode(cli, ipam, host);
    const planned = await ipam.removeNode({ survey, dryRun: true, ...cli.call() });
    if (dryRun) return { survey, removed: planned };
    await ipam.requireUnlocked(cli.call());
    await confirm(cli, options, survey);
    return { survey, removed: await ipam.removeNode({ survey, ...cli.call() }) };
  });
  const { released, changed, givenUp } = removed;
  await printResult(cli, {
    value: { kind: 'Node', name: host, dryRun, survey, ...(!dryRun && { released, changed, givenUp }) },
    text: () => (dryRun ? [...surveyLines(survey), 'Nothing was done (dry run).'].join('\n') : removedText(survey, removed)),
  });
}

async function confirm(cli: Cli, options: DestructiveOptions, { host, addresses, blocks, others }: NodeSurvey): Promise<void> {
  const left = othersText(others);
  await confirmDestructive(cli, options, {
    code: 'not-confirmed',
    facts: `Node ${host} holds ${countOf(addresses.length, 'address', 'addresses')} and owns ${countOf(blocks.length, 'block')}.${left ? ` ${left}.` : ''}`,
    question: 'Is it gone for good? Release and delete all of it?',
    instead: 'See it all with --dry-run; for a node that lives: plat node drain NAME.',
    details: { node: host, addresses: addresses.length, blocks: blocks.length, others: others.length },
  });
}

function removedText({ host, others }: NodeSurvey, { released, changed, givenUp }: RemovedNode): string {
  const left = othersText(others);
  return [
    `node ${host} removed: released ${countOf(released.length, 'address', 'addresses')}, gave up ${countOf(givenUp.length, 'block')}`,
    ...(changed.length > 0 ? [`${countOf(changed.length, 'address', 'addresses')} left alone, assigned anew meanwhile`] : []),
    ...(left ? [left] : []),
  ].join('; ');
}
