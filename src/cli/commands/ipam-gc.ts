import type { Command } from 'commander';
import type { Ipam } from '../../ipam/api.ts';
import type { CollectedRound } from '../../ipam/upkeep/api.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Cli, withIpam } from '../cli.ts';
import { destructiveOptions } from '../confirm.ts';
import { Refusal, UsageError } from '../errors.ts';
import { evidenceOptions, hasEvidence, requireFiles, requireWhole, takeEvidence } from '../evidence/evidence.ts';
import { type SeenLists, withSeen } from '../evidence/seen-lists.ts';
import { collectOnce, type GcOptions } from '../gc/gc-run.ts';
import { type Collection, collectionText, collectionValue } from '../gc/gc-text.ts';
import { maxShareOption } from '../gc/max-share.ts';
import { parseDuration } from '../options.ts';
import { printResult } from '../output.ts';

interface Options extends GcOptions {
  readonly watch?: true;
  readonly interval?: number;
}

const GRACE_MS = 15 * 60_000;

/** `plat ipam gc`. */
export function define(command: Command, cli: Cli): void {
  destructiveOptions(evidenceOptions(command))
    .option(
      '--grace <duration>',
      'how long something must stay unused, seen twice, before it is collected (default: 15m)',
      parseDuration,
      GRACE_MS,
    )
    .addOption(maxShareOption())
    .option('--observation <file>', 'what an earlier run saw, and where this one writes what it sees')
    .option('--watch', 'look and collect again and again; several may run, one of them works')
    .option('--interval <duration>', 'with --watch: time between two looks (default: half of the grace period)', parseDuration)
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => (options.watch ? watch(cli, options) : collect(cli, options)));
}

const EXAMPLES = `
Releases addresses that no living pod or container is behind, gives up blocks of nodes that are gone and empty blocks of nodes that
have another one, and deletes leaked handles. What is alive is told by --kubeconfig, --in-use-from and --nodes-from. Only what two
looks see unused, the grace period apart, is collected, and of that only exactly the assignments that were seen: what was assigned
anew is left alone. Tunnel addresses go with their node; addresses of services and virtual machines, and those without a handle,
are never collected.

Files protect whom they name. That everybody else is gone is believed only with --evidence-is-complete: a list does not tell which
selector or namespace was asked for, and by a part of the pods the others would lose their addresses. Take lists of everything,
without -l, --field-selector, -n or --limit. With files the two looks are two runs with --observation FILE, which the first run
writes, and lists taken anew; the same list or a copy of it is no second look. With --kubeconfig one run takes both looks, and the
lists are whole.

More than --max-share percent of the addresses that are judged is refused whole; up to 10 may go above it, but never more than half.

Examples:
  plat ipam gc --kubeconfig admin.conf --grace 5m --dry-run
  kubectl get --raw /api/v1/pods > pods.json
  plat ipam gc --in-use-from pods.json --evidence-is-complete --observation gc.json --yes
  crictl pods -o json | plat ipam gc --in-use-from - --host worker-1 --evidence-is-complete --observation gc.json --yes
  plat ipam gc --watch --in-cluster --yes`;

async function collect(cli: Cli, options: Options): Promise<void> {
  if (options.interval !== undefined) throw new UsageError('--interval belongs to --watch.');
  const collection = await withIpam(cli, (ipam, { clock }) => collectOnce(cli, ipam, clock, options));
  await printResult(cli, { value: collectionValue(collection), text: () => collectionText(collection) });
  if (collection.result.kind === 'refused') {
    const next = options.dryRun ? '' : ' See what it is about: plat ipam gc --dry-run';
    throw new Refusal('not-collected', `${collection.result.reason}${next}`);
  }
}

async function watch(cli: Cli, options: Options): Promise<void> {
  if (options.observation !== undefined) throw new UsageError('--observation is for single runs; --watch remembers what it saw.');
  if (!hasEvidence(options)) {
    throw new UsageError(
      '--watch needs to be told what is alive. Give --kubeconfig FILE, --in-cluster, or files that are kept up to date.',
    );
  }
  requireWhole(options);
  requireFiles(options);
  if (!options.yes && !options.dryRun) throw new UsageError('--watch asks nobody. Add --yes, or --dry-run to see what it would do.');
  await withIpam(cli, (ipam, { clock }) => watchWith(cli, ipam, clock, options));
}

function watchWith(cli: Cli, ipam: Ipam, clock: Clock, options: Options): Promise<void> {
  const { terminal } = cli;
  let seen: SeenLists = [];
  return ipam.collectRounds({
    signal: terminal.signal,
    name: terminal.hostName,
    intervalMs: options.interval ?? options.grace / 2,
    rules: { graceMs: options.grace, maxSharePercent: options.maxShare, dryRun: options.dryRun === true },
    takeInventory: async (signal) => {
      const { inventory, takenAtMs, lists } = await takeEvidence(cli, options, { clock, seen, signal });
      seen = withSeen(seen, lists);
      return { inventory, evidenceAtMs: takenAtMs };
    },
    onLead: (leads) => terminal.note(leads ? 'plat: this process collects' : 'plat: another process collects; waiting'),
    onRound: (round) => tell(cli, round, options.dryRun === true),
  });
}

function tell(cli: Cli, round: CollectedRound, dryRun: boolean): void {
  if (round.kind === 'failed') {
    const { error } = round;
    cli.terminal.note(`plat: nothing was collected this time: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  const collection: Collection = { ...round, dryRun };
  if (round.result.kind === 'refused') cli.terminal.note(`plat: nothing was collected this time: ${round.result.reason}`);
  printResult(cli, { value: collectionValue(collection), text: () => collectionText(collection) }).catch((error: unknown) =>
    cli.terminal.note(`plat: ${error instanceof Error ? error.message : String(error)}`),
  );
}
