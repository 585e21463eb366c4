import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/store/memory.ts';
import { codeOf, ipsOf, keys, openWorld, PENDING, storedBlock } from '../support/ipam.ts';

const hosts = (count: number) => Array.from({ length: count }, (_, n) => `host-${n}`);

describe('at once', () => {
  it('XR-01 32 hosts, each its own process, and 16 blocks: all get one, each block belongs to one host', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 28 }], nodes: hosts(32), walkStart: 'hashed' });
    const given = await Promise.all(hosts(32).map((host) => world.process().ipam.autoAssign({ host, num4: 1, handle: host })));
    expect(new Set(given.flatMap(ipsOf)).size).toBe(32);
    const affinities = await world.affinities();
    expect(Object.values(affinities)).toEqual(Array(16).fill('confirmed'));
    const owners = new Map(Object.keys(affinities).map((name) => name.split(' ') as [string, string]));
    for (const [n, { v4 }] of given.entries()) {
      const own = owners.get(`host-${n}`);
      if (own) expect(v4?.addresses).toMatchObject([{ block: own, borrowed: false }]);
      else expect(v4?.addresses).toMatchObject([{ borrowed: true }]);
    }
  });

  it.each(['one process', 'four processes'])(
    'XR-02, WT-15, AA-15 four requests of one host in %s: four addresses, one block',
    async (processes) => {
      const world = await openWorld({ pools: [{ cidr: '10.0.0.0/25', blockSize: 26 }] });
      const ipams = Array.from({ length: 4 }, () => (processes === 'one process' ? world.ipam : world.process().ipam));
      const given = await Promise.all(ipams.map((ipam) => ipam.autoAssign({ host: 'host-a', num4: 1 })));
      expect(new Set(given.flatMap(ipsOf)).size).toBe(4);
      expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/26': 'confirmed' });
    },
  );

  it('XR-03 four claims of 16 blocks by one host: each claims all; four releases: none fails', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/22'] });
    const processes = Array.from({ length: 4 }, () => world.process());
    const claims = await Promise.all(processes.map(({ ipam }) => ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/22' })));
    expect(claims.map(({ claimed, failed }) => [claimed.length, failed.length])).toEqual(Array(4).fill([16, 0]));
    expect(Object.values(await world.affinities())).toEqual(Array(16).fill('confirmed'));
    await Promise.all(processes.map(({ ipam }) => ipam.releaseHostAffinities({ host: 'host-a' })));
    expect(await world.blocks()).toEqual({});
  });

  it.each(['AutoAssign', 'AssignIP', 'ClaimAffinity'])(
    'XR-04 a release right before the commit: %s starts over and succeeds',
    async (operation) => {
      const world = await openWorld({ pools: ['10.0.0.0/24'] });
      await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/26' });
      const other = world.process();
      let releases = 2;
      const slow = world.process();
      slow.fault = async ({ verb }): Promise<Fault> => {
        if (verb === 'commit' && releases-- > 0) await other.ipam.releaseHostAffinities({ host: 'host-a' });
        return 'none';
      };
      if (operation === 'AutoAssign') await slow.ipam.autoAssign({ host: 'host-a', num4: 1 });
      if (operation === 'AssignIP') await slow.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a' });
      if (operation === 'ClaimAffinity')
        expect(await slow.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/25' })).toMatchObject({ failed: [] });
      expect(await world.affinities()).toMatchObject({ 'host-a 10.0.0.0/26': 'confirmed' });
    },
  );

  it('XR-05, XR-07 an address assigned while its block is being given up survives', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    for (const mustBeEmpty of [false, true]) {
      await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/26' });
      const slow = world.process();
      let assignments = 1;
      slow.fault = async ({ verb }): Promise<Fault> => {
        if (verb === 'commit' && assignments-- > 0) await world.v4('host-a', 1, { handle: 'h' });
        return 'none';
      };
      const release = slow.ipam.releaseHostAffinities({ host: 'host-a', mustBeEmpty });
      if (mustBeEmpty) expect(await codeOf(release)).toBe('block-not-empty');
      else expect(await release).toEqual({ released: ['10.0.0.0/26'] });
      expect(await world.held()).toEqual({ '10.0.0.0': 'h' });
      expect(await world.blocks()).toEqual({ '10.0.0.0/26': mustBeEmpty ? 'host:host-a' : null });
      await world.ipam.releaseByHandle({ handle: 'h' });
    }
  });

  it('XR-07 a block that is being reclaimed keeps an address that its owner assigned meanwhile', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/30', blockSize: 30 }], config: { strictAffinity: true } });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/30' });
    world.clock.advance(61);
    const slow = world.process();
    let assignments = 1;
    slow.fault = async ({ verb }): Promise<Fault> => {
      if (verb === 'commit' && assignments-- > 0) await world.v4('host-a', 1, { handle: 'h' });
      return 'none';
    };
    expect(await codeOf(slow.ipam.autoAssign({ host: 'host-b', num4: 1 }))).toBe('strict-affinity');
    expect([await world.held(), await world.blocks()]).toEqual([{ '10.0.0.0': 'h' }, { '10.0.0.0/30': 'host:host-a' }]);
  });

  it('XR-06 a loser whose affinity was left pending borrows, and drops it', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/30', blockSize: 30 }] });
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-b', { 0: 'x' }));
    await world.put(keys.affinity('host-b', '10.0.0.0/30'), '{"state":"confirmed","deleted":false}');
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), PENDING);
    const { v4 } = await world.ipam.autoAssign({ host: 'host-a', num4: 1 });
    expect(v4?.addresses).toMatchObject([{ ip: '10.0.0.1', borrowed: true }]);
    expect(await world.affinities()).toEqual({ 'host-b 10.0.0.0/30': 'confirmed' });
  });

  it('XR-08 a release with the number of an earlier assignment does not free the later one', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/30'].map((cidr) => ({ cidr, blockSize: 30 })) });
    const first = await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', handle: 'h' });
    const late = world.process();
    let changes = 1;
    late.fault = async ({ verb }): Promise<Fault> => {
      if (verb === 'commit' && changes-- > 0) {
        await world.ipam.releaseByHandle({ handle: 'h' });
        await world.ipam.assignIp({ ip: '10.0.0.0', host: 'host-a', handle: 'h' });
      }
      return 'none';
    };
    expect(await codeOf(late.ipam.releaseIps({ ips: [{ ip: '10.0.0.0', sequenceNumber: first.sequenceNumber }] }))).toBe(
      'bad-sequence-number',
    );
    expect(await world.held()).toEqual({ '10.0.0.0': 'h' });
  });

  it('XR-09, I1 whatever runs at once, no address has two holders, and none is lost', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/25', blockSize: 29 }], nodes: hosts(6), walkStart: 'hashed' });
    const held = new Map<string, string>();
    const run = async (host: string, process: { ipam: typeof world.ipam }, round: number): Promise<void> => {
      const handle = `${host}.${round}`;
      const { v4 } = await process.ipam.autoAssign({ host, num4: 1 + (round % 5), handle, partial: true });
      for (const { ip } of v4?.addresses ?? []) {
        expect(held.get(ip), `${ip} is held already`).toBeUndefined();
        held.set(ip, handle);
      }
      if (round % 3 === 0) await process.ipam.releaseHostAffinities({ host });
      if (round % 2 === 0) {
        const mine = [...held].filter(([, holder]) => holder === handle).map(([ip]) => ip);
        for (const ip of mine) held.delete(ip);
        const { released } = await process.ipam.releaseByHandle({ handle });
        expect([...released].sort()).toEqual(mine.sort());
      }
    };
    await Promise.all(
      hosts(6).map(async (host) => {
        const process = world.process();
        for (let round = 0; round < 8; round++) await run(host, process, round);
      }),
    );
    expect(new Map(Object.entries(await world.held()))).toEqual(new Map([...held].sort()));
    expect(await world.faults()).toEqual([]);
  });
});
