/** Short names for the refs that planners use. */
import type { Cidr } from '../addr.ts';
import type { Collection, MarkKind, Owner, RefOf } from '../records.ts';

export const CONFIG: RefOf<'config'> = { kind: 'config' };
export const POOLS: Collection = { kind: 'pools' };
export const RESERVATIONS: Collection = { kind: 'reservations' };

export function blockRef(cidr: Cidr): RefOf<'block'> {
  return { kind: 'block', cidr };
}

export function affinityRef(owner: Owner, cidr: Cidr): RefOf<'affinity'> {
  return { kind: 'affinity', owner, cidr };
}

export function handleRef(id: string): RefOf<'handle'> {
  return { kind: 'handle', id };
}

export function nodeRef(name: string): RefOf<'node'> {
  return { kind: 'node', name };
}

export function poolRef(name: string): RefOf<'pool'> {
  return { kind: 'pool', name };
}

export function markRef(mark: MarkKind, id: string): RefOf<'mark'> {
  return { kind: 'mark', mark, id };
}

export function networkRef(name: string): RefOf<'network'> {
  return { kind: 'network', name };
}

export function affinitiesOf(owner: Owner): Collection {
  return { kind: 'affinitiesOf', owner };
}
