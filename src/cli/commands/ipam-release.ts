import type { Command } from 'commander';
import { Option } from 'commander';
import type { Cli } from '../cli.ts';
import type { DestructiveOptions } from '../confirm.ts';
import { UsageError } from '../errors.ts';
import { maxShareOption } from '../gc/max-share.ts';
import { collectList } from '../options.ts';

interface Options extends DestructiveOptions {
  readonly ip?: readonly string[];
  readonly handle?: string;
  readonly fromReport?: readonly string[];
  readonly force?: true;
  readonly maxShare: number;
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
    .option('--force', 'with --from-report: do not ask, whatever the share (as calicoctl: without a locked data store)')
    .addOption(maxShareOption())
    .option('--dry-run', 'say what would be released, and do nothing')
    .option('-y, --yes', 'do not ask; with --from-report needed where nobody can be asked, unless the data store is locked')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => {
      const isShareGiven = command.getOptionValueSource('maxShare') === 'cli';
      if (isShareGiven && options.fromReport === undefined) throw new UsageError('--max-share belongs to --from-report FILE.');
      return release(cli, options);
    });
}

const EXAMPLES = `
On a terminal it tells who holds what, and asks; what is assigned anew before the answer is left alone. In a pipe --ip and --handle
release at once, as calicoctl does. Releasing a handle that holds nothing changes nothing and is no error: a repeated release finds it
done. An address that nobody holds is told, with exit code 1 when it was the only one.

From a report exactly the assignments are released that it names, by handle and sequence number, and handles that have not
changed since: what was assigned anew is left alone, and no lock is needed. But an assignment that is still the same is released
whatever has become of its pod, so a report is as good as its evidence: take new ones, or two some time apart, of which only what
both call leaked goes. More than --max-share percent of the addresses that a report judges is refused whole, as by plat ipam gc. A
report of another cluster is refused. As with calicoctl, a script needs --force (or --yes) unless the data store is locked.

Examples:
  plat ipam release --handle pod-a
  plat ipam release --ip 10.244.0.10 --ip 10.244.0.11
  plat ipam release --ip 10.244.0.10 --dry-run
  plat ipam check --kubeconfig admin.conf -o report.json
  plat ipam release --from-report report.json --dry-run
  plat ipam release --from-report report.json --yes`;

async function release(cli: Cli, options: Options): Promise<void> {
  const { ip, handle, fromReport, force } = options;
  if (fromReport !== undefined) {
    const { releaseReports } = await import('../check/release-reports.ts');
    return releaseReports(cli, fromReport, force ? { ...options, yes: true, maxShare: 100 } : options);
  }
  if (force) throw new UsageError('--force belongs to --from-report FILE.');
  const { releaseAddresses, releaseHandle } = await import('../release.ts');
  if (handle !== undefined) return releaseHandle(cli, handle, options);
  if (ip !== undefined) return releaseAddresses(cli, ip, options);
  throw new UsageError('nothing was named. Give --ip ADDRESS, once or more, or --handle ID, or --from-report FILE.');
}
