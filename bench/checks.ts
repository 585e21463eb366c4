/** Which targets were reached. */
import { ASSIGN_LATENCY, ASSIGN_THROUGHPUT, type Budget, LMDB_PER_SECOND_MIN, overspent, type Ratio } from './figures.ts';
import type { AtNodes } from './latency.ts';
import type { LmdbResults } from './lmdb.ts';
import type { Measured } from './request-bench.ts';

export interface Check {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
}

export function requestChecks(measured: readonly Measured[]): Check[] {
  return measured.map(({ operation: { title, budget }, cost }) => ({
    what: title,
    target: costText(budget, (amount) => `≤ ${amount}`),
    measured: costText(
      { requests: cost.requests, ...(budget.receivedBytes !== undefined && { receivedBytes: cost.receivedBytes }) },
      String,
    ),
    met: overspent(cost, budget).length === 0,
  }));
}

function costText({ requests, receivedBytes }: Budget, show: (amount: number) => string): string {
  const parts = [
    ...(requests === undefined ? [] : [`${show(requests)} request${requests === 1 ? '' : 's'}`]),
    ...(receivedBytes === undefined ? [] : [`${show(receivedBytes)} bytes received`]),
  ];
  return parts.join(', ');
}

/** Of nodes that have a library object each. */
export function latencyChecks(results: readonly AtNodes[]): Check[] {
  return results.flatMap(({ nodes, raw, designs }) => {
    const assign = designs.get('own')?.assign;
    if (assign === undefined) return [];
    const throughput = ASSIGN_THROUGHPUT.get(nodes);
    return [
      ...(nodes === 1 ? ratioChecks('p50 of an assignment ÷ p50 of a raw transaction', ASSIGN_LATENCY, assign.ratio(raw, 'p50Ms')) : []),
      ...(throughput === undefined
        ? []
        : ratioChecks(`${nodes} nodes: assignments ÷ raw transactions per second`, throughput, assign.ratio(raw, 'perSecond'))),
    ];
  });
}

function ratioChecks(what: string, { target }: Ratio, measured: number): Check[] {
  if (target === undefined) return [];
  const text = measured.toFixed(2);
  return 'most' in target
    ? [{ what, target: `≤ ${target.most}`, measured: text, met: measured <= target.most }]
    : [{ what, target: `≥ ${target.least}`, measured: text, met: measured >= target.least }];
}

/** The best of one caller and several: a process is free to have several. */
export function lmdbChecks({ atNodes }: LmdbResults): Check[] {
  const perSecond = Math.max(...atNodes.map(({ assign }) => assign.summary().perSecond));
  return [
    {
      what: 'durable assignments per second over LMDB, one process',
      target: `≥ ${LMDB_PER_SECOND_MIN}`,
      measured: perSecond.toFixed(0),
      met: perSecond >= LMDB_PER_SECOND_MIN,
    },
  ];
}
