import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions, destructiveOptions } from '../confirm.ts';
import { NAMED } from '../format/output-shape.ts';
import { surveyedNode, surveyLines } from '../node-survey.ts';
import { printResult } from '../output.ts';
import { countOf } from '../quantity.ts';

export const gives = NAMED;

/** `plat node drain`. */
export function define(command: Command, cli: Cli): void {
  destructiveOptions(command.argument('<node>', 'name of the node'))
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: DestructiveOptions) => drain(cli, name, options));
}

const EXAMPLES = `
Gives up the blocks of a node that are empty, and tells what it still holds. Nothing that is in use is touched: move the pods away
first (kubectl drain), then drain here until nothing is left. A node that goes on assigning claims a block again.

Examples:
  plat node drain worker-9 --dry-run
  plat node drain worker-9 --yes`;

async function drain(cli: Cli, host: string, options: DestructiveOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  const { survey, givenUp } = await withIpam(cli, async (ipam) => {
    const survey = await surveyedNode(cli, ipam, host);
    const empty = survey.blocks.filter(({ isEmpty }) => isEmpty);
    if (dryRun || empty.length === 0) return { survey, givenUp: [] };
    await ipam.requireUnlocked(cli.call());
    const facts = `${countOf(empty.length, 'empty block')} of node ${host} would be given up.`;
    await confirmDestructive(cli, options, { code: 'not-confirmed', facts, question: 'Give them up?', details: { node: host } });
    return { survey, givenUp: (await ipam.drainNode({ survey, ...cli.call() })).givenUp };
  });
  const left = { ...survey, blocks: survey.blocks.filter(({ block }) => !givenUp.includes(block)) };
  await printResult(cli, {
    value: { kind: 'Node', name: host, dryRun, givenUp, left },
    text: () =>
      [
        ...(dryRun ? [] : [`gave up ${countOf(givenUp.length, 'block')} of node ${host}`]),
        ...surveyLines(left),
        ...(dryRun ? ['Nothing was done (dry run); empty blocks would be given up.'] : []),
      ].join('\n'),
  });
}
