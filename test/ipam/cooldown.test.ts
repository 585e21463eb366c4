import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld } from '../support/ipam.ts';

const TWO = { cidr: '10.0.0.0/31', blockSize: 31 };

describe('cooldown', () => {
  it('CD-01 takes the address off its handle at once, and does not give it out', async () => {
    const world = await openWorld({ pools: [TWO], config: { ipCooldownSeconds: 300 } });
    await world.v4('host-a', 2, { handle: 'h' });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0' }] });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/31': 1 } });
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await world.handles()).toEqual({});
    const block = await world.block('10.0.0.0/31');
    expect(block).toMatchObject({
      allocations: [0, 1],
      unallocated: [],
      attributes: [{ releasedAt: '2026-08-22T00:00:00Z' }, { releasedAt: '2026-08-22T00:00:00Z' }],
    });
  });

  it('CD-03, CD-02 hands the last address out only when it has cooled', async () => {
    const world = await openWorld({ pools: [TWO], config: { ipCooldownSeconds: 300 } });
    await world.v4('host-a', 2, { handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    for (const seconds of [0, 150, 148]) {
      world.clock.advance(seconds);
      expect(await codeOf(world.v4('host-a', 1))).toBe('no-free-address');
      expect(await codeOf(world.v4('host-b', 1))).toBe('no-free-address');
    }
    world.clock.advance(3);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
  });

  it('CD-04, CD-05 a lower setting holds for what is cooling already, with the next write of the block', async () => {
    const world = await openWorld({ pools: [TWO], config: { ipCooldownSeconds: 1_200 } });
    await world.v4('host-a', 2, { handle: 'h' });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0' }] });
    world.clock.advance(60);
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-free-address');
    await world.ipam.setConfig({ ipCooldownSeconds: 30 });
    const { sequenceNumber } = await world.block('10.0.0.0/31');
    expect(await world.v4('host-a', 1, { handle: 'g' })).toEqual(['10.0.0.0']);
    expect(await world.block('10.0.0.0/31')).toMatchObject({
      sequenceNumber: sequenceNumber + 1n,
      attributes: [{ handleId: 'h' }, { handleId: 'g' }],
    });
  });

  it('CD-06 what another clock released in the future stays cooling', async () => {
    const world = await openWorld({ pools: [TWO], config: { ipCooldownSeconds: 30 } });
    await world.v4('host-a', 2, { handle: 'h' });
    world.clock.advance(3_600);
    await world.ipam.releaseByHandle({ handle: 'h' });
    world.clock.advance(-3_600);
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-free-address');
  });

  it('CD-07, GU-05 counts as in use, also when it has cooled and nobody wrote the block since', async () => {
    const world = await openWorld({ pools: [TWO], config: { ipCooldownSeconds: 30 } });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    for (const seconds of [0, 60]) {
      world.clock.advance(seconds);
      expect((await world.ipam.getUtilization({ pools: ['pool1'] }))[0]).toMatchObject({ inUse: 1n, available: 1n });
    }
  });

  it('CD-08, WT-06 does not strand a block of nobody: it is used again as soon as it has cooled', async () => {
    const world = await openWorld({ pools: [TWO], config: { ipCooldownSeconds: 30, strictAffinity: true } });
    await world.v4('host-a', 2, { handle: 'h' });
    await world.ipam.releaseHostAffinities({ host: 'host-a' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await world.blocks()).toEqual({ '10.0.0.0/31': null });
    world.clock.advance(61);
    expect(await world.v4('host-b', 1)).toEqual(['10.0.0.0']);
    expect(await world.blocks()).toEqual({ '10.0.0.0/31': 'host:host-b' });
  });

  it('CD-09 a block with only cooling addresses is not empty', async () => {
    const world = await openWorld({ pools: [TWO], config: { ipCooldownSeconds: 30 } });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    const release = () => world.ipam.releaseAffinity({ host: 'host-a', cidr: '10.0.0.0/31', mustBeEmpty: true });
    expect(await codeOf(release())).toBe('block-not-empty');
    world.clock.advance(61);
    expect(await release()).toEqual({ released: ['10.0.0.0/31'] });
    expect(await world.text(keys.block('10.0.0.0/31'))).toBeUndefined();
  });

  it('CD-10 the number of the assignment is refused while its address cools after a release by address', async () => {
    const world = await openWorld({ pools: [TWO], config: { ipCooldownSeconds: 30 } });
    const { sequenceNumber } = await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', handle: 'h' });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0' }] });
    expect(await codeOf(world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0', sequenceNumber }] }))).toBe('bad-sequence-number');
    expect(await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0', sequenceNumber: sequenceNumber + 1n }] })).toMatchObject({
      unallocated: ['10.0.0.0'],
    });
  });

  it('BK-24, I4 without one, addresses are used again in the order in which they were released', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }] });
    const given: string[] = [];
    for (let n = 0; n < 5; n++) {
      given.push(...(await world.v4('host-a', 1, { handle: 'h' })));
      await world.ipam.releaseByHandle({ handle: 'h' });
    }
    expect(given).toEqual(['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.0']);
  });
});
