/** What was measured of the plugin, as a part of docs/benchmarks.md, and which targets it reached. */
import type { Check } from '../checks.ts';
import { type Series, seriesNamed } from '../rounds.ts';
import { CNI_HEADING } from '../section.ts';
import { table } from '../table.ts';
import type { BurstResults } from './burst.ts';
import { AT_ONCE, addOf, type CniResults, delOf, GET } from './measure.ts';
import type { Plugin, Programs } from './programs.ts';

const REQUESTS_MAX = 4;
const ADD_TO_GET_MAX = 1.6;
const ADD_TO_HOST_LOCAL_MAX = 5;
const AT_ONCE_MAX = 2;
const BURST_MAX = 1.3;
/** Calico's: calico-ipam's executable beside etcdctl on the same machine. */
const CALICO = { add: 4, atOnce: 7 };

export function cniChecks({ single, atOnce, addCost }: CniResults, programs: Programs, burst: BurstResults | undefined): Check[] {
  const { compiledOnEtcd, compiledOnLmdb, hostLocal } = programs;
  const add = seriesNamed(single, addOf(compiledOnEtcd)).ratio(seriesNamed(single, GET), 'p50Ms');
  const lmdb = seriesNamed(single, addOf(compiledOnLmdb)).ratio(seriesNamed(single, addOf(hostLocal)), 'p50Ms');
  const all = seriesNamed(atOnce, addOf(compiledOnEtcd)).ratio(seriesNamed(atOnce, GET), 'p50Ms');
  return [
    atMost('etcd requests of one ADD', addCost.requests, REQUESTS_MAX, 0),
    atMost(`ADD on etcd ÷ etcdctl get (calico-ipam: ${CALICO.add})`, add, ADD_TO_GET_MAX),
    atMost('ADD on LMDB ÷ host-local', lmdb, ADD_TO_HOST_LOCAL_MAX),
    atMost(`${AT_ONCE} ADDs at once on one node ÷ ${AT_ONCE} etcdctl gets at once (calico-ipam: ${CALICO.atOnce})`, all, AT_ONCE_MAX),
    ...(burst ? [atMost(`${burst.pods} pods of a container runtime at once ÷ the same with host-local`, burst.ratio, BURST_MAX)] : []),
  ];
}

function atMost(what: string, measured: number, most: number, digits = 2): Check {
  return { what, target: `≤ ${most}`, measured: measured.toFixed(digits), met: measured <= most };
}

export interface Report {
  readonly results: CniResults;
  readonly programs: Programs;
  readonly burst: BurstResults | undefined;
  readonly checks: readonly Check[];
  readonly machine: string;
}

export function cniSection({ results, programs, burst, checks, machine }: Report): string {
  const { single, atOnce, addCost, delCost } = results;
  return [
    CNI_HEADING,
    `Written by \`npm run bench:cni\`: whole processes, from start to exit, in turns. ${machine} Beside: ${programs.versions}.`,
    table(
      ['target', 'wanted', 'measured', ''],
      checks.map(({ what, target, measured, met }) => [what, target, measured, met ? 'reached' : '**missed**']),
    ),
    `One call after the other; an ADD asks etcd ${addCost.requests} requests, a DEL ${delCost.requests}.`,
    table(['program', 'p50 ms', 'p99 ms', '÷ etcdctl get', '÷ host-local'], singleRows(single, programs)),
    `${AT_ONCE} processes at once on one node, from the first start to the last exit; none failed.`,
    table(['programs', 'median ms', '÷ etcdctl get'], atOnceRows(atOnce, programs)),
    burst ? burstText(burst) : 'The burst of a container runtime was not measured: there is none on this machine.',
  ].join('\n\n');
}

function singleRows(single: ReadonlyMap<string, Series>, programs: Programs): string[][] {
  const { compiledOnEtcd, nodeOnEtcd, compiledOnLmdb, nodeOnLmdb, hostLocal, shell } = programs;
  const get = seriesNamed(single, GET);
  const row = (name: string, base: Series | undefined) => {
    const series = seriesNamed(single, name);
    const { p50Ms, p99Ms } = series.summary();
    return [
      name,
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      series.ratio(get, 'p50Ms').toFixed(2),
      base ? series.ratio(base, 'p50Ms').toFixed(2) : '',
    ];
  };
  const ofPlugin = (plugin: Plugin) => [
    row(addOf(plugin), seriesNamed(single, addOf(hostLocal))),
    row(delOf(plugin), seriesNamed(single, delOf(hostLocal))),
  ];
  return [row(GET, undefined), ...[compiledOnEtcd, compiledOnLmdb, nodeOnEtcd, nodeOnLmdb, hostLocal, shell].flatMap(ofPlugin)];
}

function atOnceRows(atOnce: ReadonlyMap<string, Series>, { compiledOnEtcd, compiledOnLmdb, hostLocal }: Programs): string[][] {
  const get = seriesNamed(atOnce, GET);
  const row = (name: string) => {
    const series = seriesNamed(atOnce, name);
    return [name, series.summary().p50Ms.toFixed(0), series.ratio(get, 'p50Ms').toFixed(2)];
  };
  return [row(GET), ...[compiledOnEtcd, compiledOnLmdb, hostLocal].flatMap((plugin) => [row(addOf(plugin)), row(delOf(plugin))])];
}

function burstText({ pods, runtime, platMs, hostLocalMs, ratio }: BurstResults): string {
  return (
    `${pods} pods at once through ${runtime}, each with \`bridge\`, in turns: median ${platMs.toFixed(0)} ms with plat on an embedded store, ` +
    `${hostLocalMs.toFixed(0)} ms with host-local; median ratio ${ratio.toFixed(2)}.`
  );
}
