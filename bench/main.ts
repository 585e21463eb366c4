/** Entry point of `npm run bench`. */
import { readFile, writeFile } from 'node:fs/promises';
import { arch, availableParallelism, loadavg, totalmem, type } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findEtcdBinary } from '../test/support/etcd-binary.ts';
import { startServers } from '../test/support/etcd-server.ts';
import { latencyChecks, lmdbChecks, requestChecks } from './checks.ts';
import { measureClaims } from './claims.ts';
import { type Claims, CONTIGUOUS_CLAIMS, CROWDED_CLAIMS, ROOMY_CLAIMS } from './figures.ts';
import { type Effort, measureLatency } from './latency.ts';
import { measureLmdb } from './lmdb.ts';
import { report } from './report.ts';
import { measureRequests } from './requests.ts';
import { sectionsOf, withSection } from './section.ts';

const DOCUMENT = resolve(import.meta.dirname, '../docs/benchmarks.md');

interface Scope {
  readonly nodeCounts: readonly number[];
  readonly claims: readonly Claims[];
  readonly etcd: Effort;
  readonly lmdb: Effort;
}

const FULL: Scope = {
  nodeCounts: [1, 8, 64],
  claims: [ROOMY_CLAIMS, CROWDED_CLAIMS, CONTIGUOUS_CLAIMS],
  etcd: { rounds: 7, operationsPerRound: 400 },
  lmdb: { rounds: 7, operationsPerRound: 1_000 },
};
const QUICK: Scope = {
  nodeCounts: [1, 8],
  claims: [{ ...ROOMY_CLAIMS, foreignCounts: [0, 100] }],
  etcd: { rounds: 1, operationsPerRound: 16 },
  lmdb: { rounds: 1, operationsPerRound: 16 },
};

const HELP = `Usage: npm run bench -- [--quick] [--out FILE]

Measures requests, bytes and times on an etcd that it starts itself, and on LMDB, beside raw transactions in the same run.
Writes docs/benchmarks.md, or FILE. --quick measures little and prints instead.
Exit code 1: a target was missed.
`;

/** The exit code: 1 when a target is missed. */
async function main(args: readonly string[]): Promise<number> {
  const options = { quick: { type: 'boolean', default: false }, out: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const scope = values.quick ? QUICK : FULL;
  const [load = 0] = loadavg();
  const binary = await findEtcdBinary();
  /** Each part has an etcd of its own, so that none finds what another left. */
  const onEtcd = async <T>(what: string, measure: (endpoint: string) => Promise<T>): Promise<T> => {
    process.stderr.write(`bench: ${what}\n`);
    const { endpoints, stop } = await startServers(binary);
    try {
      return await measure(endpoints[0] ?? '');
    } finally {
      await stop();
    }
  };

  const requests = await onEtcd('requests', measureRequests);
  for (const claims of scope.claims) {
    const what = `claims, up to ${Math.max(...claims.foreignCounts)} blocks of others in ${claims.pool}`;
    requests.push(...(await onEtcd(what, (endpoint) => measureClaims(endpoint, claims))));
  }
  const latency = await onEtcd('latency over etcd', (endpoint) => measureLatency(endpoint, scope.nodeCounts, scope.etcd));
  process.stderr.write('bench: LMDB\n');
  const lmdb = await measureLmdb(scope.nodeCounts, scope.lmdb);

  // A quick run is too short to judge times by.
  const checks = [...requestChecks(requests), ...(values.quick ? [] : [...latencyChecks(latency), ...lmdbChecks(lmdb)])];
  const machine = {
    date: new Date().toISOString().slice(0, 10),
    system: `${type()} ${arch()}`,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    etcd: binary.version,
    load,
  };
  const text = report({ machine, requests, latency, lmdb, checks });
  const out = values.out ?? (values.quick ? undefined : DOCUMENT);
  if (out === undefined) process.stdout.write(text);
  else await writeFile(out, await withOtherSections(text));
  const missed = checks.filter(({ met }) => !met);
  for (const { what, target, measured } of missed) process.stderr.write(`bench: missed: ${what}: ${measured}; wanted ${target}\n`);
  return missed.length > 0 ? 1 : 0;
}

/** What `npm run bench:cni` and `npm run bench:upkeep` wrote stays. */
async function withOtherSections(text: string): Promise<string> {
  return sectionsOf(await readFile(DOCUMENT, 'utf8').catch(() => '')).reduce(withSection, text);
}

// Ends the etcd that was started, too, which a signal alone would leave behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
