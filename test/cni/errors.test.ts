import { describe, expect, it } from 'vitest';
import { CniError, CODES, cniErrorOf } from '../../src/cni/errors.ts';
import { IpamError } from '../../src/ipam/errors.ts';
import { StoreUrlError } from '../../src/store/open.ts';
import { StoreError } from '../../src/store/port.ts';
import { type BedCall, openBed, textOf } from './bed.ts';

const DOING = 'cannot assign an address';

describe('cniErrorOf', () => {
  it('puts the first sentence into the message and the rest, with the code of the library, into the details', () => {
    const error = cniErrorOf(
      new IpamError('no-free-address', 'no address is free in 10.0.0.0/24 (v1.2). Release some. Or add a pool.'),
      DOING,
    );
    expect([error.code, error.message, error.details]).toEqual([
      101,
      `${DOING}: no address is free in 10.0.0.0/24 (v1.2)`,
      'Release some. Or add a pool. (no-free-address)',
    ]);
    expect(cniErrorOf(new IpamError('conflict', 'one sentence.'), DOING)).toMatchObject({
      message: `${DOING}: one sentence`,
      details: '(conflict)',
    });
  });

  it.each([
    ['store-unavailable', CODES.tryAgainLater],
    ['aborted', CODES.tryAgainLater],
    ['store-auth', CODES.ioFailure],
    ['store-full', CODES.ioFailure],
  ] as const)('of the store error %s is %d', (code, expected) => {
    expect(cniErrorOf(new StoreError(code, 'it is so.'), DOING).code).toBe(expected);
  });

  it('of anything else: 999 with a word, never a stack', () => {
    for (const thrown of [new TypeError('x is undefined'), 'text', undefined, { stack: 'at foo' }]) {
      const { code, message, details } = cniErrorOf(thrown, DOING);
      expect([code, message.startsWith(`${DOING}: internal error: `), details]).toEqual([999, true, expect.stringContaining('report')]);
      expect(message).not.toMatch(/\n|^\s+at /);
    }
    expect(cniErrorOf(new StoreUrlError('no store'), DOING)).toMatchObject({ code: 7, message: 'no store' });
    const own = new CniError(CODES.sameNamespace, 'm');
    expect(cniErrorOf(own, DOING)).toBe(own);
  });
});

describe('errors of ADD', () => {
  it.each<[string, number, BedCall, RegExp]>([
    ['an unknown pool', 104, { ipam: { ipv4_pools: ['nosuch'] } }, /nosuch/],
    ['an unknown pool by network', 104, { ipam: { ipv4_pools: ['10.200.0.0/24'] } }, /10\.200\.0\.0\/24/],
    [
      'an unknown node that may not be registered',
      104,
      { conf: { nodename: 'stranger' }, ipam: { registerNode: false } },
      /node "stranger".*create node stranger/,
    ],
    ['no pool of the family', 101, { ipam: { assign_ipv4: false, assign_ipv6: true } }, /IPv6/],
    ['an address in no pool', 103, { env: { CNI_ARGS: 'IP=192.168.1.1' } }, /192\.168\.1\.1.*no pool contains it/],
    ['an address that is held', 102, { env: { CNI_ARGS: 'IP=10.0.0.7' } }, /10\.0\.0\.7 is held by handle net\.other/],
    ['a node whose name can be no key', 7, { conf: { nodename: 'a/b' } }, /host "a\/b".*must not contain/],
    ['a range in no pool that overlaps one', 7, { ipam: { subnet: '10.0.0.0/16' } }, /10\.0\.0\.0\/16.*10\.0\.0\.0\/24/],
    ['a bad range', 7, { ipam: { subnet: '10.1.0.7/16' } }, /10\.1\.0\.7\/16.*10\.1\.0\.0\/16/],
    ['the gateway, by name', 102, { env: { CNI_ARGS: 'IP=10.1.0.1' }, ipam: { subnet: '10.1.0.0/24' } }, /10\.1\.0\.1 is the gateway/],
    [
      'an excluded address',
      103,
      { env: { CNI_ARGS: 'IP=10.1.0.9' }, ipam: { subnet: '10.1.0.0/24', exclude: ['10.1.0.8/29'] } },
      /10\.1\.0\.9 is excluded/,
    ],
    [
      'an address outside the ranges',
      7,
      { env: { CNI_ARGS: 'IP=10.9.0.9' }, ipam: { subnet: '10.1.0.0/24' } },
      /not in any subnet of network net/,
    ],
  ])('%s: code %d, with the sense in the text, and nothing is written', async (_, code, call, words) => {
    const bed = await openBed();
    await bed.add('other', { env: { CNI_ARGS: 'IP=10.0.0.7' } });
    const error = await bed.refused('ADD', call);
    expect([error.code, textOf(error)]).toEqual([code, expect.stringMatching(words)]);
    expect(error.msg).toMatch(/^cannot assign an address: \S/);
    expect(error.details).toMatch(/\([a-z-]+\)$/);
  });

  it.each<[string, number, BedCall['fault'], RegExp]>([
    ['a store that is down', 11, () => 'unavailable', /does not answer/],
    [
      'a store that forgets its answer and then is down',
      11,
      ({ verb }) => (verb === 'commit' ? 'lost-request' : 'unavailable'),
      /does not answer|did not say/,
    ],
  ])('%s: code %d', async (_, code, fault, words) => {
    const bed = await openBed();
    for (const verb of ['ADD', 'DEL', 'CHECK']) {
      const error = await bed.refused(verb, { fault: fault as NonNullable<typeof fault> });
      expect([error.code, textOf(error)]).toEqual([code, expect.stringMatching(words)]);
    }
  });

  it('101 with the pools that were looked at when there is nothing left', async () => {
    const bed = await openBed({ pools: [{ cidr: '10.0.0.0/30', blockSize: 30 }] });
    for (const container of ['a', 'b', 'c', 'd']) await bed.add(container);
    const error = await bed.refused('ADD', { env: { CNI_CONTAINERID: 'e' } });
    expect([error.code, textOf(error)]).toEqual([101, expect.stringContaining('10.0.0.0/30')]);
  });

  it("8 for a namespace that is this process's own, unless the runtime says it may be", async () => {
    const bed = await openBed();
    const env = { CNI_NETNS: '/proc/self/ns/net' };
    expect(await bed.refused('ADD', { env })).toMatchObject({ code: 8, details: expect.stringContaining('CNI_NETNS_OVERRIDE') });
    expect(await bed.add('c1', { env: { ...env, CNI_NETNS_OVERRIDE: 'TRUE' } })).toHaveLength(1);
  });
});
