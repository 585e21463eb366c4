import type { Command } from 'commander';
import { containsIp, parseCidrMasked, parseIp } from '../../core/addr.ts';
import type { CallOptions, Ipam } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import type { TakenInventory } from '../../ipam/upkeep/api.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Checked, checkText, problemsOf } from '../check/check-text.ts';
import { reportText } from '../check/report.ts';
import { Tally } from '../check/tally.ts';
import { usersOf } from '../check/users.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal } from '../errors.ts';
import { type EvidenceOptions, evidenceOptions, evidenceTaker, hasEvidence, requireConsistent } from '../evidence/evidence.ts';
import { noteUnreadable, printResult } from '../output.ts';
import { startProgress } from '../progress.ts';
import { scanProgress } from '../scan-progress.ts';
import { writeWhole } from '../transfer/files.ts';

/** Milliseconds. What has no date of its own may have been assigned since a list was taken. */
const REPORTED_LIST_AGE_MAX_MS = 5 * 60_000;

/** Errors of a look at one address that nobody is known to hold. */
const NOT_HELD: ReadonlySet<string> = new Set(['not-found', 'address-cooling', 'corrupt-value']);

interface Options extends EvidenceOptions {
  readonly showAllIps?: true;
  readonly showProblemIps?: true;
  readonly exitCode?: true;
}

/** `plat ipam check`. */
export function define(command: Command, cli: Cli): void {
  evidenceOptions(
    command
      .option('--show-all-ips', 'list every address that is allocated or in use')
      .option('--show-problem-ips', 'list every address that something is wrong with')
      .option('--exit-code', 'exit with 1 when there are problems')
      .option('-o, --output <format>', 'an output format, or a file for a report that release --from-report takes'),
  )
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => check(cli, options));
}

const EXAMPLES = `
Reads everything at one revision of the store and locks nothing; who is alive is asked after that revision is fixed, so that what is
assigned meanwhile is not judged. Says for each inconsistency what is wrong, what it means, and
what plat ipam repair does about it. Which addresses are leaked can only be told with evidence of what is alive; with files,
--evidence-is-complete says that they name everything, which a list does not tell by itself.

Examples:
  plat ipam check
  plat ipam check --show-problem-ips --kubeconfig admin.conf -o report.json
  kubectl get pods -A -o json | plat ipam check --in-use-from - --evidence-is-complete
  plat ipam check -o json`;

async function check(cli: Cli, options: Options): Promise<void> {
  requireConsistent(options);
  const checked = await withIpam(cli, (ipam, { clock }) => run(cli, ipam, clock, options));
  const problems = problemsOf(checked);
  const { report, addresses, candidates } = checked.observation;
  await printResult(cli, {
    value: {
      kind: 'IPAMCheck',
      revision: report.revision,
      problems,
      counts: report.counts,
      addresses: checked.hasEvidence ? addresses : null,
      leaked: checked.hasEvidence ? candidates.leaked : null,
      inUseOutsidePools: checked.outside,
      inUseUnallocated: checked.unallocated,
      findings: report.findings,
    },
    text: () => checkText(checked),
  });
  if (options.exitCode && problems > 0) {
    throw new Refusal('problems-found', `the check found ${problems} problem(s). See what can be mended: plat ipam repair --dry-run`, {
      problems,
    });
  }
}

async function run(cli: Cli, ipam: Ipam, clock: Clock, options: Options): Promise<Checked> {
  const { output } = cli.globals();
  const call = cli.call();
  const onCorrupt = noteUnreadable(cli, 'the check goes on without it');
  const [pools, nodes] = [await ipam.pools.list({ ...call, onCorrupt }), await ipam.nodes.list({ ...call, onCorrupt })];
  const showAllIps = options.showAllIps === true;
  const showProblemIps = showAllIps || options.showProblemIps === true;
  const reports = output.kind === 'file';
  const take = evidenceTaker(cli, options, { clock });
  let users = usersOf({}, nodes);
  let tally = new Tally({ users, showAllIps, showProblemIps, reports });
  const takeInventory = async (): Promise<TakenInventory> => {
    const { inventory, takenAtMs, listedAtMs } = await take();
    if (reports && listedAtMs !== undefined) refuseOld(listedAtMs, Number(clock.nowNs() / 1_000_000n));
    users = usersOf(inventory, nodes);
    tally = new Tally({ users, showAllIps, showProblemIps, reports });
    return { inventory, evidenceAtMs: takenAtMs, ...(listedAtMs !== undefined && { listedAtMs }) };
  };
  const progress = startProgress(cli.terminal, 'reading');
  let observation: Checked['observation'];
  try {
    observation = await ipam.observe({
      ...call,
      takeInventory,
      onBlock: (block, verdicts) => tally.addBlock(block, verdicts),
      onProgress: scanProgress(progress),
    });
  } finally {
    progress.end();
  }
  tally.finish(observation.candidates.leaked);
  if (output.kind === 'file') {
    const cluster = await ipam.clusterInformation(call);
    await writeWhole(output.path, reportText({ cluster, tally, observation }));
  }
  const activePools = pools.filter(({ spec }) => !spec.disabled).map(({ spec }) => spec.cidr);
  const isActive = (ip: string) => activePools.some((network) => isIn(network, ip));
  return {
    observation,
    tally,
    users,
    activePools,
    outside: [...users.byIp.keys()].filter((ip) => !isActive(ip)),
    unallocated: await stillUnallocated(ipam, [...tally.unallocated].filter(isActive), call),
    hasEvidence: hasEvidence(options),
    showAllIps,
    showProblemIps,
  };
}

/** Whoever came while it was asked who lives was assigned after the revision that was read. */
async function stillUnallocated(ipam: Ipam, ips: readonly string[], call: CallOptions): Promise<readonly string[]> {
  const still: string[] = [];
  for (const ip of ips) {
    const isHeld = await ipam.getAssignmentAttributes({ ip, ...call }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof IpamError && NOT_HELD.has(error.code)) return false;
        throw error;
      },
    );
    if (!isHeld) still.push(ip);
  }
  return still;
}

function refuseOld(listedAtMs: number, nowMs: number): void {
  const ageMs = nowMs - listedAtMs;
  if (ageMs <= REPORTED_LIST_AGE_MAX_MS) return;
  throw new Refusal(
    'old-evidence',
    `the list of what is alive is ${Math.floor(ageMs / 60_000)} minutes old, and a report that release --from-report takes may not be made by one of more than ${REPORTED_LIST_AGE_MAX_MS / 60_000}: what was assigned since would look leaked. No report was written. Take the list anew, and check at once.`,
    { listedAtMs },
  );
}

function isIn(network: string, text: string): boolean {
  const cidr = parseCidrMasked(network);
  const ip = parseIp(text);
  return cidr !== undefined && ip !== undefined && containsIp(cidr, ip);
}
