/** docs/cli.md as text: every command, out of the commands themselves. */
import type { Argument, Command, Option } from 'commander';
import type { Terminal } from '../src/cli/cli.ts';
import { buildProgram } from '../src/cli/program.ts';
import { Run } from '../src/cli/run.ts';

/** A machine that is nobody's: what the text says depends on nothing else. */
const NOWHERE: Terminal = {
  env: {},
  hostName: 'this-host',
  homeFolder: '/nonexistent',
  isRoot: false,
  signal: new AbortController().signal,
  columns: undefined,
  noteColumns: undefined,
  confirm: undefined,
  readInput: async () => '',
  readChunks: async function* () {},
  print: () => {},
  write: () => {},
  send: async () => {},
  note: () => {},
  paint: (_style, text) => text,
  progress: () => {},
};

export async function cliReference(): Promise<string> {
  const program = await buildProgram('all', new Run(NOWHERE));
  const commands = leavesOf(program);
  return [
    '# The command line',
    'Written by `npm run docs:cli` out of the commands themselves; `plat COMMAND --help` says the same.',
    commands.map((command) => `- [${pathOf(command)}](#${anchorOf(command)}): ${command.summary()}`).join('\n'),
    '## Options of every command',
    optionTable(program.options),
    ...commands.flatMap(section),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

/** Every command that does something, in the order of the help. */
function leavesOf(command: Command): readonly Command[] {
  const below = command.commands.filter((child) => child.name() !== 'help').flatMap(leavesOf);
  return command.parent && (below.length === 0 || command.options.length > 0) ? [command, ...below] : below;
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function anchorOf(command: Command): string {
  return pathOf(command).replaceAll(' ', '-');
}

function section(command: Command): readonly string[] {
  const { notes, examples } = helpBelow(command);
  const aliases = command.aliases();
  const usage = `${pathOf(command)} ${command.usage()}`.trim();
  return [
    `## ${pathOf(command)}`,
    `${command.description()}${aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`}`,
    fenced(usage),
    ...(command.registeredArguments.length === 0 ? [] : [argumentTable(command.registeredArguments)]),
    ...(command.options.length === 0 ? [] : [optionTable(command.options)]),
    ...(notes === '' ? [] : [notes]),
    ...(examples === '' ? [] : [fenced(examples)]),
  ];
}

/** What a command's help says below its options: notes, and examples. */
function helpBelow(command: Command): { readonly notes: string; readonly examples: string } {
  let whole = '';
  const configured = command.configureOutput();
  command.configureOutput({ ...configured, writeOut: (text) => (whole += text) });
  command.outputHelp();
  command.configureOutput(configured);
  const below = whole.slice(command.helpInformation().length);
  const [notes = '', examples = ''] = below.split(/^Examples?:\n/m);
  return { notes: withIndentedAsCode(notes.trim()), examples: examples.replace(/^ {2}/gm, '').trim() };
}

/** Indented lines of a text are a listing. */
function withIndentedAsCode(text: string): string {
  return text.replace(/(?:^ {2}.*(?:\n|$)|^\n(?= {2}))+/gm, (block) => `${fenced(block.replace(/^ {2}/gm, '').trim(), '')}\n`);
}

function fenced(code: string, language = 'sh'): string {
  return `\`\`\`${language}\n${code}\n\`\`\``;
}

function argumentTable(list: readonly Argument[]): string {
  return table(
    ['argument', 'meaning'],
    list.map((argument) => {
      const choices = argument.argChoices ? ` (${argument.argChoices.join(', ')})` : '';
      const dots = argument.variadic ? '…' : '';
      const name = argument.required ? `<${argument.name()}${dots}>` : `[${argument.name()}${dots}]`;
      return [`\`${name}\``, `${argument.description}${choices}`];
    }),
  );
}

function optionTable(options: readonly Option[]): string {
  const shown = options.filter((option) => !option.hidden);
  return table(
    ['option', 'meaning'],
    shown.map((option) => {
      const choices = option.argChoices ? ` (${option.argChoices.join(', ')})` : '';
      return [`\`${option.flags}\``, `${option.description}${choices}`];
    }),
  );
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}
