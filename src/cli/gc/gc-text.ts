import type { Candidates, CollectResult, Observation, Repaired } from '../../ipam/upkeep/api.ts';
import { countOf } from '../quantity.ts';

export interface Collection {
  readonly observation: Observation;
  readonly result: CollectResult;
  /** Leftovers that were mended beside it, or would be. */
  readonly repaired: readonly Repaired[];
  readonly dryRun: boolean;
}

/** Addresses named in one list. */
const LINES_MAX = 20;

export function collectionText({ observation, result, repaired, dryRun }: Collection): string {
  const { used, unknown, leaked } = observation.addresses;
  const { confirmed } = result;
  const would = dryRun ? 'would be ' : '';
  const mended = repaired.filter(({ outcome }) => outcome.kind === 'repaired');
  return [
    `${countOf(used + unknown + leaked, 'address', 'addresses')} held: ${used} in use, ${leaked} leaked, ${unknown} not to be judged`,
    ...Object.entries(observation.unknownWhy).map(([why, count]) => `  ${count === 1 ? '1 address' : `each of ${count} addresses`} ${why}`),
    ...waitingText(observation.candidates, confirmed),
    ...listed(confirmed.leaked.map(({ ip, why }) => `  ${ip} ${would}released: it ${why}`)),
    ...listed(
      confirmed.goneNodes.map(
        ({ name, blocks }) => `  node ${name} is gone: ${countOf(blocks.length, 'block')} ${would}given up when empty`,
      ),
    ),
    ...listed(confirmed.idleBlocks.map(({ block, owner }) => `  block ${block} of ${owner.name} is empty and idle: ${would}given up`)),
    ...listed(mended.map(({ finding }) => `  ${would}mended: ${finding.what}`)),
    doneText(result, mended.length),
  ].join('\n');
}

function waitingText(candidates: Candidates, confirmed: Candidates): string[] {
  const waiting = (kind: keyof Candidates) => candidates[kind].length - confirmed[kind].length;
  const parts = [
    ...(waiting('leaked') > 0 ? [countOf(waiting('leaked'), 'address', 'addresses')] : []),
    ...(waiting('goneNodes') > 0 ? [countOf(waiting('goneNodes'), 'gone node')] : []),
    ...(waiting('idleBlocks') > 0 ? [countOf(waiting('idleBlocks'), 'idle block')] : []),
  ];
  return parts.length === 0 ? [] : [`${parts.join(', ')} seen once or too shortly: a later look has to confirm them`];
}

function listed(lines: readonly string[]): string[] {
  return lines.length > LINES_MAX ? [...lines.slice(0, LINES_MAX), `  and ${lines.length - LINES_MAX} more`] : [...lines];
}

/** Why something is refused is told as an error. */
function doneText(result: CollectResult, mended: number): string {
  switch (result.kind) {
    case 'refused':
      return 'Nothing was released.';
    case 'planned':
      return 'Nothing was done (dry run).';
    case 'collected': {
      const { released, changed, givenUp } = result;
      const left = changed.length > 0 ? `; ${countOf(changed.length, 'address', 'addresses')} left alone, assigned anew meanwhile` : '';
      return `Released ${countOf(released.length, 'address', 'addresses')}, gave up ${countOf(givenUp.length, 'block')}, mended ${countOf(mended, 'leftover')}${left}.`;
    }
  }
}

/** The same for programs. */
export function collectionValue({ observation, result, repaired, dryRun }: Collection): Readonly<Record<string, unknown>> {
  const { report, candidates, addresses, unknownWhy } = observation;
  return { kind: 'Collection', dryRun, revision: report.revision, addresses, unknownWhy, candidates, result, repaired };
}
