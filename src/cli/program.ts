/** The command line: its grammar as a tree, of which only the named branch is loaded, and how a run of it ends. */
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { type Cli, type GlobalOptions, OUTPUT_FORMATS, type Terminal } from './cli.ts';
import { EXIT_OK, failureOf } from './errors.ts';
import { parseOneOf } from './options.ts';
import { toJson } from './output.ts';

/** A command module: gives `command` its options, help and action. */
export interface CommandModule {
  define(command: Command, cli: Cli): void;
}

interface Branch {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly examples?: readonly string[];
  readonly commands?: readonly Branch[];
  readonly load?: () => Promise<CommandModule>;
}

const IPPOOL = { name: 'ippool', aliases: ['ippools', 'pool', 'pools'] };
const NODE = { name: 'node', aliases: ['nodes'] };

const COMMANDS: readonly Branch[] = [
  {
    name: 'create',
    summary: 'create an IP pool or a node',
    examples: ['create ippool default-ipv4 --cidr 10.244.0.0/16', 'create node worker-1 --label rack=r1'],
    commands: [
      { ...IPPOOL, summary: 'create an IP pool', load: () => import('./commands/create-ippool.ts') },
      { ...NODE, summary: 'create a node', load: () => import('./commands/create-node.ts') },
    ],
  },
  {
    name: 'get',
    summary: 'show IP pools or nodes',
    examples: ['get ippools', 'get node worker-1 -o yaml'],
    commands: [
      { ...IPPOOL, summary: 'show one IP pool, or all', load: () => import('./commands/get-ippool.ts') },
      { ...NODE, summary: 'show one node, or all', load: () => import('./commands/get-node.ts') },
    ],
  },
  {
    name: 'delete',
    summary: 'delete an IP pool or a node',
    examples: ['delete ippool default-ipv4', 'delete node worker-1'],
    commands: [
      { ...IPPOOL, summary: 'delete an IP pool', load: () => import('./commands/delete-ippool.ts') },
      { ...NODE, summary: 'delete a node and give up its blocks', load: () => import('./commands/delete-node.ts') },
    ],
  },
  {
    name: 'ipam',
    summary: 'assign, release and look at addresses',
    examples: ['ipam auto-assign --host worker-1 --handle pod-a', 'ipam show --show-blocks', 'ipam release --handle pod-a'],
    commands: [
      { name: 'assign', summary: 'assign a certain address', load: () => import('./commands/ipam-assign.ts') },
      { name: 'auto-assign', summary: 'assign the next free addresses', load: () => import('./commands/ipam-auto-assign.ts') },
      { name: 'release', summary: 'release addresses', load: () => import('./commands/ipam-release.ts') },
      { name: 'show', summary: 'show pools, blocks and addresses in use', load: () => import('./commands/ipam-show.ts') },
    ],
  },
  {
    name: 'cni',
    summary: 'install the CNI plugin on this node, or remove it',
    examples: ['cni install --conf /etc/cni/net.d/10-calico.conflist', 'cni uninstall --conf /etc/cni/net.d/10-calico.conflist'],
    commands: [
      {
        name: 'install',
        summary: 'put the plugin and its network configuration in place',
        load: () => import('./commands/cni-install.ts'),
      },
      { name: 'uninstall', summary: 'put back what was there before', load: () => import('./commands/cni-uninstall.ts') },
    ],
  },
  { name: 'demo', summary: 'see it work: nodes, pods, and the picture of who holds what', load: () => import('./commands/demo.ts') },
];

/** Runs one command line (without the program's name) and gives the exit code; nothing is thrown. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const program = await buildProgram(args, terminal);
    // Commander's own help command does not reach below the first level.
    const [first, ...rest] = args;
    await program.parseAsync(first === 'help' ? [...rest, '--help'] : args, { from: 'user' });
    return EXIT_OK;
  } catch (error) {
    const { code, message, details, exitCode } = failureOf(error, ['plat', ...namedPath(args), '--help'].join(' '));
    if (message === undefined) return exitCode;
    const told = wantsJson(args) ? toJson({ error: { code, message, details } }) : `plat: ${message}`;
    // On a full disk LMDB itself writes to stderr, without a line break at its end.
    terminal.note(code === 'store-full' ? `\n${told}` : told);
    return exitCode;
  }
}

/** The commands named, as far as they exist. */
function namedPath(args: readonly string[]): readonly string[] {
  const path: string[] = [];
  let branches = COMMANDS;
  for (const arg of args) {
    const branch = branches.find((candidate) => wordsOf(candidate).includes(arg));
    if (!branch) continue;
    path.push(branch.name);
    branches = branch.commands ?? [];
  }
  return path;
}

function wordsOf({ name, aliases = [] }: Branch): readonly string[] {
  return [name, ...aliases];
}

/** Also right when the rest of the line could not be parsed. */
function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => /^(-o|--output=)json$/i.test(arg) || (/^(-o|--output)$/.test(args[index - 1] ?? '') && /^json$/i.test(arg)),
  );
}

async function buildProgram(args: readonly string[], terminal: Terminal): Promise<Command> {
  const program = new Command('plat')
    .description('Addresses for the nodes of a cluster: pools are cut into blocks, a block belongs to a node.')
    .version(await packageVersion(), '-V, --version', 'print the version')
    .option('--store <url>', STORE_HELP)
    .addOption(
      new Option('-o, --output <format>', 'output format').choices(OUTPUT_FORMATS).default('table').argParser(parseOneOf(OUTPUT_FORMATS)),
    )
    .addHelpText('after', PROGRAM_EXAMPLES);
  configure(program, terminal);
  const cli: Cli = { terminal, globals: () => program.opts<GlobalOptions>() };
  await addCommands(program, COMMANDS, args, cli);
  return program;
}

const STORE_HELP =
  'etcd://HOST:PORT,… or etcds://… or lmdb:PATH (default: PLAT_STORE, else a folder of the user). etcd:// alone takes ETCD_ENDPOINTS; ' +
  'every etcd ETCD_CA_CERT_FILE, ETCD_CERT_FILE, ETCD_KEY_FILE, ETCD_USERNAME and ETCD_PASSWORD';

const PROGRAM_EXAMPLES = `
Examples:
  plat demo                                              see it work, in a store of its own
  plat create ippool default-ipv4 --cidr 10.244.0.0/16
  plat ipam auto-assign --host worker-1 --handle pod-a
  plat ipam show --show-blocks
  plat ipam release --handle pod-a

Exit codes: 0 done, 1 refused or failed, 2 the command line is wrong, 130 interrupted.`;

async function addCommands(parent: Command, branches: readonly Branch[], args: readonly string[], cli: Cli): Promise<void> {
  for (const branch of branches) {
    const { name, aliases = [], summary, examples } = branch;
    const command = parent.command(name).summary(summary).description(sentence(summary)).aliases(aliases);
    if (examples) command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  plat ${example}`).join('\n')}`);
    // A word that only looks like a command loads a module too many, nothing worse.
    if (!wordsOf(branch).some((word) => args.includes(word))) continue;
    if (branch.commands) await addCommands(command, branch.commands, args, cli);
    if (branch.load) (await branch.load()).define(command, cli);
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
