/** The output of `ipam check`: calicoctl's sections and sentences first, then what only plat looks for. */
import { NO_WHOLE_LIST } from '../../core/collect/judge.ts';
import { ASSIGNED_SINCE } from '../../core/collect/observation.ts';
import type { Finding, FindingKind, Observation } from '../../ipam/upkeep/api.ts';
import type { Tally } from './tally.ts';
import type { Users } from './users.ts';

export interface Checked {
  readonly observation: Observation;
  readonly tally: Tally;
  readonly users: Users;
  /** Networks of the enabled pools, in name order. */
  readonly activePools: readonly string[];
  /** Users outside all of them, and those inside whose address no block has. */
  readonly outside: readonly string[];
  readonly unallocated: readonly string[];
  readonly hasEvidence: boolean;
  readonly showAllIps: boolean;
  readonly showProblemIps: boolean;
}

/** What calicoctl calls an invalid block. */
const INVALID_BLOCK: ReadonlySet<FindingKind> = new Set([
  'attribute-missing',
  'attribute-unused',
  'ordinal-lost',
  'ordinal-repeated',
  'ordinal-held-and-free',
  'time-in-future',
]);

const TOP_NODES = 20;

/** What a person has to do something about; findings that mend themselves are none. */
export function problemsOf({ observation, outside, unallocated }: Checked): number {
  const findings = observation.report.findings.filter(({ severity }) => severity !== 'info');
  return observation.candidates.leaked.length + outside.length + unallocated.length + findings.length;
}

export function checkText(checked: Checked): string {
  const { observation, tally } = checked;
  const { counts } = observation.report;
  return [
    'Checking IPAM for inconsistencies...',
    '',
    'Loading all IPAM blocks...',
    `Found ${counts.blocks} IPAM blocks.`,
    ...tally.blockLines,
    `IPAM blocks record ${tally.allocations} allocations.`,
    '',
    ...usersText(checked),
    'Loading all handles',
    ...topNodes(tally.byNode),
    '',
    ...usageText(checked),
    '',
    ...findingsText(checked),
    `Check complete; found ${problemsOf(checked)} problems.`,
  ].join('\n');
}

function usersText({ users, activePools, showAllIps }: Checked): string[] {
  const belonging = (prefix: string) =>
    [...users.byIp].flatMap(([ip, names]) =>
      names.filter((name) => showAllIps && name.startsWith(prefix)).map((name) => `  ${ip} belongs to ${name}`),
    );
  return [
    'Loading all IPAM pools...',
    ...activePools.map((cidr) => `  ${cidr}`),
    `Found ${activePools.length} active IP pools.`,
    '',
    'Loading all nodes.',
    ...belonging('Node('),
    `Found ${users.tunnels} node tunnel IPs.`,
    '',
    'Loading all service load balancer IPs.',
    'No configuration for LoadBalancer kubecontroller found, skipping service check',
    '',
    'Loading all workload endpoints.',
    ...belonging('Workload('),
    `Found ${users.workloads} workload IPs.`,
    `Workloads and nodes are using ${users.byIp.size} IPs.`,
    '',
  ];
}

function topNodes(byNode: ReadonlyMap<string, number>): string[] {
  const nodes = [...byNode].toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  const top = nodes.slice(0, TOP_NODES).map(([name, count]) => `  ${name} has ${count} allocations`);
  const median = nodes[Math.floor(nodes.length / 2)]?.[1];
  return [
    `Looking for top (up to ${TOP_NODES}) nodes by allocations...`,
    ...top,
    ...(nodes.length === 0 ? [] : [`Node with most allocations has ${nodes[0]?.[1]}; median is ${median}`]),
  ];
}

function usageText(checked: Checked): string[] {
  const { observation, tally, users, outside, unallocated, hasEvidence, showProblemIps } = checked;
  if (!hasEvidence) {
    return ['Nobody told what is in use (--in-use-from, --nodes-from or --kubeconfig), skipping the scan for leaked IPs.'];
  }
  const shared = [...users.byIp].filter(([, names]) => names.length > 1);
  const of = (ip: string) => users.byIp.get(ip)?.join(' and ') ?? '';
  return [
    'Scanning for IPs that are allocated but not actually in use...',
    ...tally.leakedLines,
    `Found ${observation.candidates.leaked.length} IPs that are allocated in IPAM but not actually in use.`,
    ...partText(checked),
    'Scanning for IPs that are in use by a workload or node but not allocated in IPAM...',
    ...(showProblemIps ? shared.map(([ip]) => `  ${ip} has multiple owners.`) : []),
    ...(showProblemIps ? outside.map((ip) => `  ${ip} in use by ${of(ip)} is not in any active IP pool.`) : []),
    ...unallocated.map((ip) => `  ${ip} in use by ${of(ip)} and in active IPAM pool but has no IPAM allocation.`),
    `Found ${outside.length} in-use IPs that are not in active IP pools.`,
    `Found ${unallocated.length} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.`,
  ];
}

function partText({ observation }: Checked): string[] {
  const isPart = observation.unknownWhy[NO_WHOLE_LIST] ?? 0;
  const isOld = observation.unknownWhy[ASSIGNED_SINCE] ?? 0;
  return [
    ...(isPart === 0
      ? []
      : [
          `${isPart} more are shown in use by no list, but the lists may be a part. If they name everything that lives: --evidence-is-complete`,
        ]),
    ...(isOld === 0 ? [] : [`${isOld} more are shown in use by no list, but were assigned when the lists were taken, or since.`]),
  ];
}

function findingsText({ observation, showAllIps, showProblemIps }: Checked): string[] {
  const { findings, counts } = observation.report;
  const of = (kind: FindingKind) => findings.filter((finding) => finding.kind === kind);
  const [leaked, missing] = [of('handle-leaked'), of('handle-missing')];
  const invalid = findings.filter(isInvalidBlock);
  const others = findings.filter(
    (finding) => finding.kind !== 'handle-leaked' && finding.kind !== 'handle-missing' && !isInvalidBlock(finding),
  );
  const invalidBlocks = new Set(invalid.map(({ subject }) => subject.block));
  return [
    'Scanning for IPAM handles with no matching IPs...',
    ...(showAllIps ? leaked.map(({ subject }) => `  ${subject.handle} doesn't have any active IPs.`) : []),
    `Found ${leaked.length} handles with no matching IPs (and ${counts.handles - leaked.length} handles with matches).`,
    'Scanning for IPs with missing handle...',
    ...(showProblemIps ? missing.map(({ subject }) => `  ${subject.handle} is in use in a block but doesn't exist.`) : []),
    `Found ${missing.length} handles mentioned in blocks with no matching handle resource.`,
    'Validating IPAMBlock structures...',
    ...invalid.map(({ subject, what }) => `  IPAMBlock BlockKey(cidr=${subject.block}) is invalid: ${what}`),
    `Found ${invalidBlocks.size} invalid IPAMBlocks.`,
    ...(others.length === 0
      ? []
      : ['', `Checking everything else at revision ${observation.report.revision}...`, ...others.flatMap(findingText)]),
  ];
}

function isInvalidBlock({ kind, subject }: Finding): boolean {
  return INVALID_BLOCK.has(kind) || (kind === 'corrupt-value' && subject.block !== undefined);
}

/** What is wrong, what it means, and what helps. */
function findingText({ severity, kind, what, means, repair, mendable }: Finding): string[] {
  const help = mendable === 'never' ? `plat ipam repair ${repair}` : `plat ipam repair: ${repair}`;
  return [`  ${severity} ${kind}: ${what}`, `    ${means}`, `    ${help}`];
}
