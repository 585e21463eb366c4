import type { Command } from 'commander';
import { parseCidrMasked } from '../../core/addr.ts';
import type { Ipam, PoolResource, SplitPoolResult } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { type Cli, withIpam } from '../cli.ts';
import { confirmDestructive, type DestructiveOptions, willAsk } from '../confirm.ts';
import { Refusal } from '../errors.ts';
import { printResult } from '../output.ts';

interface Options extends DestructiveOptions {
  readonly cidr?: string;
  readonly name?: string;
}

/** `plat ipam split`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('<number>', 'into how many: 2, 4, 8, 16, 32 or 64')
    .option('--cidr <cidr>', 'the pool with this network')
    .option('--name <pool>', 'the pool of this name; counts more than --cidr')
    .option('--dry-run', 'check it and say what the parts would be')
    .option('-y, --yes', 'do not ask on a terminal')
    .addHelpText('after', EXAMPLES)
    .action((number: string, options: Options) => split(cli, number, options));
}

const EXAMPLES = `
The parts are copies of the pool but for their networks, and are called split-NAME-0, split-NAME-1 and so on. Blocks and addresses stay
as they are. It happens in one commit: assignments go on meanwhile, and the datastore need not be locked, but may be. On a terminal it
asks, and is refused when the pool changed before the answer; in a pipe it goes on, as calicoctl does.

Examples:
  plat ipam split 4 --name default-ipv4 --dry-run
  plat ipam split 2 --cidr 10.244.0.0/16`;

async function split(cli: Cli, number: string, options: Options): Promise<void> {
  const parts = partsOf(number);
  const { name: given, cidr } = options;
  const dryRun = options.dryRun === true;
  if (given === undefined && cidr === undefined) {
    throw new Refusal(
      'invalid-argument',
      'no name or CIDR provided. Provide a name or CIDR to denote the IP pool to split: --name POOL or --cidr CIDR.',
    );
  }
  const { name, result } = await withIpam(cli, async (ipam) => {
    const name = given ?? (await nameOf(cli, ipam, cidr as string));
    const pool = willAsk(cli, options) ? await ipam.pools.get({ name, ...cli.call() }) : undefined;
    const request = { name, parts, ...(pool && { resourceVersion: pool.resourceVersion }), ...cli.call() };
    if (pool) await confirm(cli, options, pool, await ipam.splitPool({ ...request, dryRun: true }).catch(refused));
    return { name, result: await ipam.splitPool({ ...request, dryRun }).catch(refused) };
  });
  const verb = dryRun ? 'would be' : 'was successfully';
  await printResult(cli, {
    value: { kind: 'Split', pool: name, parts: result.parts, ...(dryRun && { dryRun: true }) },
    text: () =>
      [
        `IP Pool ${name} ${verb} split into ${parts} smaller pools.`,
        ...result.parts.map((part) => `${dryRun ? 'Would create' : 'Created'} ${part.name} with CIDR ${part.cidr}.`),
      ].join('\n'),
  });
}

async function confirm(cli: Cli, options: Options, { name, spec }: PoolResource, { parts }: SplitPoolResult): Promise<void> {
  await confirmDestructive(cli, options, {
    code: 'not-confirmed',
    facts: `IP pool '${name}' (${spec.cidr}) would be replaced by ${parts.length} pools, ${parts[0]?.name} (${parts[0]?.cidr}) and so on.`,
    question: 'Split it?',
    instead: 'See all of them with --dry-run.',
    unattended: 'go on',
  });
}

/** Also with exit code 1. */
function refused(error: unknown): never {
  if (error instanceof IpamError && error.code === 'invalid-argument') throw new Refusal(error.code, error.message, error.details);
  throw error;
}

/** Calicoctl refuses it with exit code 1, as everything. */
function partsOf(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  const message = `error reading number to split IP pools into. ${text} is not a valid number: expected is a power of 2, such as plat ipam split 4 --name POOL`;
  throw new Refusal('invalid-argument', message, { number: text });
}

async function nameOf(cli: Cli, ipam: Ipam, cidr: string): Promise<string> {
  const wanted = parseCidrMasked(cidr)?.text ?? cidr;
  const pools = await ipam.pools.list(cli.call());
  const pool = pools.find(({ spec }) => (parseCidrMasked(spec.cidr)?.text ?? spec.cidr) === wanted);
  if (pool) return pool.name;
  throw new Refusal('not-found', `unable to find IP pool covering the specified CIDR ${cidr}. List them with: plat get ippools`, { cidr });
}
