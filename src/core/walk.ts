/** The order in which a host looks for a block in a pool (RG): claiming, reclaiming and borrowing follow the same walk. */
import { ADDRESS_BITS, addressCount, type Cidr, cidrAt, covers } from './addr.ts';
import { assert } from './assert.ts';
import { hash64 } from './hash.ts';

/** Number of blocks of prefix length `blockSize` in `pool`; 0 when the pool is smaller than a block (RG-03). */
export function blockCount(pool: Cidr, blockSize: number): bigint {
  const fits = pool.prefixLength <= blockSize && blockSize <= ADDRESS_BITS[pool.version];
  return fits ? 1n << BigInt(blockSize - pool.prefixLength) : 0n;
}

/**
 * Every block-sized network of `pool` once, ascending from position `start` (0 for the first block) and on from the
 * beginning after the last (RG-01). Lazy: a pool may have 2^114 blocks.
 */
export function* blockWalk(pool: Cidr, blockSize: number, start: bigint): Generator<Cidr, void, undefined> {
  const blocks = blockCount(pool, blockSize);
  if (blocks === 0n) return;
  const size = addressCount(pool) / blocks;
  for (let step = 0n; step < blocks; step++) {
    yield cidrAt(pool.version, pool.base + ((start + step) % blocks) * size, blockSize);
  }
}

/** Position of a block in its pool, for a walk that starts there; `block` must lie in `pool`. */
export function blockIndex(pool: Cidr, block: Cidr): bigint {
  assert(covers(pool, block), `${block.text} is no block of ${pool.text}`);
  return (block.base - pool.base) / addressCount(block);
}

/**
 * Where the walk of `host` in a pool starts: the same on every call, spread over hosts (RG-02).
 *
 * The hash of the host name, a zero byte and the pool's CIDR text, modulo the number of blocks (1 or more).
 */
export function walkStartIndex(host: string, pool: Cidr, blocks: bigint): bigint {
  return hash64(`${host}\0${pool.text}`) % blocks;
}
