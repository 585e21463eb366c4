import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { containsIp, parseCidrMasked, parseIp } from '../../core/addr.ts';
import type { Ipam } from '../../ipam/api.ts';
import { type Checked, checkText, problemsOf } from '../check/check-text.ts';
import { reportText } from '../check/report.ts';
import { Tally } from '../check/tally.ts';
import { usersOf } from '../check/users.ts';
import { type Cli, withIpam } from '../cli.ts';
import { Refusal } from '../errors.ts';
import { type EvidenceOptions, evidenceOptions, hasEvidence, takeEvidence } from '../evidence/evidence.ts';
import { noteUnreadable, printResult } from '../output.ts';
import { startProgress } from '../progress.ts';
import { scanProgress } from '../scan-progress.ts';

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
Reads everything at one revision of the store and locks nothing. Says for each inconsistency what is wrong, what it means, and
what plat ipam repair does about it. Which addresses are leaked can only be told with evidence of what is alive; with files,
--evidence-is-complete says that they name everything, which a list does not tell by itself.

Examples:
  plat ipam check
  plat ipam check --show-problem-ips --kubeconfig admin.conf -o report.json
  kubectl get pods -A -o json | plat ipam check --in-use-from - --evidence-is-complete
  plat ipam check -o json`;

async function check(cli: Cli, options: Options): Promise<void> {
  const checked = await withIpam(cli, async (ipam, { clock }) => {
    const evidence = await takeEvidence(cli, options, { clock });
    return run(cli, ipam, options, evidence);
  });
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

async function run(
  cli: Cli,
  ipam: Ipam,
  options: Options,
  { inventory, takenAtMs }: Awaited<ReturnType<typeof takeEvidence>>,
): Promise<Checked> {
  const { output } = cli.globals();
  const call = cli.call();
  const onCorrupt = noteUnreadable(cli, 'the check goes on without it');
  const [pools, nodes] = [await ipam.pools.list({ ...call, onCorrupt }), await ipam.nodes.list({ ...call, onCorrupt })];
  const users = usersOf(inventory, nodes);
  const showAllIps = options.showAllIps === true;
  const showProblemIps = showAllIps || options.showProblemIps === true;
  const newTally = () => new Tally({ users, showAllIps, showProblemIps, reports: output.kind === 'file' });
  let tally = newTally();
  const progress = startProgress(cli.terminal, 'reading');
  let observation: Checked['observation'];
  try {
    observation = await ipam.observe({
      ...call,
      inventory,
      evidenceAtMs: takenAtMs,
      onBegin: () => {
        tally = newTally();
      },
      onBlock: (block, verdicts) => tally.addBlock(block, verdicts),
      onProgress: scanProgress(progress),
    });
  } finally {
    progress.end();
  }
  if (output.kind === 'file') {
    const cluster = await ipam.clusterInformation(call);
    await writeFile(output.path, reportText({ cluster, reported: tally.reported, findings: observation.report.findings }));
  }
  const activePools = pools.filter(({ spec }) => !spec.disabled).map(({ spec }) => spec.cidr);
  const isActive = (ip: string) => activePools.some((network) => isIn(network, ip));
  return {
    observation,
    tally,
    users,
    activePools,
    outside: [...users.byIp.keys()].filter((ip) => !isActive(ip)),
    unallocated: [...tally.unallocated].filter(isActive),
    hasEvidence: hasEvidence(options),
    showAllIps,
    showProblemIps,
  };
}

function isIn(network: string, text: string): boolean {
  const cidr = parseCidrMasked(network);
  const ip = parseIp(text);
  return cidr !== undefined && ip !== undefined && containsIp(cidr, ip);
}
