/** Candidates for the word being typed, out of the commands themselves. */
import type { Argument, Command, Option } from 'commander';
import { FINDING_KINDS } from '../../core/audit/finding.ts';
import { LOG_LEVELS } from '../../platform/log.ts';
import { OUTPUT_NAMES } from '../format/output-format.ts';
import { USES } from '../options.ts';
import type { Run } from '../run.ts';
import type { GlobalFlags } from '../settings/settings.ts';
import { storedNames } from './names.ts';

/** Values of placeholders whose options take more than one, or in any letter case, and so have no choices. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  format: OUTPUT_NAMES,
  level: LOG_LEVELS,
  kind: Object.keys(FINDING_KINDS),
  use: USES,
  uses: USES,
  bool: ['true', 'false'],
};

interface Candidate {
  readonly word: string;
  readonly meaning: string;
}

/**
 * Lines `word<TAB>meaning` for the last of `words`. The placeholder of an argument or option says what it takes: `<node>`,
 * `<pool>`, `<reservation>` are looked up in the store; what cannot be looked up has no candidates.
 */
export async function complete(program: Command, words: readonly string[], run: Run): Promise<string> {
  const typed = words.at(-1) ?? '';
  const candidates = await candidatesFor(program, words.slice(0, -1), typed, run);
  // A command and its group may have the same option; the command's comes first.
  const first = candidates.filter(({ word }, index) => candidates.findIndex((other) => other.word === word) === index);
  return first
    .filter(({ word }) => word.startsWith(typed))
    .map(({ word, meaning }) => `${word}\t${meaning}\n`)
    .join('');
}

async function candidatesFor(program: Command, before: readonly string[], typed: string, run: Run): Promise<readonly Candidate[]> {
  const { command, operands, flags, pending } = walk(program, before);
  const values = (placeholder: string, choices: readonly string[] | undefined, prefix = '') =>
    valuesOf(placeholder, choices, { run, flags, operands }).then((names) => names.map((word) => ({ word: prefix + word, meaning: '' })));

  if (pending) return values(placeholderOf(pending), choicesOf(pending));
  const [, long, separator] = /^(--[a-z-]+)(=)/.exec(typed) ?? [];
  if (separator !== undefined) {
    const option = optionsOf(command).find((candidate) => candidate.long === long);
    return option ? values(placeholderOf(option), choicesOf(option), `${long}=`) : [];
  }
  if (typed.startsWith('-'))
    return optionsOf(command).map(({ long, short, description }) => ({ word: long ?? short ?? '', meaning: description }));
  const commands = operands.length > 0 ? [] : command.commands.map((child) => ({ word: child.name(), meaning: child.summary() }));
  const argument = argumentAt(command, operands.length);
  return [...commands, ...(argument ? await values(argument.name(), argument.argChoices) : [])];
}

interface Place {
  readonly command: Command;
  /** Words that are neither commands nor options. */
  readonly operands: readonly string[];
  readonly flags: GlobalFlags;
  /** An option whose value is being typed. */
  readonly pending: Option | undefined;
}

/** Where in the grammar the line is. */
function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let pending: Option | undefined;
  const operands: string[] = [];
  const flags: Record<string, string> = {};
  for (const word of words) {
    if (pending) {
      flags[pending.attributeName()] = word;
      pending = undefined;
    } else if (word.startsWith('-')) {
      const [, name, value] = /^([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
      const option = optionsOf(command).find((candidate) => candidate.long === name || candidate.short === name);
      if (option && takesValue(option)) {
        if (value === undefined) pending = option;
        else flags[option.attributeName()] = value;
      }
    } else {
      const child: Command | undefined = command.commands.find((candidate) => [candidate.name(), ...candidate.aliases()].includes(word));
      if (child && operands.length === 0) command = child;
      else operands.push(word);
    }
  }
  return { command, operands, flags, pending };
}

/** Of the command and all above it. */
function optionsOf(command: Command): readonly Option[] {
  const own = [...command.options];
  return command.parent ? [...own, ...optionsOf(command.parent)] : own;
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** `node` of `--host <node>`. */
function placeholderOf(option: Option): string {
  return /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '';
}

function choicesOf(option: Option): readonly string[] | undefined {
  return option.argChoices;
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const arguments_ = command.registeredArguments;
  const last = arguments_.at(-1);
  return arguments_[index] ?? (last?.variadic ? last : undefined);
}

async function valuesOf(
  placeholder: string,
  choices: readonly string[] | undefined,
  { run, flags, operands }: { run: Run; flags: GlobalFlags; operands: readonly string[] },
): Promise<readonly string[]> {
  if (choices) return choices;
  const known = VALUES[placeholder];
  if (known) return known;
  const names = await storedNames(placeholder, flags, run);
  return names.filter((name) => !operands.includes(name));
}
