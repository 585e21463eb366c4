import { describe, expect, it } from 'vitest';
import { keys, storedBlock } from '../support/ipam.ts';
import { type Bed, type BedCall, openBed, textOf } from './bed.ts';

/** GC with these attachments valid, `container` or `container interface`. */
function gc(valid: readonly string[], { conf = {}, ipam = {}, ...call }: BedCall = {}): BedCall {
  const attachments = valid.map((text) => text.split(' ')).map(([containerID, ifname = 'eth0']) => ({ containerID, ifname }));
  return {
    env: { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined },
    ...call,
    conf: { 'cni.dev/valid-attachments': attachments, ...conf },
    ipam: { gcMaxPercent: 100, ...ipam },
  };
}

async function handlesAfter(bed: Bed, call: BedCall): Promise<(string | null)[]> {
  expect(await bed.ok('GC', call)).toBeUndefined();
  return Object.values(await bed.world.held());
}

describe('GC', () => {
  it('SS-31 frees what is not listed, container and interface both counting', async () => {
    const bed = await openBed();
    for (const container of ['c1', 'c2']) for (const CNI_IFNAME of ['eth0', 'net1']) await bed.add(container, { env: { CNI_IFNAME } });
    expect(await handlesAfter(bed, gc(['c1', 'c2 net1', 'stranger']))).toEqual(['net.c1', 'net:c2:net1']);
    expect(await handlesAfter(bed, gc(['c1', 'c2 net1']))).toEqual(['net.c1', 'net:c2:net1']);
    expect(await handlesAfter(bed, gc([]))).toEqual([]);
    expect(await bed.world.handles()).toEqual({});
  });

  it('an absent list is an error, not an empty one: 7, nothing freed, the store not asked', async () => {
    const bed = await openBed();
    await bed.add('c1');
    for (const wanted of [undefined, null]) {
      const call = gc([], { conf: { 'cni.dev/valid-attachments': wanted } });
      const { calls, stdout } = await bed.run('GC', call);
      expect([calls, JSON.parse(stdout)]).toEqual([[], expect.objectContaining({ code: 7 })]);
    }
    expect(textOf(await bed.refused('GC', gc([], { conf: { 'cni.dev/valid-attachments': undefined } })))).toContain('nothing was freed');
    expect(await bed.world.held()).toEqual({ '10.0.0.0': 'net.c1' });
  });

  it('reads the spelling of the early draft when it is alone', async () => {
    const bed = await openBed();
    await bed.add('c1');
    await bed.add('c2');
    const conf = { 'cni.dev/valid-attachments': undefined, 'cni.dev/attachments': [{ containerID: 'c1', ifname: 'eth0' }] };
    expect(await handlesAfter(bed, gc([], { conf }))).toEqual(['net.c1']);
  });

  it('SS-31 leaves other networks alone, also those whose names begin or end alike', async () => {
    const bed = await openBed();
    const names = ['net', 'net.a', 'a.net', 'net-a', 'a', 'net.c1'];
    for (const name of names) await bed.add('c1', { conf: { name } });
    expect(await handlesAfter(bed, gc([], { conf: { name: 'net' } }))).toEqual(['net.a.c1', 'a.net.c1', 'net-a.c1', 'a.c1', 'net.c1.c1']);
    expect(await handlesAfter(bed, gc([], { conf: { name: 'net.a' } }))).toEqual(['a.net.c1', 'net-a.c1', 'a.c1', 'net.c1.c1']);
    expect(await handlesAfter(bed, gc([], { conf: { name: 'nowhere' } }))).toHaveLength(4);
  });

  it('SS-31 leaves other nodes alone', async () => {
    const bed = await openBed();
    await bed.add('c1');
    await bed.add('c2', { conf: { nodename: 'host-b' } });
    expect(await handlesAfter(bed, gc([]))).toEqual(['net.c2']);
  });

  it('frees what this node borrowed from another, and leaves alone what another borrowed here', async () => {
    const bed = await openBed({ pools: [{ cidr: '10.0.0.0/30', blockSize: 31 }] });
    for (const [container, nodename] of [
      ['a1', 'host-a'],
      ['a2', 'host-a'],
      ['b1', 'host-b'],
      ['a3', 'host-a'],
    ] as const)
      await bed.add(container, { conf: { nodename } });
    await bed.del('a1');
    await bed.add('b2', { conf: { nodename: 'host-b' } });
    const blocks = await bed.world.blocks();
    const ownerOf = (ip: string) => blocks[/[01]$/.test(ip) ? '10.0.0.0/31' : '10.0.0.2/31'];
    const borrowed = Object.entries(await bed.world.held()).flatMap(([ip, handle]) =>
      ownerOf(ip) === `host:host-${handle?.[4]}` ? [] : [handle],
    );
    expect(borrowed.toSorted()).toEqual(['net.a3', 'net.b2']);
    expect((await handlesAfter(bed, gc(['a2']))).toSorted()).toEqual(['net.a2', 'net.b1', 'net.b2']);
  });

  it('frees what calico-ipam assigned to containers of this network, by the node it names or the owner of the block', async () => {
    const bed = await openBed({ pools: ['10.0.0.0/25'] });
    const { world } = bed;
    const id = (n: number) => `c${n}`.repeat(32);
    await world.v4('host-a', 1, { handle: `net.${id(1)}`, attrs: { node: 'host-a' } });
    await world.v4('host-a', 1, { handle: `net.${id(2)}`, attrs: { node: 'host-a' } });
    await world.v4('host-a', 1, { handle: `net.${id(3)}` });
    await world.v4('host-b', 1, { handle: `net.${id(4)}` });
    await world.v4('host-a', 1, { handle: `net.a.${id(5)}`, attrs: { node: 'host-a' } });
    const left = (await handlesAfter(bed, gc([`${id(1)} net1`]))).toSorted();
    expect(left).toEqual([`net.a.${id(5)}`, `net.${id(1)}`, `net.${id(4)}`]);
  });

  it('leaves alone what calico-ipam or an operator holds for anything but a container', async () => {
    const bed = await openBed({ pools: ['10.0.0.0/25'] });
    for (const handle of ['net.ns1-vm', 'net.web-0', 'net.gateway']) await bed.world.v4('host-a', 1, { handle, attrs: { node: 'host-a' } });
    expect((await handlesAfter(bed, gc([]))).toSorted()).toEqual(['net.gateway', 'net.ns1-vm', 'net.web-0']);
  });

  it('leaves alone what no attachment holds: tunnel addresses, addresses without a handle, cooling ones', async () => {
    const bed = await openBed({ pools: ['10.0.0.0/26'], config: { ipCooldownSeconds: 60 } });
    await bed.world.v4('host-a', 1, { handle: 'vxlan-tunnel-addr-host-a', attrs: { node: 'host-a', type: 'vxlanTunnelAddress' } });
    await bed.world.v4('host-a', 1);
    await bed.add('c1');
    await bed.del('c1');
    const before = await bed.world.dump();
    expect(await handlesAfter(bed, gc([]))).toEqual(['vxlan-tunnel-addr-host-a', null]);
    expect(await bed.world.dump()).toEqual(before);
  });

  it.each([
    [undefined, 2, true],
    [undefined, 1, false],
    [49, 2, false],
    [0, 4, true],
    [25, 3, true],
    [24, 3, false],
    [100, 0, true],
  ])('gcMaxPercent %j with %d of 4 valid: goes on %j', async (gcMaxPercent, validCount, goesOn) => {
    const bed = await openBed();
    for (let n = 0; n < 4; n++) await bed.add(`c${n}`);
    await bed.add('c9', { conf: { name: 'other' } });
    const call = gc(
      Array.from({ length: validCount }, (_, n) => `c${n}`),
      { ipam: { gcMaxPercent } },
    );
    if (goesOn) {
      expect(await handlesAfter(bed, call)).toHaveLength(validCount + 1);
      return;
    }
    const error = await bed.refused('GC', call);
    expect([error.code, textOf(error)]).toEqual([
      106,
      expect.stringMatching(
        new RegExp(`free ${4 - validCount} of the 4 addresses .*Nothing was freed: .*10\\.0\\.0\\.3 \\(net\\.c3\\).*gcMaxPercent`),
      ),
    ]);
  });

  it('I6 never frees an address that changed hands after it was looked at', async () => {
    const bed = await openBed({ pools: [{ cidr: '10.0.0.0/32', blockSize: 32 }] });
    await bed.add('c1');
    let changes = 1;
    const { exitCode } = await bed.run(
      'GC',
      gc([], {
        fault: async ({ verb }) => {
          if (verb === 'commit' && changes-- > 0) {
            await bed.del('c1');
            await bed.add('c2');
          }
          return 'none' as const;
        },
      }),
    );
    expect(exitCode).toBe(1);
    expect(await bed.world.held()).toEqual({ '10.0.0.0': 'net.c2' });
  });

  it('SS-31 goes on past a block that cannot be read, and names it', async () => {
    const bed = await openBed();
    await bed.add('c1');
    await bed.world.put(keys.block('10.0.9.64/26'), '{"cidr":');
    const { exitCode, stdout } = await bed.run('GC', gc([]));
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      1,
      expect.objectContaining({ code: 105, msg: expect.stringMatching(/1 address\(es\) were freed.*10\.0\.9\.64-26/) }),
    ]);
    expect(await bed.world.held()).toEqual({});
  });

  it('under strict affinity looks at the blocks of the node alone', async () => {
    const bed = await openBed({ pools: ['10.0.0.0/24'], config: { strictAffinity: true } });
    await bed.add('c1');
    await bed.world.put(keys.block('10.0.0.192/26'), storedBlock('10.0.0.192/26', 'host:host-b', { 0: 'net.c7' }));
    expect(await handlesAfter(bed, gc([]))).toEqual(['net.c7']);
  });

  it('frees hundreds, over several blocks', async () => {
    const bed = await openBed({ pools: ['10.0.0.0/22'] });
    const { world } = bed;
    for (let n = 0; n < 250; n += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, each) =>
          world.v4('host-a', 1, { handle: `net.c${n + each}`, attrs: { node: 'host-a', network: 'net' } }),
        ),
      );
    }
    expect(await handlesAfter(bed, gc(['c7', 'c249']))).toEqual(expect.arrayContaining(['net.c7', 'net.c249']));
    expect(Object.keys(await world.handles()).toSorted()).toEqual(['net.c249', 'net.c7']);
  });
});
