import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidrOf, compareCidrs, covers } from '../../src/core/addr.ts';
import { blockCount, blockIndex, blockWalk, walkStartIndex } from '../../src/core/walk.ts';
import { cidr } from '../support/records.ts';

describe('blockWalk', () => {
  it.each<[string, number, bigint]>([
    ['10.10.0.0/24', 26, 4n],
    ['fd80:24e2:f998:72d6::/120', 122, 4n],
    ['10.10.0.0/16', 20, 16n],
    ['fd80:24e2:f998:72d6::/114', 116, 4n],
    ['10.10.0.0/24', 32, 256n],
    ['fd80:24e2:f998:72d6::/120', 128, 256n],
    ['10.10.0.0/26', 26, 1n],
    ['fd00::/8', 122, 1n << 114n],
  ])('RG-01 %s has %i-blocks: %s', (pool, blockSize, count) => {
    expect(blockCount(cidr(pool), blockSize)).toBe(count);
  });

  it('RG-01 starts anywhere, ascends and wraps', () => {
    expect([...blockWalk(cidr('10.10.0.0/24'), 26, 2n)].map(({ text }) => text)).toEqual([
      '10.10.0.128/26',
      '10.10.0.192/26',
      '10.10.0.0/26',
      '10.10.0.64/26',
    ]);
  });

  it('RG-01 visits every block once, all inside the pool, each the next one or the first', () => {
    const walks = fc.record({
      version: fc.constantFrom(4 as const, 6 as const),
      value: fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }),
      hostBits: fc.integer({ min: 0, max: 12 }),
      blockBits: fc.integer({ min: 0, max: 12 }),
      start: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    });
    fc.assert(
      fc.property(walks, ({ version, value, hostBits, blockBits, start }) => {
        const bits = version === 4 ? 32 : 128;
        const pool = cidrOf({ version, value }, bits - hostBits);
        const blockSize = bits - blockBits;
        const walk = [...blockWalk(pool, blockSize, start)];
        const sorted = walk.toSorted(compareCidrs);
        expect(BigInt(walk.length)).toBe(blockCount(pool, blockSize));
        expect(new Set(walk.map(({ text }) => text)).size).toBe(walk.length);
        expect(walk.every((block) => covers(pool, block) && block.prefixLength === blockSize)).toBe(true);
        const turn = walk.findIndex(({ text }) => text === sorted[0]?.text);
        expect([...walk.slice(turn), ...walk.slice(0, turn)]).toEqual(sorted);
        if (walk[0]) expect(blockIndex(pool, walk[0])).toBe(start % BigInt(walk.length));
      }),
    );
  });

  it('RG-03 gives nothing for a pool smaller than a block, nor for a block size that is none', () => {
    expect([...blockWalk(cidr('10.10.0.0/27'), 26, 0n)]).toEqual([]);
    expect([...blockWalk(cidr('10.10.0.0/27'), 33, 0n)]).toEqual([]);
  });

  it('gives the first blocks of a pool of 2^114 blocks at once, also where it wraps', () => {
    const walk = blockWalk(cidr('fd00::/8'), 122, (1n << 114n) - 1n);
    expect([walk.next().value, walk.next().value].map((block) => block?.text)).toEqual([
      'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffc0/122',
      'fd00::/122',
    ]);
  });
});

describe('walkStartIndex', () => {
  const pool = cidr('10.244.0.0/16');

  it('RG-02 is FNV-1a 64 of host, zero byte and pool, folded', () => {
    expect(walkStartIndex('', cidr('0.0.0.0/0'), 1n << 64n)).toBe(reference('\u00000.0.0.0/0'));
    expect(walkStartIndex('worker-ü', pool, 1n << 64n)).toBe(reference('worker-ü\u000010.244.0.0/16'));
    expect(walkStartIndex('worker-1', pool, 1024n)).toBe(reference('worker-1\u000010.244.0.0/16') % 1024n);
  });

  it('RG-02 depends on host and pool', () => {
    expect(walkStartIndex('worker-1', pool, 1n << 60n)).not.toBe(walkStartIndex('worker-2', pool, 1n << 60n));
    expect(walkStartIndex('worker-1', pool, 1n << 60n)).not.toBe(walkStartIndex('worker-1', cidr('10.245.0.0/16'), 1n << 60n));
  });

  it.each([
    ['worker-N', (n: number) => `worker-${n}`],
    ['ip-10-0-A-B.ec2.internal', (n: number) => `ip-10-0-${n >> 8}-${n & 255}.ec2.internal`],
    ['Nnode', (n: number) => `${n}node`],
  ])('RG-02 spreads 4096 hosts named %s evenly over 4, 64 and 1000 blocks', (_, nameOf) => {
    for (const blocks of [4, 64, 1000]) {
      const hits = Array.from({ length: blocks }, () => 0);
      for (let n = 0; n < 4096; n++) hits[Number(walkStartIndex(nameOf(n), pool, BigInt(blocks)))]! += 1;
      // Chi-square of a fair spread is about `blocks`; six standard deviations are far beyond chance.
      const fair = 4096 / blocks;
      const chiSquare = hits.reduce((sum, hit) => sum + (hit - fair) ** 2 / fair, 0);
      expect(chiSquare, `${blocks} blocks`).toBeLessThan(blocks - 1 + 6 * Math.sqrt(2 * blocks));
    }
  });
});

/** FNV-1a by its definition, on 32-bit halves. */
function reference(text: string): bigint {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of Buffer.from(text, 'utf8')) {
    low = (low ^ byte) >>> 0;
    // (high·2^32 + low) · (2^40 + 0x1b3), modulo 2^64
    const lowProduct = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(lowProduct / 2 ** 32) + (low << 8)) >>> 0;
    low = lowProduct % 2 ** 32;
  }
  return (BigInt(high) << 32n) | BigInt((low ^ high) >>> 0);
}
