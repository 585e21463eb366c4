/** Entry point of `npm run bench:cni`. */
import { readFile, writeFile } from 'node:fs/promises';
import { arch, availableParallelism, loadavg, totalmem, type } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findEtcdBinary } from '../../test/support/etcd-binary.ts';
import { startServers } from '../../test/support/etcd-server.ts';
import { withSection } from '../section.ts';
import { measureBurst } from './burst.ts';
import { type Effort, measureCni } from './measure.ts';
import { preparePrograms } from './programs.ts';
import { cniChecks, cniSection } from './report.ts';

const DOCUMENT = resolve(import.meta.dirname, '../../docs/benchmarks.md');
const FULL: Effort = { rounds: 9, callsPerRound: 15, roundsAtOnce: 7 };
const QUICK: Effort = { rounds: 1, callsPerRound: 2, roundsAtOnce: 1 };
const BURST_ROUNDS = 5;

const HELP = `Usage: npm run bench:cni -- [--quick]

Times the CNI plugin as whole processes beside host-local, etcdctl and a script that does nothing, on an etcd that it starts
itself and on LMDB, and pods of a container runtime where there is one (as root). Writes its part of docs/benchmarks.md;
--quick measures little and prints instead. Exit code 1: a target was missed.
`;

/** The exit code: 1 when a target is missed. */
async function main(args: readonly string[]): Promise<number> {
  const options = { quick: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [load = 0] = loadavg();
  const binary = await findEtcdBinary();
  const { endpoints, stop } = await startServers(binary);
  const endpoint = endpoints[0] ?? '';
  const programs = await preparePrograms(endpoint);
  try {
    process.stderr.write('bench: processes\n');
    const results = await measureCni(programs, endpoint, values.quick ? QUICK : FULL);
    process.stderr.write('bench: pods of a container runtime\n');
    const burst = await measureBurst(programs.compiledOnEtcd.command[0], values.quick ? 1 : BURST_ROUNDS);
    const checks = cniChecks(results, programs, burst);
    const machine =
      `Machine: ${type()} ${arch()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.versions.node}; ` +
      `etcd ${binary.version} on the same machine; load average before the start: ${load.toFixed(1)}.`;
    const section = cniSection({ results, programs, burst, checks, machine });
    if (values.quick) process.stdout.write(`${section}\n`);
    else await writeFile(DOCUMENT, withSection(await readFile(DOCUMENT, 'utf8'), section));
    const missed = checks.filter(({ met }) => !met);
    for (const { what, target, measured } of missed) process.stderr.write(`bench: missed: ${what}: ${measured}; wanted ${target}\n`);
    // A quick run is too short to judge times by.
    return missed.length > 0 && !values.quick ? 1 : 0;
  } finally {
    await programs.remove();
    await stop();
  }
}

// Ends the etcd that was started, too, which a signal alone would leave behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
