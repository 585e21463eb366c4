import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld } from '../support/ipam.ts';

const SMALL = { cidr: '10.0.0.0/24', blockSize: 30 };

describe('IPs by handle', () => {
  it('IH-01 finds none without the handle, one after an assignment, none after the release', async () => {
    const world = await openWorld({ pools: [SMALL] });
    expect(await codeOf(world.ipam.ipsByHandle({ handle: 'h' }))).toBe('not-found');
    await world.v4('host-a', 1, { handle: 'h' });
    expect(await world.ipam.ipsByHandle({ handle: 'h' })).toEqual(['10.0.0.0']);
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await codeOf(world.ipam.ipsByHandle({ handle: 'h' }))).toBe('not-found');
  });

  it('IH-02 skips blocks that are missing or cannot be read, and what is cooling', async () => {
    const world = await openWorld({ pools: [SMALL, 'fd00::/120'], config: { ipCooldownSeconds: 300 } });
    await world.ipam.autoAssign({ host: 'host-a', num4: 12, num6: 1, handle: 'h' });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.1' }] });
    await world.put(keys.block('10.0.0.4/30'), 'broken');
    await world.remove(keys.block('10.0.0.8/30'));
    expect(await world.ipam.ipsByHandle({ handle: 'h' })).toEqual(['10.0.0.0', '10.0.0.2', '10.0.0.3', 'fd00::']);
  });

  it('IH-03 gives nothing for a handle that was left without addresses', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.put(keys.handle('h'), '{"block":{"10.0.0.0/30":1},"deleted":false}');
    expect(await world.ipam.ipsByHandle({ handle: 'h' })).toEqual([]);
  });

  it('IH-04 takes the name as it is', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.v4('host-a', 1, { handle: 'h' });
    expect(await codeOf(world.ipam.ipsByHandle({ handle: 'h\r1' }))).toBe('not-found');
  });
});
