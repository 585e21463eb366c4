/**
 * Entry point of `npm run bench:upkeep`: what operators' commands cost on 2,000 nodes, 10,000 blocks and 150,000 addresses in an
 * etcd of its own. Each command runs as a process of the built program; time is that of the whole process.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openIpam, openStore } from '../src/index.ts';
import { findEtcdBinary } from '../test/support/etcd-binary.ts';
import { startServers } from '../test/support/etcd-server.ts';
import { type BigCluster, fill, nodeName } from './big-store.ts';
import { type Cost, costOf } from './etcd-metrics.ts';

const FULL: BigCluster = { nodes: 2_000, blocksPerNode: 5, addressesPerBlock: 15 };
const QUICK: BigCluster = { nodes: 20, blocksPerNode: 5, addressesPerBlock: 15 };
const SAMPLE_MS = 50;

interface Measured {
  readonly what: string;
  readonly seconds: number;
  /** What the process itself worked: on a busy machine it waits for a processor beside. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly cost: Cost;
}

interface Target {
  readonly seconds: number;
  readonly megabytes?: number;
}

async function main(args: readonly string[]): Promise<number> {
  const options = { quick: { type: 'boolean', default: false }, program: { type: 'string', default: 'dist/cli/main.js' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const cluster = values.quick ? QUICK : FULL;
  const { endpoints, stop } = await startServers(await findEtcdBinary());
  const folder = await mkdtemp(join(tmpdir(), 'plat-bench-'));
  const endpoint = endpoints[0] ?? '';
  try {
    const store = `etcd://${endpoint}`;
    await prepare(store, cluster);
    const run = (what: string, line: readonly string[]) =>
      measure(endpoint, what, [resolve(values.program), '--store', store, '--timeout', '60s', ...line]);
    const living = join(folder, 'nodes.txt');
    await writeFile(living, Array.from({ length: cluster.nodes / 2 }, (_, node) => `${nodeName(node)}\n`).join(''));
    const gc = [
      'ipam',
      'gc',
      '--nodes-from',
      living,
      '--observation',
      join(folder, 'gc.json'),
      '--grace',
      '1s',
      '--max-share',
      '100',
      '--yes',
    ];
    const rows: [Measured, Target][] = [
      [await run('ipam show', ['ipam', 'show']), { seconds: 2 }],
      [await run('ipam check', ['ipam', 'check']), { seconds: 10, megabytes: 400 }],
      [
        await run('ipam check -o FILE', ['ipam', 'check', '--nodes-from', living, '-o', join(folder, 'report.json')]),
        { seconds: 10, megabytes: 400 },
      ],
      [await run(`ipam gc, first look`, gc), { seconds: 60 }],
    ];
    // Evidence must be younger than the first look by the grace period.
    await later(living, 2_000);
    rows.push([await run(`ipam gc of ${cluster.nodes / 2} dead nodes`, gc), { seconds: 60 }]);
    rows.push([await run('ipam check afterwards', ['ipam', 'check', '--exit-code']), { seconds: 10, megabytes: 400 }]);
    return report(rows);
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
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
  await writeFile(path, text);
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

/** The exit code: 1 when a target is missed. */
function report(rows: readonly (readonly [Measured, Target])[]): number {
  const lines = rows.map(([{ what, seconds, cpuSeconds, peakMegabytes, cost }, target]) => {
    const isMissed = seconds > target.seconds || (target.megabytes !== undefined && peakMegabytes > target.megabytes);
    const cells = [
      what,
      seconds.toFixed(2),
      `${target.seconds}`,
      cpuSeconds.toFixed(2),
      peakMegabytes.toFixed(0),
      `${target.megabytes ?? ''}`,
    ];
    const bytes = [cost.receivedBytes, cost.sentBytes].map((count) => (count / 1e6).toFixed(2));
    return { isMissed, text: `| ${[...cells, cost.requests, ...bytes, isMissed ? 'missed' : 'kept'].join(' | ')} |` };
  });
  process.stdout.write(
    '| command | s | target s | CPU s | peak MB | target MB | requests | MB received | MB sent | target |\n|---|---|---|---|---|---|---|---|---|---|\n',
  );
  for (const { text } of lines) process.stdout.write(`${text}\n`);
  process.stdout.write(
    `Load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(', ')}.\n`,
  );
  return lines.some(({ isMissed }) => isMissed) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
