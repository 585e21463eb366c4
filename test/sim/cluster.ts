/** What the operators and callers of a simulated cluster know: pools, nodes, the handles in use, the addresses they were given. */
import { addressCount, type Cidr, ipOfOrdinal, parseCidrMasked } from '../../src/core/addr.ts';
import type { PoolSpec } from '../../src/ipam/api.ts';
import { type Hold, holdsOf } from './check/hold.ts';
import type { Mirror } from './check/mirror.ts';
import type { Random } from './random.ts';

export interface SimPool {
  readonly name: string;
  readonly cidr: Cidr;
  readonly spec: PoolSpec & { readonly blockSize: number };
}

/** How callers use one handle: all of them agree, so that how much it may hold is known. */
export type HandleUse =
  | { readonly kind: 'any' }
  /** The same request repeated gives the same addresses. */
  | { readonly kind: 'return'; readonly num4: number; readonly num6: number }
  | { readonly kind: 'max'; readonly max: number };

export interface SimHandle {
  readonly id: string;
  readonly use: HandleUse;
}

const RECENT_HANDLES = 10;
const NEWEST_HANDLES = 2;
const RECENT_HOLDS = 40;
export const ZONES = ['a', 'b'] as const;

export class Cluster {
  readonly random: Random;
  readonly mirror: Mirror;
  readonly nodes: readonly string[];
  readonly pools: readonly SimPool[];
  /** Pools may come back with another block size; the foreign writer does not expect that, and would overlap (AA-30). */
  readonly mayResize: boolean;
  readonly handles: SimHandle[] = [];
  /** Holds that have ended: their numbers are stale. */
  readonly ended: Hold[] = [];

  constructor({ random, mirror, nodes, mayResize }: Pick<Cluster, 'random' | 'mirror' | 'nodes' | 'mayResize'>) {
    this.random = random;
    this.mirror = mirror;
    this.nodes = nodes;
    this.mayResize = mayResize;
    this.pools = drawPools(random);
  }

  poolsOf(version: 4 | 6): readonly SimPool[] {
    return this.pools.filter(({ cidr }) => cidr.version === version);
  }

  newHandle(): SimHandle {
    const { random } = this;
    const use: HandleUse = random.weighted<() => HandleUse>([
      [4, () => ({ kind: 'any' })],
      [4, () => ({ kind: 'return', num4: 1 + random.int(2), num6: random.int(3) })],
      [2, () => ({ kind: 'max', max: 1 + random.int(3) })],
    ])();
    const handle = { id: `h${this.handles.length + 1}`, use };
    this.handles.push(handle);
    return handle;
  }

  /** One that was used lately, most likely by a call still under way; a new one when there is none. */
  recentHandle(): SimHandle {
    const recent = this.handles.slice(this.random.chance(0.5) ? -NEWEST_HANDLES : -RECENT_HANDLES);
    return recent.length === 0 ? this.newHandle() : this.random.pick(recent);
  }

  /** Addresses per family that the uses of a handle come to at most. */
  limitOf(id: string): { readonly 4: number; readonly 6: number } | undefined {
    const use = this.handles.find((handle) => handle.id === id)?.use;
    if (use?.kind === 'return') return { 4: use.num4, 6: use.num6 };
    return use?.kind === 'max' ? { 4: use.max, 6: use.max } : undefined;
  }

  note(lost: readonly Hold[]): void {
    this.ended.push(...lost);
    this.ended.splice(0, this.ended.length - RECENT_HOLDS);
  }

  /** An address that is held now, if any is. */
  someHold(): Hold | undefined {
    const holds = this.someHolds();
    return holds.length === 0 ? undefined : this.random.pick(holds);
  }

  /** What is held in one block. */
  someHolds(): readonly Hold[] {
    const blocks = [...this.mirror.blocks.values()];
    for (let tries = 0; tries < 4 && blocks.length > 0; tries++) {
      const holds = [...holdsOf(this.random.pick(blocks)).values()];
      if (holds.length > 0) return holds;
    }
    return [];
  }

  /** Any address of any pool. */
  someIp(): string {
    const { cidr } = this.random.pick(this.pools);
    return ipOfOrdinal(cidr, this.random.int(Number(addressCount(cidr)))).text;
  }

  /** A block-sized network of a pool, or the whole of it. */
  someNetwork(): Cidr {
    const { cidr, spec } = this.random.pick(this.pools);
    if (this.random.chance(0.3)) return cidr;
    const ip = ipOfOrdinal(cidr, this.random.int(Number(addressCount(cidr))));
    return parseCidrMasked(`${ip.text}/${spec.blockSize}`) as Cidr;
  }
}

/** Small pools, so that they fill up and hosts meet. */
function drawPools(random: Random): SimPool[] {
  const pools = [
    pool('main', '10.0.0.0/27', { blockSize: 28 + random.int(3) }),
    pool('side', '10.0.1.0/28', { blockSize: random.pick([30, 31, 32]), ...(random.chance(0.3) && { assignmentMode: 'Manual' as const }) }),
    pool('six', 'fd00::/123', { blockSize: 125 + random.int(3) }),
  ];
  if (random.chance(0.3)) pools.push(pool('zoned', '10.0.2.0/28', { blockSize: 30, nodeSelector: `zone == "${random.pick(ZONES)}"` }));
  if (random.chance(0.2)) pools.push(pool('balancer', '10.0.3.0/29', { blockSize: 30, allowedUses: ['LoadBalancer'] }));
  if (random.chance(0.12)) pools.push(pool('single', '10.0.4.0/25', { blockSize: 32 }));
  return pools;
}

function pool(name: string, cidr: string, spec: Omit<SimPool['spec'], 'cidr'>): SimPool {
  return { name, cidr: parseCidrMasked(cidr) as Cidr, spec: { cidr, ...spec } };
}
