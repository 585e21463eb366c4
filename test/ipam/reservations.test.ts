import { describe, expect, it } from 'vitest';
import { codeOf, keys, masked, openWorld, storedBlock } from '../support/ipam.ts';

const POOL = '10.0.0.0/26';
const RESERVED = [
  ['10.0.0.1/32', '10.0.0.32/30'],
  ['11.0.0.0/30', '10.0.0.17/32'],
];
const NEVER_GIVEN = ['10.0.0.1', '10.0.0.17', '10.0.0.32', '10.0.0.33', '10.0.0.34', '10.0.0.35'];

async function reserved(...lists: readonly (readonly string[])[]) {
  const world = await openWorld({ pools: [POOL] });
  for (const [n, reservedCIDRs] of lists.entries()) await world.ipam.reservations.create({ name: `r${n}`, spec: { reservedCIDRs } });
  return world;
}

describe('reservations', () => {
  it('RS-01 are not handed out, and count as a shortage', async () => {
    expect(await (await openWorld({ pools: [POOL] })).v4('host-a', 64)).toHaveLength(64);
    const world = await reserved(...RESERVED);
    expect(await codeOf(world.v4('host-a', 64))).toBe('no-free-address');
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 64, partial: true });
    expect(masked(v4)).toHaveLength(58);
    expect(v4?.addresses.filter(({ ip }) => NEVER_GIVEN.includes(ip))).toEqual([]);
    expect(v4).toMatchObject({ exhaustedPools: [POOL], shortfall: { code: 'no-free-address', missing: 6 } });
  });

  it('RS-02 come on top of what the host keeps', async () => {
    const world = await reserved(...RESERVED);
    const hostReserved4 = { startOfBlock: 3, endOfBlock: 1, handle: 'kept-by-host', note: 'n' };
    await world.ipam.ensureBlock({ host: 'host-a', hostReserved4 });
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 64, hostReserved4, partial: true });
    expect(masked(v4)).toHaveLength(55);
  });

  it('RS-03 keep their place in the queue, and are handed out there when the reservation ends', async () => {
    const world = await reserved(['10.0.0.1/32', '10.0.0.3/32']);
    expect(await world.v4('host-a', 3)).toEqual(['10.0.0.0', '10.0.0.2', '10.0.0.4']);
    expect((await world.block(POOL)).unallocated.slice(0, 3)).toEqual([1, 3, 5]);
    await world.ipam.reservations.delete({ name: 'r0' });
    expect(await world.v4('host-a', 3)).toEqual(['10.0.0.1', '10.0.0.3', '10.0.0.5']);
  });

  it('RS-04, RS-06 hold from the next call on; what is held stays held, what is released cannot be had again', async () => {
    const world = await reserved();
    await world.v4('host-a', 2, { handle: 'h' });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: [POOL] } });
    expect(Object.keys(await world.held())).toEqual(['10.0.0.0', '10.0.0.1']);
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-free-address');
    await world.ipam.reservations.replace({ name: 'r', spec: { reservedCIDRs: ['10.0.0.1/32'] } });
    expect(await world.v4('host-a', 2)).toEqual(['10.0.0.2', '10.0.0.3']);
  });

  it('RS-05 stop AutoAssign and EnsureBlock from claiming, borrowing and reading a wholly reserved block', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/29', blockSize: 30 }] });
    await world.put(keys.block('10.0.0.4/30'), storedBlock('10.0.0.4/30', 'host:host-b'));
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/29'] } });
    const hostReserved4 = { startOfBlock: 1, endOfBlock: 0, handle: 'kept-by-host', note: 'n' };
    const { calls } = await world.main.counted(async () => {
      expect(await codeOf(world.v4('host-a', 1))).toBe('no-free-address');
      expect(await codeOf(world.ipam.ensureBlock({ host: 'host-a', hostReserved4 }))).toBe('no-free-address');
    });
    const keysRead = calls.flatMap((call) => (call.verb === 'read' ? [...(call.request.keys ?? []), ...(call.request.probes ?? [])] : []));
    expect(keysRead.filter((key) => key.includes('/block/10.0.0.'))).toEqual([]);
  });

  it('RS-05, AI-07 do not stop AssignIP and ClaimAffinity', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/29', blockSize: 30 }] });
    await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.0/29'] } });
    await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a' });
    expect(await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.4/30' })).toEqual({ claimed: ['10.0.0.4/30'], failed: [] });
  });

  it('BM-11 are read leniently: blanks, bare addresses, and what is no network', async () => {
    const world = await openWorld({ pools: [POOL] });
    const reservedCIDRs = [' 10.0.0.0/31 ', '10.0.0.2', '', '   ', 'not-a-cidr', '10.0.0.0/33', 'fd00::1'];
    await world.put('/calico/resources/v3/projectcalico.org/ipreservations/r', JSON.stringify({ spec: { reservedCIDRs } }));
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.3']);
  });
});
