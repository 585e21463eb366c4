import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld, PENDING_DELETION, storedBlock } from '../support/ipam.ts';

const ONE_BLOCK = { cidr: '10.0.0.0/26', blockSize: 26 };
const STRICT = { strictAffinity: true };
const CONFIRMED = '{"state":"confirmed","deleted":false}';

/** A block with a claim time. */
const claimedAt = (time: string, affinity: string | null = 'host:host-a') =>
  storedBlock('10.0.0.0/26', affinity).replace('"allocations"', `"affinity_claim_time":"${time}","allocations"`);

describe('reclaiming', () => {
  it('RC-04, RC-01, RC-03 takes an empty block from its owner after a minute', async () => {
    const world = await openWorld({ pools: [ONE_BLOCK], config: STRICT });
    await world.v4('host-a', 1, { handle: 'h' });
    expect(await codeOf(world.v4('host-b', 1))).toBe('strict-affinity');
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await codeOf(world.v4('host-b', 1))).toBe('strict-affinity');
    world.clock.advance(61);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-b' });
    expect(await world.affinities()).toEqual({ 'host-b 10.0.0.0/26': 'confirmed' });
    expect((await world.block('10.0.0.0/26')).affinityClaimTime).toBe('2026-08-22T00:01:01Z');
  });

  it.each([
    ['59 s ago', '2026-08-21T23:59:01Z', false],
    ['61 s ago', '2026-08-21T23:58:59Z', true],
    ['in the future', '2026-08-22T01:00:00Z', false],
  ])('RC-02, RC-09 claimed %s', async (_, time, isTaken) => {
    const world = await openWorld({ pools: [ONE_BLOCK], config: STRICT });
    await world.put(keys.block('10.0.0.0/26'), claimedAt(time));
    await world.put(keys.affinity('host-a', '10.0.0.0/26'), CONFIRMED);
    if (isTaken) expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
    else expect(await codeOf(world.v4('host-b', 1))).toBe('strict-affinity');
  });

  it('RC-01 takes the first one on the walk that has something to give', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }], config: STRICT, walkStart: () => 1n });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.8/31'] } });
    await world.put(keys.block('10.0.0.4/30'), storedBlock('10.0.0.4/30', 'host:x', { 1: 'h' }));
    await world.put(keys.block('10.0.0.8/30'), storedBlock('10.0.0.8/30', 'host:y', {}));
    for (const base of ['10.0.0.12/30', '10.0.0.0/30']) await world.put(keys.block(base), storedBlock(base, 'host:z'));
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.10']);
  });

  it('RC-05 survives a conflict, and leaves everything alone when the call is aborted', async () => {
    const world = await openWorld({ pools: [ONE_BLOCK], config: STRICT });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', 'host:host-a'));
    const before = await world.dump();
    const stop = new AbortController();
    world.main.fault = ({ verb, attempt }) => {
      if (verb === 'read' && attempt > 1) stop.abort();
      return 'none';
    };
    expect(await codeOf(world.v4('host-b', 1, { signal: stop.signal }))).toBe('aborted');
    expect(await world.dump()).toEqual(before);
    let conflicts = 1;
    world.main.fault = ({ verb }) => (verb === 'commit' && conflicts-- > 0 ? 'conflict' : 'none');
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
  });

  it('RC-05, CR-09 completes what another writer began to give up', async () => {
    const world = await openWorld({ pools: [ONE_BLOCK], config: STRICT });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', 'host:host-a'));
    await world.put(keys.affinity('host-a', '10.0.0.0/26'), PENDING_DELETION);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
    expect(await world.affinities()).toEqual({ 'host-b 10.0.0.0/26': 'confirmed' });
  });

  it('RC-06 works across pools, and with single-address blocks', async () => {
    const world = await openWorld({
      pools: [
        { cidr: '10.0.0.0/31', blockSize: 32 },
        { cidr: '10.1.0.0/31', blockSize: 32 },
      ],
      config: STRICT,
    });
    const ips = await world.v4('host-a', 4);
    await world.ipam.releaseIps({ ips: ips.slice(1, 3).map((ip) => ({ ip })) });
    world.clock.advance(61);
    expect((await world.v4('host-b', 2)).sort()).toEqual([ips[1], ips[2]].sort());
    expect(await codeOf(world.v4('host-b', 1))).toBe('strict-affinity');
  });

  it.each([
    ['of nobody', null],
    ['whose owner has no affinity for it', 'host:host-a'],
    ['of a virtual owner', 'virtual:lb'],
  ])('RC-07, RC-09, WT-07 takes an empty block %s', async (_, affinity) => {
    const world = await openWorld({ pools: [ONE_BLOCK], config: STRICT });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', affinity));
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
    expect(await world.blocks()).toEqual({ '10.0.0.0/26': 'host:host-b' });
    expect(await world.affinities()).toEqual({ 'host-b 10.0.0.0/26': 'confirmed' });
  });

  it('RC-08, RC-09, CD-08 leaves a block alone while an address cools in it, and takes it after', async () => {
    const world = await openWorld({ pools: [ONE_BLOCK], config: { ...STRICT, ipCooldownSeconds: 300 } });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    world.clock.advance(120);
    expect(await codeOf(world.v4('host-b', 1))).toBe('strict-affinity');
    world.clock.advance(200);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
  });
});
