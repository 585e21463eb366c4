/** Pools for the demo: IPv4 so tight that nodes borrow from each other, IPv6 as wide as usual. */
import { cidrAt } from '../../core/addr.ts';
import type { PoolSpec } from '../../ipam/api.ts';

export interface DemoPool {
  readonly name: string;
  readonly spec: PoolSpec & { readonly blockSize: number };
}

const V4_START = 0x0a_f4_00_00n; // 10.244.0.0
/** IPv4 space is cut into this many pools at most, none larger than the one before, so all are aligned. */
const V4_POOLS_MAX = 3;
const V4_BLOCK_MIN = 4;
const V4_BLOCK_MAX = 64;

/** Pools for `pods` pods on `nodes` nodes; both 1 or more. Each pod takes one address of each family. */
export function planPools(pods: number, nodes: number): readonly DemoPool[] {
  const blockSize = clamp(powerOfTwoUpTo(pods / nodes), V4_BLOCK_MIN, V4_BLOCK_MAX);
  let start = V4_START;
  const v4 = splitInPools(pods, blockSize).map((size, index): DemoPool => {
    const cidr = cidrAt(4, start, 32 - Math.log2(size)).text;
    start += BigInt(size);
    return { name: `demo-v4-${index + 1}`, spec: { cidr, blockSize: 32 - Math.log2(blockSize) } };
  });
  return [...v4, { name: 'demo-v6', spec: { cidr: 'fd00:10:244::/108', blockSize: 122 } }];
}

/** Sizes of pools, powers of two of at least one block, that hold `addresses` with little to spare. */
function splitInPools(addresses: number, blockSize: number): readonly number[] {
  const sizes: number[] = [];
  for (let rest = addresses; rest > 0 && sizes.length < V4_POOLS_MAX; rest -= sizes.at(-1) ?? rest) {
    const isLast = sizes.length === V4_POOLS_MAX - 1;
    const size = isLast ? powerOfTwoFrom(rest) : powerOfTwoUpTo(rest);
    sizes.push(Math.max(size, blockSize));
  }
  return sizes;
}

function powerOfTwoUpTo(count: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(count, 1)));
}

function powerOfTwoFrom(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(count, 1)));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
