import { describe, expect, it } from 'vitest';
import { keys, openWorld, storedBlock } from '../support/ipam.ts';

describe('explainIp', () => {
  it('AT-01 tells who holds an address, since when, from whose block, and what else is in it', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/26'] });
    await world.v4('host-a', 1, { handle: 'other' });
    const attrs = { pod: 'web-1', namespace: 'default', node: 'host-a', timestamp: '2026-08-22 00:00:00 +0000 UTC' };
    await world.ipam.assignIp({ ip: '10.0.0.5', host: 'host-a', handle: 'web', attrs });
    const explanation = await world.ipam.explainIp({ ip: '10.0.0.5' });
    expect(explanation).toMatchObject({
      state: 'held',
      pool: { name: 'pool1', cidr: '10.0.0.0/26', disabled: false },
      reservedBy: [],
      block: { cidr: '10.0.0.0/26', affinity: 'host:host-a', nodeKnown: true, held: 2, cooling: 0, free: 62 },
      holder: { handle: 'web', handleKnown: true, active: attrs, node: 'host-a', nodeKnown: true, borrowed: false },
      cooling: null,
      queue: null,
    });
    expect(explanation.block?.holders).toEqual([
      { handle: 'other', addresses: 1 },
      { handle: 'web', addresses: 1 },
    ]);
    expect(explanation.sentences.slice(0, 2)).toEqual([
      '10.0.0.5 is held by handle web.',
      'It was assigned for default/web-1 on node host-a at 2026-08-22 00:00:00 +0000 UTC.',
    ]);
  });

  it('AA-19 sees that an address is borrowed, and that its node or handle has no record', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/30', blockSize: 30 }] });
    await world.v4('host-a', 1);
    const [ip = ''] = await world.v4('host-b', 1, { handle: 'h', attrs: { node: 'host-b' } });
    expect(await world.ipam.explainIp({ ip })).toMatchObject({ holder: { node: 'host-b', borrowed: true, nodeKnown: true } });
    await world.remove(keys.node('host-b'));
    await world.remove(keys.handle('h'));
    const explanation = await world.ipam.explainIp({ ip });
    expect(explanation).toMatchObject({ holder: { handleKnown: false, nodeKnown: false } });
    expect(explanation.sentences).toContain('It is borrowed: its block 10.0.0.0/30 belongs to host:host-a.');
  });

  it('CD-01 CD-02 tells until when an address cools, and since when it is free', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/26'], config: { ipCooldownSeconds: 60 } });
    await world.ipam.assignIp({ ip: '10.0.0.5', host: 'host-a', handle: 'web' });
    await world.ipam.releaseByHandle({ handle: 'web' });
    const cooling = await world.ipam.explainIp({ ip: '10.0.0.5' });
    expect(cooling).toMatchObject({
      state: 'cooling',
      holder: null,
      cooling: { releasedAt: '2026-08-22T00:00:00Z', until: '2026-08-22T00:01:00Z' },
    });
    expect(cooling.sentences[0]).toBe(
      '10.0.0.5 was released at 2026-08-22T00:00:00Z and is still cooling: nobody gets it before 2026-08-22T00:01:00Z.',
    );
    await world.clock.sleep(61_000);
    expect(await world.ipam.explainIp({ ip: '10.0.0.5' })).toMatchObject({
      state: 'free',
      cooling: null,
      queue: { before: 63, freeSince: '2026-08-22T00:01:00Z' },
    });
  });

  it('tells a free address of a block from one that is in no block, in no pool, in a disabled pool or reserved', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', { name: 'off', cidr: '10.1.0.0/24', disabled: true }] });
    await world.ipam.reservations.create({ name: 'gateways', spec: { reservedCIDRs: ['10.0.0.64/31'] } });
    await world.v4('host-a', 1);
    expect(await world.ipam.explainIp({ ip: '10.0.0.1' })).toMatchObject({ state: 'free', queue: { before: 0, freeSince: null } });
    expect(await world.ipam.explainIp({ ip: '10.0.0.65' })).toMatchObject({ state: 'no-block', block: null, reservedBy: ['gateways'] });
    expect(await world.ipam.explainIp({ ip: '10.1.0.1' })).toMatchObject({ state: 'no-block', pool: { name: 'off', disabled: true } });
    const outside = await world.ipam.explainIp({ ip: '192.0.2.1' });
    expect(outside).toMatchObject({ state: 'no-block', pool: null });
    expect(outside.sentences).toContain('It is in no pool: nothing assigns it.');
  });

  it('AT-02 finds a block of another size than its pool makes, also outside all pools', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.block('10.0.0.8/29'), storedBlock('10.0.0.8/29', null, { 1: 'h', 2: null }));
    await world.put(keys.block('fd00::/122'), storedBlock('fd00::/122', 'host:host-a', { 0: 'six' }));
    expect(await world.ipam.explainIp({ ip: '10.0.0.9' })).toMatchObject({
      state: 'held',
      block: { cidr: '10.0.0.8/29', nodeKnown: null },
    });
    expect(await world.ipam.explainIp({ ip: '10.0.0.10' })).toMatchObject({ holder: { handle: null, handleKnown: null } });
    expect(await world.ipam.explainIp({ ip: 'fd00::' })).toMatchObject({ state: 'held', pool: null, holder: { handle: 'six' } });
  });

  it('looks for no record of a name that no key can hold', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const stored = JSON.parse(storedBlock('10.0.0.0/26', `host:${'é'.repeat(900)}`, { 1: 'h'.repeat(2_000) }));
    stored.attributes[0].secondary = { node: 'n'.repeat(5_000) };
    await world.put(keys.block('10.0.0.0/26'), JSON.stringify(stored));
    expect(await world.ipam.explainIp({ ip: '10.0.0.1' })).toMatchObject({
      block: { nodeKnown: false },
      holder: { handleKnown: false, nodeKnown: false, borrowed: true },
    });
  });

  it('I10 says of a block that cannot be read that nobody knows', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.block('10.0.0.0/26'), 'no JSON');
    const explanation = await world.ipam.explainIp({ ip: '10.0.0.9' });
    expect(explanation).toMatchObject({ state: 'unreadable', block: { cidr: '10.0.0.0/26', fault: expect.any(String) } });
    expect(explanation.sentences.at(-1)).toContain('plat ipam check');
  });
});
