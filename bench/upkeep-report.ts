/** What operators' commands cost, as a part of docs/benchmarks.md. */
import type { BigCluster } from './big-store.ts';
import type { Cost } from './etcd-metrics.ts';
import { UPKEEP_HEADING } from './section.ts';
import { table } from './table.ts';

/** One command as a process of the built program, from its start to its end. */
export interface Measured {
  readonly what: string;
  readonly seconds: number;
  /** What the process itself worked: on a busy machine it waits for a processor beside. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly cost: Cost;
}

export interface Target {
  readonly seconds: number;
  readonly megabytes?: number;
}

export type Row = readonly [Measured, Target];

export function isMissed([{ seconds, peakMegabytes }, target]: Row): boolean {
  return seconds > target.seconds || (target.megabytes !== undefined && peakMegabytes > target.megabytes);
}

export interface UpkeepReport {
  readonly cluster: BigCluster;
  readonly machine: string;
  readonly rows: readonly Row[];
}

export function upkeepSection({ cluster: { nodes, blocksPerNode, addressesPerBlock }, machine, rows }: UpkeepReport): string {
  const blocks = nodes * blocksPerNode;
  const count = (value: number) => value.toLocaleString('en-US');
  return [
    UPKEEP_HEADING,
    `Written by \`npm run bench:upkeep\`: whole processes, from start to exit, on ${count(nodes)} nodes, ${count(blocks)} blocks and ` +
      `${count(blocks * addressesPerBlock)} addresses, each with a handle of its own. ${machine} *CPU* and *peak* are those of the process ` +
      'alone; requests and bytes are counted by etcd. Half of the nodes are gone for `check -o FILE` and for `gc`, which needs two looks.',
    table(
      ['command', 's', 'target', 'CPU s', 'peak MB', 'target', 'requests', 'MB received', 'MB sent', ''],
      rows.map((row) => cells(row)),
    ),
  ].join('\n\n');
}

function cells(row: Row): string[] {
  const [{ what, seconds, cpuSeconds, peakMegabytes, cost }, target] = row;
  return [
    `\`${what}\``,
    seconds.toFixed(2),
    `≤ ${target.seconds}`,
    cpuSeconds.toFixed(2),
    peakMegabytes.toFixed(0),
    target.megabytes === undefined ? '' : `≤ ${target.megabytes}`,
    String(cost.requests),
    megabytes(cost.receivedBytes),
    megabytes(cost.sentBytes),
    isMissed(row) ? '**missed**' : 'reached',
  ];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
