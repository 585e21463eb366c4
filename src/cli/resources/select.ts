/** Which resources a command line names: by name, by label, or all. */
import { Argument, type Command } from 'commander';
import { matches, parseSelector } from '../../core/selector.ts';
import type { Ipam } from '../../ipam/api.ts';
import type { Cli } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { noteUnreadable } from '../output.ts';
import type { ResourceKind } from './kinds.ts';
import type { Stored } from './object.ts';

/** Gives `command` the names of resources, and `--selector`. */
export function selectionOptions(command: Command, { placeholder }: ResourceKind): Command {
  return command
    .addArgument(new Argument(`[${placeholder}...]`, 'names; without one, all'))
    .option('-l, --selector <selector>', "only those with such labels: rack=r1,zone!=z, or \"rack in {'r1', 'r2'}\"");
}

export interface Selected {
  readonly found: readonly Stored[];
  /** Names that were asked for and are not there. */
  readonly missing: readonly string[];
}

/** Those of `names` in that order; all, in name order, when none is given. `selector`: only with such labels. */
export async function selectResources(
  cli: Cli,
  ipam: Ipam,
  kind: ResourceKind,
  names: readonly string[],
  selector: string | undefined,
): Promise<Selected> {
  const client = kind.client(ipam);
  if (names.length === 0) {
    const all = await client.list({ ...cli.call(), onCorrupt: noteUnreadable(cli, 'the list leaves it out') });
    return { found: chosenOf(all, names, selector), missing: [] };
  }
  chosenOf([], names, selector);
  const found: Stored[] = [];
  const missing: string[] = [];
  for (const name of new Set(names)) {
    const resource = await client.get(name, cli.call());
    if (resource === undefined) missing.push(name);
    else found.push(resource);
  }
  return { found, missing };
}

/** Those of `all` that are named, or have such labels; all when neither is given. */
export function chosenOf(all: readonly Stored[], names: readonly string[], selector: string | undefined): readonly Stored[] {
  if (names.length > 0 && selector !== undefined) throw new UsageError('give names or --selector, not both.');
  if (selector !== undefined) return all.filter(matcherOf(selector));
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

/** The refusal for names that are not there. */
export function notThere({ noun, plural, word }: ResourceKind, missing: readonly string[]): Refusal {
  const [first = ''] = missing;
  const told =
    missing.length === 1 ? `there is no ${noun} '${first}'` : `there are no ${plural} ${missing.map((name) => `'${name}'`).join(', ')}`;
  return new Refusal('not-found', `${told}. See all with: plat get ${word}s`, {
    kind: word,
    name: first,
    ...(missing.length > 1 && { names: missing }),
  });
}

function matcherOf(text: string): (resource: Stored) => boolean {
  const parsed = parseSelector(kubectlSelector(text));
  if (parsed.kind === 'bad-selector')
    throw new UsageError(
      `--selector '${text}': ${parsed.message}. Expected key=value,key2!=value2, or a selector as in a pool, such as "rack in {'r1', 'r2'}".`,
    );
  return ({ labels }) => matches(parsed.selector, labels);
}

/** `rack=r1,zone!=z,gpu` of kubectl as the language of pools; anything else stays as it is. */
function kubectlSelector(text: string): string {
  const terms = text.split(',').map((term) => /^\s*(!?)([\w./-]+)\s*(?:(==?|!=)\s*([\w.-]*))?\s*$/.exec(term));
  if (terms.some((term) => term === null)) return text;
  return terms
    .map((term) => {
      const [, not = '', label = '', operator, value] = term ?? [];
      return operator === undefined ? `${not}has(${label})` : `${label} ${operator === '!=' ? '!=' : '=='} '${value}'`;
    })
    .join(' && ');
}
