import { describe, expect, it } from 'vitest';
import { codeOf, ipsOf, keys, openWorld, refusalOf, storedBlock } from '../support/ipam.ts';

const SMALL = { cidr: '10.0.0.0/24', blockSize: 30 };

describe('release by handle', () => {
  it('RH-01 says that there was no such handle, as often as it is asked', async () => {
    const world = await openWorld({ pools: [SMALL] });
    const before = await world.dump();
    for (let n = 0; n < 2; n++) expect(await world.ipam.releaseByHandle({ handle: 'h' })).toEqual({ found: false, released: [] });
    expect(await world.dump()).toEqual(before);
  });

  it('RH-02 releases every address of both families, and of nobody else', async () => {
    const world = await openWorld({ pools: [SMALL, 'fd00::/120'] });
    const given = ipsOf(await world.ipam.autoAssign({ host: 'host-a', num4: 3, num6: 2, handle: 'h' }));
    await world.v4('host-a', 1, { handle: 'g' });
    const { found, released } = await world.ipam.releaseByHandle({ handle: 'h' });
    expect(found).toBe(true);
    expect([...released].sort()).toEqual(given.sort());
    expect(await world.held()).toEqual({ '10.0.0.3': 'g' });
    expect(await world.handles()).toEqual({ g: { '10.0.0.0/30': 1 } });
    expect(await world.ipam.releaseByHandle({ handle: 'h' })).toEqual({ found: false, released: [] });
  });

  it('RH-03 cuts the name at the first carriage return, so a handle stored with one is not found', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.put(keys.handle('g\r1'), '{"block":{},"deleted":false}');
    expect(await world.ipam.releaseByHandle({ handle: 'g\r1' })).toMatchObject({ found: false });
    expect(await world.ipam.releaseByHandle({ handle: 'h\rsomething' })).toEqual({ found: true, released: ['10.0.0.0'] });
  });

  it.each([
    ['whose block is gone', { '10.0.0.8/30': 1 }, []],
    ['whose block holds no such address', { '10.0.0.0/30': 1 }, []],
    ['that counts too many', { '10.0.0.4/30': 9 }, ['10.0.0.5']],
    ['that counts too few', { '10.0.0.4/30': 0 }, ['10.0.0.5']],
    ['that counts one block more', { '10.0.0.4/30': 1, '10.0.0.0/30': 1 }, ['10.0.0.5']],
    ['that counts nothing', {}, []],
    ['that names what is no network', { nonsense: 1 }, []],
  ])('RH-04, WT-05, CR-06, CR-08 ends with no handle, one %s included', async (_, block, released) => {
    const world = await openWorld({ pools: [SMALL] });
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-a', { 0: 'other' }));
    await world.put(keys.block('10.0.0.4/30'), storedBlock('10.0.0.4/30', 'host:host-a', { 1: 'h' }));
    await world.put(keys.handle('h'), JSON.stringify({ block, deleted: false }));
    expect(await world.ipam.releaseByHandle({ handle: 'h' })).toEqual({ found: true, released });
    expect(await world.text(keys.handle('h'))).toBeUndefined();
  });

  it('RH-05, AF-14 leaves empty blocks with their host', async () => {
    const world = await openWorld({ pools: [SMALL] });
    for (let n = 0; n < 12; n++) await world.v4('host-a', 1, { handle: 'h' });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/30': 4, '10.0.0.4/30': 4, '10.0.0.8/30': 4 } });
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(Object.values(await world.blocks())).toEqual(['host:host-a', 'host:host-a', 'host:host-a']);
    expect(await world.handles()).toEqual({});
  });

  it('RH-06, CR-13 deletes blocks that belong to nobody', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.v4('host-a', 12, { handle: 'h' });
    await world.ipam.releaseHostAffinities({ host: 'host-a' });
    expect([await world.affinities(), Object.values(await world.blocks())]).toEqual([{}, [null, null, null]]);
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await world.blocks()).toEqual({});
  });

  it('RH-07 many conflicts on a block of nobody: an error, and nothing released', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.ipam.releaseHostAffinities({ host: 'host-a' });
    world.main.fault = ({ verb }) => (verb === 'commit' ? 'conflict' : 'none');
    expect(await codeOf(world.ipam.releaseByHandle({ handle: 'h' }))).toBe('too-much-contention');
    expect(await world.held()).toEqual({ '10.0.0.0': 'h' });
  });

  it('RH-08 one block that cannot be read stops the whole release, and is named', async () => {
    const world = await openWorld({ pools: [SMALL] });
    await world.v4('host-a', 8, { handle: 'h' });
    await world.put(keys.block('10.0.0.4/30'), 'broken');
    const before = await world.dump();
    expect(await refusalOf(world.ipam.releaseByHandle({ handle: 'h' }))).toMatchObject({
      code: 'corrupt-value',
      details: { key: keys.block('10.0.0.4/30') },
    });
    expect(await world.dump()).toEqual(before);
  });

  it('releases a handle that holds addresses in more blocks than one commit may change', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/22', blockSize: 30 }] });
    await world.v4('host-a', 560, { handle: 'h', maxBlocksPerHost: -1 });
    const { found, released } = await world.ipam.releaseByHandle({ handle: 'h' });
    expect([found, new Set(released).size]).toEqual([true, 560]);
    expect(await world.handles()).toEqual({});
    expect(await world.held()).toEqual({});
  });
});
