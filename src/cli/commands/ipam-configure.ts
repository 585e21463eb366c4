import { type Command, Option } from 'commander';
import { configViolations } from '../../core/config.ts';
import type { IpamConfigInput } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { printResult } from '../output.ts';
import { changesText, configurationTable } from '../show/configuration.ts';

/** Texts as given: calicoctl's messages about them, and its exit code 1, are part of what scripts know. */
interface Options {
  readonly strictaffinity?: string;
  readonly autoAllocateBlocks?: string;
  readonly maxBlocksPerHost?: string;
  readonly maxblocksperhost?: string;
  readonly kubevirtIpPersistence?: string;
  readonly ipCooldownSeconds?: string;
  readonly dryRun?: true;
}

/** `plat ipam configure`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('[action]', 'show, or set (the default with an option)')
    .option('--strictaffinity <bool>', 'addresses only from blocks of the node that asks')
    .option('--auto-allocate-blocks <bool>', 'nodes may claim new blocks')
    .option('--max-blocks-per-host <number>', 'blocks a node may have; 0: the default of 20, -1: no limit')
    .addOption(new Option('--maxblocksperhost <number>').hideHelp())
    .option('--kubevirt-ip-persistence <mode>', 'Enabled or Disabled')
    .option('--ip-cooldown-seconds <number>', 'how long a released address stays unused, 0 to 1200')
    .option('--dry-run', 'check it and say what would be set')
    .addHelpText('after', EXAMPLES)
    .action((action: string | undefined, options: Options) => configure(cli, action, options));
}

const EXAMPLES = `
Settings that are not named keep their value, also when somebody else changes them at the same time.

Examples:
  plat ipam configure show
  plat ipam configure --strictaffinity=true --max-blocks-per-host=4
  plat ipam configure set --ip-cooldown-seconds 300 --dry-run`;

async function configure(cli: Cli, action: string | undefined, options: Options): Promise<void> {
  if (action !== undefined && action !== 'show' && action !== 'set') throw new UsageError(`'${action}' is neither show nor set.`);
  const change = changeOf(options);
  const isChange = Object.keys(change).length > 0;
  if (action === 'show') {
    if (isChange) throw new UsageError('show takes no setting. Leave it out, or say set.');
    return showConfiguration(cli);
  }
  if (!isChange)
    throw new Refusal('invalid-argument', 'at least one configuration option must be specified. See: plat ipam configure --help');
  const isDryRun = options.dryRun === true;
  await withIpam(
    cli,
    async (ipam) => {
      if (!isDryRun) return ipam.setConfig({ ...change, ...cli.call() });
      const [violation] = configViolations({ ...(await ipam.getConfig(cli.call())), ...change });
      if (!violation) return;
      const message = `the configuration would not be written: ${violation.message}. What is set: plat ipam configure show`;
      throw new Refusal('invalid-resource', message, { violation });
    },
    { create: true },
  );
  await printResult(cli, {
    value: { kind: 'IPAMConfig', name: 'default', set: change, ...(isDryRun && { dryRun: true }) },
    text: () => changesText(change, isDryRun),
  });
}

/** `plat ipam configure show`, and `plat ipam show --show-configuration`. */
export async function showConfiguration(cli: Cli): Promise<void> {
  const config = await withIpam(cli, (ipam) => ipam.getConfig(cli.call()));
  await printResult(cli, { value: { kind: 'IPAMConfig', name: 'default', ...config }, text: () => configurationTable(config) });
}

function changeOf(options: Options): IpamConfigInput {
  const { strictaffinity, autoAllocateBlocks, kubevirtIpPersistence, ipCooldownSeconds } = options;
  const maxBlocksPerHost = options.maxBlocksPerHost ?? options.maxblocksperhost;
  return {
    ...(strictaffinity !== undefined && { strictAffinity: boolean(strictaffinity, 'strictaffinity') }),
    ...(autoAllocateBlocks !== undefined && { autoAllocateBlocks: boolean(autoAllocateBlocks, 'auto-allocate-blocks') }),
    ...(maxBlocksPerHost !== undefined && { maxBlocksPerHost: integer(maxBlocksPerHost, 'maxblockhost. Use a valid number') }),
    ...(kubevirtIpPersistence !== undefined && { kubeVirtVMAddressPersistence: persistence(kubevirtIpPersistence) }),
    ...(ipCooldownSeconds !== undefined && {
      ipCooldownSeconds: integer(ipCooldownSeconds, '--ip-cooldown-seconds. Use a number of seconds between 0 and 1200'),
    }),
  };
}

/** The texts that Go's parser takes. */
const BOOLEANS: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true]),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false]),
]);

function boolean(text: string, setting: string): boolean {
  return BOOLEANS[text] ?? invalid(`Use true or false to set ${setting}`, text);
}

function integer(text: string, what: string): number {
  return /^-?\d{1,9}$/.test(text) ? Number(text) : invalidFor(what, text);
}

function persistence(text: string): 'Enabled' | 'Disabled' {
  return text === 'Enabled' || text === 'Disabled' ? text : invalidFor('--kubevirt-ip-persistence. Use Enabled or Disabled', text);
}

function invalid(advice: string, value: string): never {
  throw new Refusal('invalid-argument', `invalid value. ${advice}.`, { value });
}

function invalidFor(what: string, value: string): never {
  throw new Refusal('invalid-argument', `invalid value for ${what}.`, { value });
}
