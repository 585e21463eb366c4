/** `plat describe KIND [NAME…]`. */
import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import type { CommandModule } from '../command-module.ts';
import { NAMED } from '../format/output-shape.ts';
import { printResult } from '../output.ts';
import { type Description, describeResource, readSurroundings, textOf, valueOf } from '../resources/describe.ts';
import { kindOfWord, type ResourceKind } from '../resources/kinds.ts';
import { notThere, selectionOptions, selectResources } from '../resources/select.ts';
import type { KindWord } from '../resources/words.ts';

interface Options {
  readonly selector?: string;
}

export function commandFor(word: KindWord): CommandModule {
  const kind = kindOfWord(word);
  return {
    gives: NAMED,
    define(command: Command, cli: Cli) {
      selectionOptions(command, kind)
        .addHelpText('after', examplesFor(kind))
        .action((names: readonly string[], options: Options) => describe(cli, kind, names, options));
    },
  };
}

const TOLD: Readonly<Record<KindWord, string>> = {
  ippool: 'How full the pool is, which nodes have blocks of it, which nodes may use it and by which label, and what is reserved in it.',
  ipreservation: 'In which pools the reserved addresses lie, and which of them somebody holds all the same.',
  node: 'Which blocks the node has and how full they are, what it borrowed, and which pools it may use.',
  ipamconfig: 'What each setting means.',
};

function examplesFor({ word }: ResourceKind): string {
  const name = word === 'ipamconfig' ? '' : ' NAME';
  return `\n${TOLD[word]}\n\nExamples:\n  plat describe ${word}${name}\n  plat describe ${word}${name} -o json`;
}

async function describe(cli: Cli, kind: ResourceKind, names: readonly string[], { selector }: Options): Promise<void> {
  const { descriptions, missing } = await withIpam(cli, async (ipam) => {
    const { found, missing } = await selectResources(cli, ipam, kind, names, selector);
    const around = found.length === 0 ? undefined : await readSurroundings(cli, ipam);
    return { descriptions: around ? found.map((resource) => describeResource(kind, resource, around)) : [], missing };
  });
  if (descriptions.length > 0 || missing.length === 0) await print(cli, kind, descriptions, names.length === 1);
  if (missing.length > 0) throw notThere(kind, missing);
}

function print(cli: Cli, kind: ResourceKind, descriptions: readonly Description[], isOne: boolean): Promise<void> {
  const values = descriptions.map(valueOf);
  return printResult(cli, {
    value: isOne ? values[0] : { items: values },
    text: () => (descriptions.length === 0 ? kind.none : descriptions.map((description) => textOf(description, cli.terminal)).join('\n\n')),
  });
}
