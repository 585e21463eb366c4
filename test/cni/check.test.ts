import { describe, expect, it } from 'vitest';
import { type Bed, openBed, textOf } from './bed.ts';

/** CHECK of container c1 against a result with these addresses. */
function against(addresses: readonly string[] | undefined): { conf: object & Record<string, unknown> } {
  const ips = addresses?.map((address) => ({ address }));
  return { conf: ips ? { prevResult: { cniVersion: '1.1.0', ips } } : {} };
}

async function openWithOne(): Promise<Bed> {
  const bed = await openBed({ pools: ['10.0.0.0/26', 'fd00::/122'] });
  await bed.add('c1', { ipam: { assign_ipv6: true } });
  return bed;
}

describe('CHECK', () => {
  it.each([
    ['what ADD gave', ['10.0.0.0/26', 'fd00::/122']],
    ['the same in another order and spelling', ['FD00:0::0/64', '10.0.0.0/32']],
    ['with addresses of other plugins beside', ['10.0.0.0/26', '192.0.2.1/24', 'fd00::/122', 'fe80::1/64']],
    ['nothing to compare', undefined],
  ])('SS-30 succeeds for %s, and says and writes nothing', async (_, addresses) => {
    const bed = await openWithOne();
    const before = await bed.world.dump();
    expect(await bed.ok('CHECK', against(addresses))).toBeUndefined();
    expect(await bed.world.dump()).toEqual(before);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['an address less than is held', ['10.0.0.0/26'], /fd00:: is held by this attachment and missing in prevResult/],
    ['one more, which nobody holds', ['10.0.0.0/26', 'fd00::/122', '10.0.0.9/26'], /10\.0\.0\.9 is held by nobody/],
    ['one more, which another has', ['10.0.0.0/26', 'fd00::/122', '10.0.0.1/26'], /10\.0\.0\.1 is held by handle net\.c2/],
    ['no address', [], /10\.0\.0\.0 is held by this attachment.*fd00:: is held by this attachment/],
    [
      'several differences',
      ['10.0.0.9/26', '10.0.0.1/26'],
      /10\.0\.0\.9 is held by nobody; 10\.0\.0\.1 is held by handle net\.c2; 10\.0\.0\.0 .*; fd00:: /,
    ],
  ])('SS-30 105 for %s, naming each difference', async (_, addresses, words) => {
    const bed = await openWithOne();
    await bed.add('c2');
    const error = await bed.refused('CHECK', against(addresses));
    expect([error.code, textOf(error)]).toEqual([105, expect.stringMatching(words)]);
    expect(error.msg).toContain('network net, container c1, eth0');
  });

  it('SS-30 105 when the attachment holds nothing, with its handle; also when only another interface does', async () => {
    const bed = await openWithOne();
    await bed.world.ipam.releaseByHandle({ handle: 'net.c1' });
    await bed.add('c1', { env: { CNI_IFNAME: 'net1' } });
    for (const addresses of [['10.0.0.0/26'], ['192.0.2.1/24'], undefined]) {
      const error = await bed.refused('CHECK', against(addresses));
      expect([error.code, error.msg]).toEqual([105, expect.stringContaining('the store has no address for it (handle net.c1)')]);
    }
  });

  it('105 for an address that was released and is cooling', async () => {
    const bed = await openBed({ pools: ['10.0.0.0/26'], config: { ipCooldownSeconds: 60 } });
    await bed.add('c1');
    await bed.del('c1');
    expect(textOf(await bed.refused('CHECK', against(['10.0.0.0/26'])))).toMatch(/10\.0\.0\.0 is held by nobody/);
  });

  it('tells an address without a handle from one that nobody has', async () => {
    const bed = await openWithOne();
    await bed.world.v4('host-a', 1);
    expect(textOf(await bed.refused('CHECK', against(['10.0.0.0/26', 'fd00::/122', '10.0.0.1/26'])))).toContain(
      '10.0.0.1 is held without a handle',
    );
  });

  it.each([{ ips: 'x' }, { ips: [{ address: 'x' }] }, 'text', []])('6 for the prevResult %j', async (prevResult) => {
    const bed = await openWithOne();
    expect(await bed.refused('CHECK', { conf: { prevResult } })).toMatchObject({ code: 6, msg: expect.stringContaining('prevResult') });
  });

  it('reads the results of old versions, and of ranges', async () => {
    const bed = await openWithOne();
    expect(
      await bed.ok('CHECK', {
        conf: { cniVersion: '0.4.0', prevResult: { cniVersion: '0.2.0', ip4: { ip: '10.0.0.0/26' }, ip6: { ip: 'fd00::/122' } } },
      }),
    ).toBeUndefined();
    const ipam = { subnet: '10.1.0.0/24' };
    await bed.add('c2', { ipam });
    const env = { CNI_CONTAINERID: 'c2' };
    expect(await bed.ok('CHECK', { ...against(['10.1.0.2/24']), env, ipam })).toBeUndefined();
    expect(textOf(await bed.refused('CHECK', { ...against(['10.1.0.3/24']), env, ipam }))).toMatch(
      /10\.1\.0\.3 is held by nobody; 10\.1\.0\.2 is held by this/,
    );
  });
});
