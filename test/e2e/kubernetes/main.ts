#!/usr/bin/env node
/** Entry point of `npm run e2e:kubernetes`. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openPlatStore } from './addresses.ts';
import type { Bed } from './bed.ts';
import { buildPrograms, type Cluster, type Places, removeCluster, startCluster } from './cluster.ts';
import { checkCrashes } from './crashes.ts';
import { checkFaults } from './faults.ts';
import { missing } from './machine.ts';
import { useNetwork, usePlugin } from './networks.ts';
import { newReport, type Report } from './report.ts';
import { runRounds } from './rounds.ts';
import { checkStatus } from './status.ts';
import { checkTraffic } from './traffic.ts';
import { createWorkload, scale } from './workload.ts';

const HELP = `Usage: npm run e2e:kubernetes -- [--only PART,PART] [--pairs N] [--logs FOLDER] [--hold]

Runs plat in a Kubernetes of two nodes on this machine; test/e2e/kubernetes/README.md says what it needs and proves.
  --only PARTS   rounds, traffic, status, crashes, faults; default: all of them, in this order
  --pairs N      rounds with plat and with host-local each (default 5)
  --logs FOLDER  where to copy all logs in the end
  --hold         runs no part: brings the cluster up for use by hand, until Ctrl-C
Exit code 1: a promise was broken, or the test could not go on; 2: this machine lacks something; 130: interrupted.
`;

const PARTS = {
  rounds: (bed: Bed, pairs: number) => runRounds(bed, pairs),
  traffic: (bed: Bed) => checkTraffic(bed),
  status: (bed: Bed) => checkStatus(bed),
  crashes: (bed: Bed) => checkCrashes(bed),
  faults: (bed: Bed) => checkFaults(bed),
} as const;
type Part = keyof typeof PARTS;

interface CommandLine {
  readonly parts: readonly Part[];
  readonly pairs: number;
  readonly logs: string | undefined;
  readonly hold: boolean;
}

const places: Places = {
  home: resolve(process.env['PLAT_K8S_HOME'] || join(homedir(), '.cache/plat-e2e-kubernetes')),
  // Always the same: what a killed run left is found, and removed.
  folder: join(tmpdir(), 'plat-e2e-kubernetes'),
  plugin: resolve(process.env['PLAT_E2E_PLUGIN'] || join(import.meta.dirname, '../../../dist/cni/plat')),
};
const DRIVER_PID = join(places.folder, 'driver.pid');

async function main(args: readonly string[]): Promise<number> {
  const commandLine = parse(args);
  if (commandLine === 'help') return 0;
  if (commandLine === undefined) return 2;
  const lacking = await missing(places);
  if (lacking.length > 0) {
    process.stderr.write(`e2e:kubernetes cannot run here. Missing:\n${lacking.map((each) => `  - ${each}\n`).join('')}`);
    return 2;
  }
  const other = await runningDriver();
  if (other !== undefined) {
    process.stderr.write(`e2e:kubernetes: another run is under way, process ${other}; two would get in each other's way.\n`);
    return 2;
  }
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupt.abort(new Error(`interrupted (${signal})`)));
  const report = newReport();
  try {
    await run(commandLine, report, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) report.check('the cluster comes up', false, messageOf(error));
  } finally {
    report.progress('removing everything');
    if (commandLine.logs !== undefined) await copyLogs(commandLine.logs);
    await removeCluster(places).catch((error) => report.check('everything is removed', false, messageOf(error)));
  }
  process.stdout.write(report.text());
  if (interrupt.signal.aborted) process.stderr.write(`e2e:kubernetes: ${interrupt.signal.reason.message}\n`);
  for (const each of report.broken) process.stderr.write(`e2e:kubernetes: broken: ${each}\n`);
  if (interrupt.signal.aborted) return 130;
  return report.broken.length > 0 ? 1 : 0;
}

async function run({ parts, pairs, hold }: CommandLine, report: Report, signal: AbortSignal): Promise<void> {
  await removeCluster(places);
  await mkdir(places.folder, { mode: 0o700 });
  await writeFile(DRIVER_PID, String(process.pid));
  await buildPrograms(places, signal);
  const cluster = await startCluster(places, signal);
  const store = await openPlatStore();
  try {
    const bed = { cluster, store, report };
    await store.createPool();
    await usePlugin(cluster, 'itself');
    await useNetwork(cluster, 'plat');
    await cluster.nodesReady();
    await createWorkload(cluster);
    report.progress('the cluster is up');
    if (hold) return await heldUp(cluster);
    for (const part of parts) {
      report.progress(`part ${part}, at a load of ${loadavg()[0]?.toFixed(1)}`);
      await runPart(part, bed, pairs);
    }
  } finally {
    cluster.api.close();
    await store.close();
  }
}

/** One that cannot go on does not keep the next from trying. */
async function runPart(part: Part, bed: Bed, pairs: number): Promise<void> {
  const { cluster, report } = bed;
  try {
    await usePlugin(cluster, 'itself');
    await useNetwork(cluster, 'plat');
    await cluster.nodesReady();
    await scale(cluster, 0);
    await PARTS[part](bed, pairs);
  } catch (error) {
    cluster.signal.throwIfAborted();
    report.check(`part ${part} goes on to its end`, false, messageOf(error));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Undefined: it was wrong, and that was said. */
function parse(args: readonly string[]): CommandLine | 'help' | undefined {
  const options = {
    only: { type: 'string' },
    pairs: { type: 'string', default: '5' },
    logs: { type: 'string' },
    hold: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const known = Object.keys(PARTS) as Part[];
    const wanted = values.only?.split(',') ?? known;
    const unknown = wanted.filter((each) => !known.some((part) => part === each));
    const pairs = Number(values.pairs);
    if (unknown.length > 0) throw new Error(`--only knows no part ${unknown.join(', ')}; it knows ${known.join(', ')}`);
    if (!Number.isInteger(pairs) || pairs < 1) throw new Error(`--pairs takes a whole number above 0, not ${values.pairs}`);
    if (values.help) {
      process.stdout.write(HELP);
      return 'help';
    }
    return { parts: known.filter((part) => wanted.includes(part)), pairs, logs: values.logs, hold: values.hold };
  } catch (error) {
    process.stderr.write(`e2e:kubernetes: ${(error as Error).message}\n\n${HELP}`);
    return undefined;
  }
}

/** For work by hand. */
async function heldUp({ folder, home, signal }: Cluster): Promise<void> {
  process.stderr.write(`export KUBECONFIG=${folder}/kubeconfig PATH=${home}/bin:$PATH PLAT_E2E_RUN=${folder} PLAT_K8S_HOME=${home}\n`);
  await new Promise((_, reject) => {
    // Listening to a signal alone does not keep a process alive.
    const alive = setInterval(() => undefined, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      reject(signal.reason);
    });
  });
}

/** The process of a run that has not ended. */
async function runningDriver(): Promise<number | undefined> {
  const pid = await readFile(DRIVER_PID, 'utf8').catch(() => '');
  const commandLine = pid === '' ? '' : await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes('e2e/kubernetes/main.ts') ? Number(pid) : undefined;
}

async function copyLogs(target: string): Promise<void> {
  for (const folder of ['.', 'n1', 'n2', 'faults']) {
    const names = await readdir(join(places.folder, folder)).catch(() => []);
    await mkdir(join(target, folder), { recursive: true });
    for (const name of names.filter((each) => each.endsWith('.log')))
      await cp(join(places.folder, folder, name), join(target, folder, name));
  }
}

process.exitCode = await main(process.argv.slice(2));
