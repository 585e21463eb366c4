/** I5: affinities and blocks that our commits touch agree when they are through; `pending` states are never ours. */
import type { AffinityState } from '../../../src/core/records.ts';
import type { Change, Mirror } from './mirror.ts';
import { must } from './violation.ts';

/** With `isExclusive` nobody else writes, and every block and affinity must agree. */
export function checkAffinities(change: Change, mirror: Mirror, isExclusive: boolean): void {
  if (change.author.process.writer !== 'plat') return;
  for (const { cidr, owner } of change.affinities) {
    const state = mirror.affinities.get(cidr)?.get(owner);
    checkPair({ mirror, cidr, owner, state });
  }
  for (const { cidr, before, after } of change.blocks) {
    const [was, is] = [before?.affinity ?? undefined, after?.affinity ?? undefined];
    if (was === is) continue;
    const owners = mirror.affinities.get(cidr);
    if (is !== undefined)
      must(
        owners?.get(is) === 'confirmed',
        'I5',
        () => `block ${cidr} was given to ${is}, whose affinity is ${stateText(owners?.get(is))}`,
      );
    if (was !== undefined)
      must(!owners?.has(was), 'I5', () => `block ${cidr} was taken from ${was}, whose affinity is still ${stateText(owners?.get(was))}`);
  }
  if (isExclusive) for (const cidr of touchedCidrs(change)) checkExact(mirror, cidr);
}

function checkPair({
  mirror,
  cidr,
  owner,
  state,
}: {
  mirror: Mirror;
  cidr: string;
  owner: string;
  state: AffinityState | undefined;
}): void {
  const owned = mirror.blocks.get(cidr)?.affinity === owner;
  if (state === undefined) {
    must(!owned, 'I5', () => `the affinity of ${owner} for ${cidr} was dropped, though the block is still its`);
    return;
  }
  must(state === 'confirmed', 'I5', () => `the affinity of ${owner} for ${cidr} was written as ${stateText(state)}`);
  must(
    owned,
    'I5',
    () => `the affinity of ${owner} for ${cidr} was confirmed, but the block belongs to ${mirror.blocks.get(cidr)?.affinity ?? 'nobody'}`,
  );
}

function checkExact(mirror: Mirror, cidr: string): void {
  const owner = mirror.blocks.get(cidr)?.affinity ?? undefined;
  const owners = [...(mirror.affinities.get(cidr) ?? [])].map(([name, state]) => `${name} ${state}`);
  const wanted = owner === undefined ? [] : [`${owner} confirmed`];
  must(owners.join() === wanted.join(), 'I5', () => `block ${cidr} belongs to ${owner ?? 'nobody'}, affinities are [${owners}]`);
}

function touchedCidrs({ blocks, affinities }: Change): Set<string> {
  return new Set([...blocks, ...affinities].map(({ cidr }) => cidr));
}

function stateText(state: AffinityState | undefined): string {
  return state === undefined ? 'absent' : `"${state}"`;
}
