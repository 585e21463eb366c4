import type { Command } from 'commander';
import { Option } from 'commander';
import { checkAddress } from '../address-argument.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { collectList } from '../options.ts';
import { printResult, type Result } from '../output.ts';
import { countOf } from '../quantity.ts';

interface Options {
  readonly ip?: readonly string[];
  readonly handle?: string;
  readonly fromReport?: readonly string[];
  readonly force?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

/** `plat ipam release`. */
export function define(command: Command, cli: Cli): void {
  command
    .addOption(
      new Option('--ip <address>', 'an address, whoever holds it; may be repeated')
        .argParser(collectList)
        .conflicts(['handle', 'fromReport']),
    )
    .addOption(new Option('--handle <id>', 'everything this handle holds').conflicts('fromReport'))
    .addOption(
      new Option(
        '--from-report <file>',
        'what a report of plat or calicoctl ipam check calls leaked; of several, what all call so',
      ).argParser(collectList),
    )
    .option('--force', 'with --from-report: do not ask (as calicoctl: without a locked data store)')
    .option('--dry-run', 'with --from-report: say what would be released, and do nothing')
    .option('-y, --yes', 'with --from-report: do not ask; needed where nobody can be asked')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => release(cli, options));
}

const EXAMPLES = `
Releasing a handle that holds nothing changes nothing and is no error: a repeated release finds it done. An address that nobody
holds is told, with exit code 1 when it was the only one.

From a report exactly the assignments are released that it names, by handle and sequence number, and handles that have not
changed since: no lock is needed, and an old report does no harm. A report of another cluster is refused.

Examples:
  plat ipam release --handle pod-a
  plat ipam release --ip 10.244.0.10 --ip 10.244.0.11
  plat ipam check --kubeconfig admin.conf -o report.json
  plat ipam release --from-report report.json --dry-run
  plat ipam release --from-report report.json --yes`;

async function release(cli: Cli, options: Options): Promise<void> {
  const { ip, handle, fromReport } = options;
  if (fromReport !== undefined) {
    const { releaseReports } = await import('../check/release-reports.ts');
    return releaseReports(cli, fromReport, options.force ? { ...options, yes: true } : options);
  }
  if (options.force || options.dryRun || options.yes) throw new UsageError('--force, --dry-run and --yes belong to --from-report FILE.');
  if (handle !== undefined) return printResult(cli, await releaseHandle(cli, handle));
  if (ip !== undefined) return printResult(cli, await releaseAddresses(cli, ip));
  throw new UsageError('nothing was named. Give --ip ADDRESS, once or more, or --handle ID, or --from-report FILE.');
}

async function releaseHandle(cli: Cli, handle: string): Promise<Result> {
  const { found, released } = await withIpam(cli, (ipam) => ipam.releaseByHandle({ handle, ...cli.call() }));
  return {
    value: { handle, found, released },
    text: () =>
      found
        ? [...released.map(releasedText), `${countOf(released.length, 'address', 'addresses')} of handle '${handle}' released`].join('\n')
        : `handle '${handle}' holds nothing`,
  };
}

async function releaseAddresses(cli: Cli, ips: readonly string[]): Promise<Result> {
  for (const ip of ips) checkAddress(ip);
  const request = { ips: ips.map((ip) => ({ ip })), ...cli.call() };
  const { released, unallocated } = await withIpam(cli, (ipam) => ipam.releaseIps(request));
  const free = new Set(unallocated);
  const [first] = unallocated;
  if (first !== undefined && ips.every((ip) => free.has(ip))) {
    throw new Refusal('not-found', `IP address ${ips.join(', ')} is not assigned. See what is known of it: plat why ${first}`, {
      unallocated,
    });
  }
  return {
    value: { released: released.filter((ip) => !free.has(ip)), unallocated },
    text: () => ips.map((ip) => (free.has(ip) ? `${ip} is not assigned` : releasedText(ip))).join('\n'),
  };
}

function releasedText(ip: string): string {
  return `Successfully released IP address ${ip}`;
}
