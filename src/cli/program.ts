/** The command line made of the grammar: only the named branch is loaded; how a run of it ends. */
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { Terminal } from './cli.ts';
import { EXIT_OK, failureOf } from './errors.ts';
import type { OutputShape } from './format/output-shape.ts';
import { toJson } from './output.ts';
import { expandKindWords, takesValue } from './resources/words.ts';
import { Run } from './run.ts';
import type { GlobalFlags } from './settings/settings.ts';
import { type Branch, COMMANDS, wordsOf } from './tree.ts';

/** What a shell's completion calls: the words of the line follow, the last one being typed. */
const COMPLETE = '__complete';

/** Runs one command line (without the program's name) and gives the exit code; nothing is thrown. */
export async function runCli(line: readonly string[], terminal: Terminal): Promise<number> {
  const args = expandKindWords(line);
  const run = new Run(terminal);
  try {
    if (args[0] === COMPLETE) {
      const { complete } = await import('./completion/complete.ts');
      terminal.write(await complete(await buildProgram(args.slice(1), run), args.slice(1), run));
      return EXIT_OK;
    }
    const program = await buildProgram(args, run);
    // Commander's own help command does not reach below the first level.
    const [first, ...rest] = args;
    await program.parseAsync(first === 'help' ? [...rest, '--help'] : args, { from: 'user' });
    return EXIT_OK;
  } catch (error) {
    const { code, message, details, exitCode } = failureOf(
      error,
      ['plat', ...namedPath(args), '--help'].join(' '),
      terminal.signal.aborted,
    );
    if (message === undefined) return exitCode;
    const told = run.wantsJson || wantsJson(args) ? toJson({ error: { code, message, details } }) : `plat: ${message}`;
    // On a full disk LMDB itself writes to stderr, without a line break at its end.
    terminal.note(code === 'store-full' ? `\n${told}` : told);
    return exitCode;
  }
}

/** The commands named, up to the first word that is none. */
function namedPath(args: readonly string[]): readonly string[] {
  const path: string[] = [];
  let branches = COMMANDS;
  for (const [index, arg] of args.entries()) {
    if (arg.startsWith('-') || takesValue(args[index - 1] ?? '')) continue;
    const branch = branches.find((candidate) => wordsOf(candidate).includes(arg));
    if (!branch) break;
    path.push(branch.name);
    branches = branch.commands ?? [];
  }
  return path;
}

/** Also right when the rest of the line could not be parsed. */
function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => /^(-o=?|--output=)json$/i.test(arg) || (/^(-o|--output)$/.test(args[index - 1] ?? '') && /^json$/i.test(arg)),
  );
}

/** The program with what `args` name loaded; `all`: every command, for the documentation. */
export async function buildProgram(args: readonly string[] | 'all', run: Run): Promise<Command> {
  const program = new Command('plat')
    .description('Addresses for the nodes of a cluster: pools are cut into blocks, a block belongs to a node.')
    .version(await packageVersion(), '-V, --version', 'print the version')
    .option('--store <url>', STORE_HELP)
    .option('--timeout <duration>', 'time that one call may take, such as 500ms, 30s, 2m (default: PLAT_TIMEOUT, else 30s)')
    .option('--log-level <level>', 'debug, info, warn, error or silent: JSON lines on stderr (default: PLAT_LOG, else silent)')
    .option('-c, --config <file>', CONFIG_HELP)
    .option('-o, --output <format>', OUTPUT_HELP)
    .addOption(new Option('--allow-version-mismatch').hideHelp())
    .addHelpText('after', PROGRAM_EXAMPLES);
  configure(program, run.terminal);
  const shapes = new Map<Command, OutputShape>();
  program.hook('preAction', (_program, command) => run.settle(program.opts<GlobalFlags>(), takesOutputFile(command), shapes.get(command)));
  await addCommands(program, COMMANDS, args, { run, shapes });
  return program;
}

/** A command that declares `-o` itself writes a file where no format is named, as `calicoctl ipam check -o FILE` does. */
function takesOutputFile(command: Command): boolean {
  return command.options.some(({ long }) => long === '--output');
}

const STORE_HELP =
  'etcd://HOST:PORT,… or etcds://… or lmdb:PATH (default: PLAT_STORE, else the configuration file, else the etcd at ETCD_ENDPOINTS or of ' +
  'DATASTORE_TYPE=etcdv3, else a folder of the user). etcd:// alone takes ETCD_ENDPOINTS; ' +
  'every etcd ETCD_CA_CERT_FILE, ETCD_CERT_FILE, ETCD_KEY_FILE, ETCD_USERNAME and ETCD_PASSWORD';

const CONFIG_HELP =
  'settings as YAML, or a calicoctl.cfg (default: PLAT_CONFIG, else ~/.config/plat/config.yaml, else /etc/plat/config.yaml)';

const OUTPUT_HELP =
  'table, wide, json, yaml, name, jsonpath=TEMPLATE or custom-columns=HEADING:.path,… (default: PLAT_OUTPUT where the command has that format, else table)';

const PROGRAM_EXAMPLES = `
Examples:
  plat demo                                              see it work, in a store of its own
  plat create ippool default-ipv4 --cidr 10.244.0.0/16
  plat ipam auto-assign --host worker-1 --handle pod-a
  plat ipam show --show-blocks
  plat ipam release --handle pod-a

Exit codes: 0 done, 1 refused or failed, 2 the command line or a setting is wrong, 130 interrupted. A file that cannot be read is 1, and
so is the answer no of why-not. For scripts made for calicoctl, --allow-version-mismatch is taken, without effect: no versions are compared.`;

interface Building {
  readonly run: Run;
  /** What the loaded commands give. */
  readonly shapes: Map<Command, OutputShape>;
}

async function addCommands(
  parent: Command,
  branches: readonly Branch[],
  args: readonly string[] | 'all',
  building: Building,
): Promise<void> {
  for (const branch of branches) {
    const { name, aliases = [], summary, examples } = branch;
    const command = parent.command(name).summary(summary).description(sentence(summary)).aliases(aliases);
    // A word that only looks like a command loads a module too many, nothing worse.
    if (args !== 'all' && !wordsOf(branch).some((word) => args.includes(word))) continue;
    // A group's own settings must not become those of the commands below it: these come first.
    if (branch.commands) await addCommands(command, branch.commands, args, building);
    if (branch.load) {
      const { define, gives } = await branch.load();
      define(command, building.run);
      if (gives) building.shapes.set(command, gives);
    }
    if (examples) command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  plat ${example}`).join('\n')}`);
  }
}

/** Errors are thrown, not printed; sub-commands inherit this. */
function configure(program: Command, terminal: Terminal): void {
  program
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
      outputError: () => {},
      getOutHelpWidth: () => terminal.columns ?? 100,
      getErrHelpWidth: () => terminal.columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: true })
    .helpCommand('help [command]', 'show help for a command');
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
