/** The results as Markdown. */
import type { Check } from './checks.ts';
import { ASSIGN_LATENCY, ASSIGN_THROUGHPUT, RELEASE_LATENCY } from './figures.ts';
import type { AtNodes, Design } from './latency.ts';
import type { LmdbResults } from './lmdb.ts';
import type { Measured } from './request-bench.ts';
import type { Series } from './rounds.ts';
import { table } from './table.ts';

/** Where it was measured, without names. */
export interface Machine {
  readonly date: string;
  readonly system: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly etcd: string;
  /** Average number of processes that wanted to run, over the minute before the start. */
  readonly load: number;
}

export interface Results {
  readonly machine: Machine;
  readonly requests: readonly Measured[];
  readonly latency: readonly AtNodes[];
  readonly lmdb: LmdbResults;
  readonly checks: readonly Check[];
}

export function report({ machine, requests, latency, lmdb, checks }: Results): string {
  return [
    '# Benchmarks',
    `Written by \`npm run bench\` on ${machine.date}, which starts an etcd of its own and ends with an error when a target is missed.`,
    machineText(machine),
    '## Targets',
    table(
      ['target', 'wanted', 'measured', ''],
      checks.map(({ what, target, measured, met }) => [what, target, measured, met ? 'reached' : '**missed**']),
    ),
    '## Requests and bytes',
    REQUESTS_TEXT,
    requestTable(requests),
    '## Latency and throughput over etcd',
    LATENCY_TEXT,
    latencyTable(latency),
    '## LMDB',
    LMDB_TEXT,
    lmdbTable(lmdb),
    '## How to repeat it',
    REPEAT_TEXT,
  ].join('\n\n');
}

function machineText({ system, cores, memoryGiB, node, etcd, load }: Machine): string {
  return (
    `Machine: ${system}, ${cores} cores, ${memoryGiB} GiB; Node ${node}; one etcd member, version ${etcd}, on the same machine and disk. ` +
    `Load average before the start: ${load.toFixed(1)}; well above 0 means that other work took part of the time, so read ratios rather than milliseconds.`
  );
}

const REQUESTS_TEXT = `Counted by etcd itself (\`grpc_server_handled_total\` and the bytes of its gRPC messages), as differences around one call.
Blocks are /26; each node held 10 pods before, with handles and metadata as the CNI plugin writes them. *New process* has read nothing before. For new
blocks: the worst of 24 nodes that claim their first, and the median in brackets; the others' blocks are full, 20 KB each. Calico: its
library of August 2026, measured the same way.`;

const LATENCY_TEXT = `A raw transaction compares the mod revision of one key, puts 3 KB there and 30 bytes elsewhere, sent through the same client
class from the same process. Nodes assign to 16 pods one after the other, then release them, all nodes at once, so that blocks hold 8 pods on average. Raw
transactions and plat take turns, round after round; ratios are medians over rounds of what was measured side by side. Client and etcd share
the machine's cores, so throughput says how much work an operation is, for both. *Client CPU* is what the Node process spent.`;

const LMDB_TEXT = `Every answered call is on the disk. The raw transaction writes the same sizes through the lmdb package, one after the other. Callers that wait
for the disk at the same time share a transaction.`;

const REPEAT_TEXT = `\`npm run bench\` takes several minutes and rewrites this file; \`npm run bench -- --quick\` measures little in a few seconds, prints instead of
writing, and judges only requests and bytes. \`--out FILE\` writes elsewhere. \`PLAT_TEST_ETCD=PATH\` names another etcd. What each number is made from
is in \`bench/requests.ts\`, \`bench/claims.ts\`, \`bench/latency.ts\` and \`bench/lmdb.ts\`.
`;

function requestTable(measured: readonly Measured[]): string {
  return table(
    ['operation', 'requests', 'received', 'sent', 'Calico', 'budget'],
    measured.map(({ operation: { title, calico, budget }, cost, typical }) => {
      const both = (worst: string, median: string) => (worst === median ? worst : `${worst} (${median})`);
      const limits = [
        ...(budget.requests === undefined ? [] : [`${budget.requests}`]),
        ...(budget.receivedBytes === undefined ? [] : [bytes(budget.receivedBytes)]),
      ];
      return [
        title,
        both(`${cost.requests}`, `${typical.requests}`),
        both(bytes(cost.receivedBytes), bytes(typical.receivedBytes)),
        both(bytes(cost.sentBytes), bytes(typical.sentBytes)),
        calico,
        limits.join(', '),
      ];
    }),
  );
}

const DESIGNS: Readonly<Record<Design, string>> = {
  own: 'a library object per node',
  shared: 'one library object',
  anew: 'a library object per call',
};

function latencyTable(results: readonly AtNodes[]): string {
  const rows = results.flatMap(({ nodes, raw, designs }) => [
    [`${nodes}`, 'raw transaction', ...figures(raw), '1', '1', ''],
    ...[...designs].flatMap(([design, { assign, release }]) => [
      [`${nodes}`, `assign, ${DESIGNS[design]}`, ...figures(assign), ...ratios(assign, raw), design === 'own' ? calicoAssign(nodes) : ''],
      [
        `${nodes}`,
        `release, ${DESIGNS[design]}`,
        ...figures(release),
        ...ratios(release, raw),
        design === 'own' ? calicoRelease(nodes) : '',
      ],
    ]),
  ]);
  return table(
    ['nodes', 'operation', 'p50 ms', 'p99 ms', 'per second', 'client CPU µs', 'p50 ÷ raw', 'per second ÷ raw', 'Calico ÷ raw'],
    rows,
  );
}

function calicoAssign(nodes: number): string {
  const throughput = ASSIGN_THROUGHPUT.get(nodes)?.calico;
  return [...(nodes === 1 ? [`p50 ${ASSIGN_LATENCY.calico}`] : []), ...(throughput === undefined ? [] : [`per second ${throughput}`])].join(
    ', ',
  );
}

function calicoRelease(nodes: number): string {
  return nodes === 1 ? `p50 ${RELEASE_LATENCY.calico}` : '';
}

function lmdbTable({ raw, atNodes }: LmdbResults): string {
  const row = (callers: number, operation: string, series: Series) => {
    return [`${callers}`, operation, ...figures(series), series.ratio(raw, 'perSecond').toFixed(2)];
  };
  const rows = atNodes.flatMap(({ nodes, assign, release }) => [row(nodes, 'assign', assign), row(nodes, 'release', release)]);
  const head = ['callers', 'operation', 'p50 ms', 'p99 ms', 'per second', 'CPU µs', 'per second ÷ raw'];
  return table(head, [row(1, 'raw transaction', raw), ...rows]);
}

function figures(series: Series): string[] {
  const { p50Ms, p99Ms, perSecond, cpuMicroseconds } = series.summary();
  return [p50Ms.toFixed(2), p99Ms.toFixed(1), Math.round(perSecond).toLocaleString('en'), cpuMicroseconds.toFixed(0)];
}

function ratios(series: Series, raw: Series): string[] {
  return [series.ratio(raw, 'p50Ms').toFixed(2), series.ratio(raw, 'perSecond').toFixed(2)];
}

function bytes(count: number): string {
  return count < 1_024 ? `${count} B` : `${(count / 1_024).toFixed(count < 10_240 ? 1 : 0)} KB`;
}
