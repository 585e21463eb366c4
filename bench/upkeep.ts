/** Entry point of `npm run bench:upkeep`: what operators' commands cost on a large cluster in an etcd of its own. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, availableParallelism, loadavg, tmpdir, totalmem, type } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openIpam, openStore } from '../src/index.ts';
import { findEtcdBinary } from '../test/support/etcd-binary.ts';
import { startServers } from '../test/support/etcd-server.ts';
import { type BigCluster, fill, nodeName } from './big-store.ts';
import { costOf } from './etcd-metrics.ts';
import { withSection } from './section.ts';
import { isMissed, type Measured, type Row, upkeepSection } from './upkeep-report.ts';

const DOCUMENT = resolve(import.meta.dirname, '../docs/benchmarks.md');
const FULL: BigCluster = { nodes: 2_000, blocksPerNode: 5, addressesPerBlock: 15 };
const QUICK: BigCluster = { nodes: 20, blocksPerNode: 5, addressesPerBlock: 15 };
const SAMPLE_MS = 50;

const HELP = `Usage: npm run bench:upkeep -- [--quick] [--program FILE]

Times operators' commands of the built program (or of FILE) on 2,000 nodes, 10,000 blocks and 150,000 addresses in an etcd that
it starts itself. Writes its part of docs/benchmarks.md; --quick fills 20 nodes and prints instead. Exit code 1: a target was
missed.
`;

/** The exit code: 1 when a target is missed. */
async function main(args: readonly string[]): Promise<number> {
  const options = {
    quick: { type: 'boolean', default: false },
    program: { type: 'string', default: 'dist/cli/main.js' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const cluster = values.quick ? QUICK : FULL;
  const [load = 0] = loadavg();
  const binary = await findEtcdBinary();
  const { endpoints, stop } = await startServers(binary);
  const folder = await mkdtemp(join(tmpdir(), 'plat-bench-'));
  const endpoint = endpoints[0] ?? '';
  try {
    const store = `etcd://${endpoint}`;
    await prepare(store, cluster);
    const run: Run = (what, line) => measure(endpoint, what, [resolve(values.program), '--store', store, '--timeout', '60s', ...line]);
    const rows = await measureCommands(run, cluster.nodes / 2, folder);
    const machine =
      `Machine: ${type()} ${arch()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.versions.node}; ` +
      `etcd ${binary.version} on the same machine; load average before the start: ${load.toFixed(1)}.`;
    const section = upkeepSection({ cluster, machine, rows });
    if (values.quick) process.stdout.write(`${section}\n`);
    else await writeFile(DOCUMENT, withSection(await readFile(DOCUMENT, 'utf8'), section));
    for (const row of rows.filter(isMissed)) process.stderr.write(`bench: missed: ${row[0].what}\n`);
    return rows.some(isMissed) ? 1 : 0;
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Run = (what: string, line: readonly string[]) => Promise<Measured>;

/** The first `living` nodes are alive, the others are gone. */
async function measureCommands(run: Run, living: number, folder: string): Promise<Row[]> {
  const list = join(folder, 'nodes.txt');
  await writeFile(list, Array.from({ length: living }, (_, node) => `${nodeName(node)}\n`).join(''));
  const evidence = ['--nodes-from', list, '--evidence-is-complete'];
  const gc = ['ipam', 'gc', ...evidence, '--observation', join(folder, 'gc.json'), '--grace', '1s', '--max-share', '100', '--yes'];
  const check = { seconds: 10, megabytes: 400 };
  const rows: Row[] = [
    [await run('ipam show', ['ipam', 'show']), { seconds: 2 }],
    [await run('ipam check', ['ipam', 'check']), check],
    [await run('ipam check -o FILE', ['ipam', 'check', ...evidence, '-o', join(folder, 'report.json')]), check],
    [await run('ipam gc, first look', gc), { seconds: 60 }],
  ];
  // Evidence must be younger than the first look by the grace period.
  await later(list, 2_000);
  rows.push([await run(`ipam gc of ${living} dead nodes`, gc), { seconds: 60 }]);
  rows.push([await run('ipam check afterwards', ['ipam', 'check', '--exit-code']), check]);
  return rows;
}

async function prepare(url: string, cluster: BigCluster): Promise<void> {
  process.stderr.write(`bench: filling ${cluster.nodes} nodes\n`);
  const store = await openStore(url);
  const ipam = openIpam({ store });
  await ipam.pools.create({ name: 'pods', spec: { cidr: '10.0.0.0/8' } });
  await fill(store, cluster);
  await ipam.close();
}

/** Writes the file anew after a while, as the next listing of nodes would. */
async function later(path: string, ms: number): Promise<void> {
  const text = await readFile(path, 'utf8');
  await new Promise((done) => setTimeout(done, ms));
  // The same list is no second look.
  await writeFile(path, `# taken anew\n${text}`);
}

async function measure(endpoint: string, what: string, line: readonly string[]): Promise<Measured> {
  process.stderr.write(`bench: ${what}\n`);
  const { cost, result } = await costOf(endpoint, () => runProcess(line));
  return { what, cost, ...result };
}

type Usage = Pick<Measured, 'seconds' | 'cpuSeconds' | 'peakMegabytes'>;

async function runProcess(line: readonly string[]): Promise<Usage> {
  const start = performance.now();
  const child = spawn(process.execPath, line, { stdio: ['ignore', 'ignore', 'inherit'] });
  let usage = { cpuSeconds: 0, peakMegabytes: 0 };
  // The last sample may miss the last few milliseconds.
  const sampling = setInterval(() => {
    usageOf(child.pid ?? 0).then(
      (sample) => {
        // A process that has ended has no memory any more.
        usage = { ...sample, peakMegabytes: Math.max(usage.peakMegabytes, sample.peakMegabytes) };
      },
      () => {},
    );
  }, SAMPLE_MS);
  const code = await new Promise<number | null>((done) => child.on('exit', done));
  clearInterval(sampling);
  if (code !== 0) throw new Error(`${line.slice(1).join(' ')} ended with ${code}`);
  return { seconds: (performance.now() - start) / 1_000, ...usage };
}

/** Ticks of `/proc/PID/stat`, on every Linux. */
const TICKS_PER_SECOND = 100;

async function usageOf(pid: number): Promise<Omit<Usage, 'seconds'>> {
  const [status, stat] = await Promise.all([readFile(`/proc/${pid}/status`, 'utf8'), readFile(`/proc/${pid}/stat`, 'utf8')]);
  // Members 14 and 15; the second one, in parentheses, may have blanks.
  const members = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(members[11]) + Number(members[12]);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, peakMegabytes: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024 };
}

// Ends the etcd that was started, too, which a signal alone would leave behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
