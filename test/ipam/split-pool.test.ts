import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld, refusalOf, storedBlock } from '../support/ipam.ts';

describe('splitPool', () => {
  it('replaces a pool by copies of it, which hold the same blocks and addresses', async () => {
    const world = await openWorld();
    const spec = { cidr: '10.0.1.0/24', blockSize: 28, nodeSelector: "rack == 'r1'", natOutgoing: true, disabled: true };
    await world.ipam.pools.create({
      name: 'p1',
      spec: { ...spec, disabled: false, nodeSelector: 'all()' },
      labels: { team: 'x' },
      annotations: { a: 'b' },
    });
    const held = await world.v4('host-a', 20, { handle: 'h' });
    await world.ipam.pools.replace({ name: 'p1', spec });
    const before = await world.blocks();
    const { parts } = await world.ipam.splitPool({ name: 'p1', parts: 4 });
    expect(parts).toEqual([
      { name: 'split-p1-0', cidr: '10.0.1.0/26' },
      { name: 'split-p1-1', cidr: '10.0.1.64/26' },
      { name: 'split-p1-2', cidr: '10.0.1.128/26' },
      { name: 'split-p1-3', cidr: '10.0.1.192/26' },
    ]);
    const pools = await world.ipam.pools.list();
    expect(pools).toMatchObject(
      parts.map(({ name, cidr }) => ({ name, labels: { team: 'x' }, annotations: { a: 'b' }, spec: { ...spec, cidr } })),
    );
    expect(new Set(pools.map(({ uid }) => uid)).size).toBe(4);
    expect(await world.blocks()).toEqual(before);
    expect(await world.ipam.ipsByHandle({ handle: 'h' })).toEqual(held);
    await world.ipam.pools.replace({ name: 'split-p1-0', spec: { disabled: false, nodeSelector: 'all()' } });
    expect((await world.ipam.autoAssign({ host: 'host-a', num4: 1 })).v4?.addresses).toMatchObject([{ pool: 'split-p1-0' }]);
  });

  it('is one commit: there is never a moment without a pool', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/16'] });
    const { calls } = await world.main.counted(() => world.ipam.splitPool({ name: 'pool1', parts: 64 }));
    expect(calls.filter(({ verb }) => verb === 'commit')).toHaveLength(1);
    expect(await world.ipam.pools.list()).toHaveLength(64);
  });

  it('I8 does not split again after an answer was lost', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    let commits = 0;
    world.main.fault = ({ verb }) => (verb === 'commit' && ++commits === 1 ? 'lost-reply' : 'none');
    expect((await world.ipam.splitPool({ name: 'pool1', parts: 2 })).written).toBe(true);
    expect((await world.ipam.pools.list()).map(({ name }) => name)).toEqual(['split-pool1-0', 'split-pool1-1']);
  });

  it('tells the parts in a dry run, and refuses there what it would refuse', async () => {
    const world = await openWorld({ pools: ['fd00::/120'] });
    const before = await world.dump();
    const plan = await world.ipam.splitPool({ name: 'pool1', parts: 2, dryRun: true });
    expect(plan).toEqual({
      parts: [
        { name: 'split-pool1-0', cidr: 'fd00::/121' },
        { name: 'split-pool1-1', cidr: 'fd00::80/121' },
      ],
      written: false,
    });
    expect(await codeOf(world.ipam.splitPool({ name: 'pool1', parts: 3, dryRun: true }))).toBe('invalid-argument');
    expect(await world.dump()).toEqual(before);
  });

  it.each([-2, 0, 1, 3, 12, 128])('refuses %d parts and changes nothing', async (parts) => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/16', blockSize: 32 }] });
    const before = await world.dump();
    expect(await codeOf(world.ipam.splitPool({ name: 'pool1', parts }))).toBe('invalid-argument');
    expect(await world.dump()).toEqual(before);
  });

  it('refuses parts smaller than a block or than an address, an unknown pool, and one that is being deleted', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', { cidr: '10.1.0.0/31', blockSize: 32 }, '10.2.0.0/24'] });
    expect((await refusalOf(world.ipam.splitPool({ name: 'pool1', parts: 8 }))).message).toContain('smaller than a block');
    expect((await refusalOf(world.ipam.splitPool({ name: 'pool2', parts: 4 }))).message).toContain('not large enough');
    expect(await codeOf(world.ipam.splitPool({ name: 'nosuch', parts: 2 }))).toBe('not-found');
    const stored = JSON.parse((await world.text(keys.pool('pool3'))) ?? '');
    stored.metadata.deletionTimestamp = '2026-08-22T00:00:00Z';
    await world.put(keys.pool('pool3'), JSON.stringify(stored));
    expect(await codeOf(world.ipam.splitPool({ name: 'pool3', parts: 2 }))).toBe('conflict');
  });

  it('refuses when a part has the name of another pool, or a block lies in no part whole', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24', { name: 'split-pool1-1', cidr: '10.9.0.0/24' }] });
    expect(await codeOf(world.ipam.splitPool({ name: 'pool1', parts: 2 }))).toBe('already-exists');
    const other = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 28 }] });
    await other.put(keys.block('10.0.0.128/25'), storedBlock('10.0.0.128/25', 'host:host-a'));
    expect(await refusalOf(other.ipam.splitPool({ name: 'pool1', parts: 4 }))).toMatchObject({
      code: 'pool-overlap',
      details: { blocks: ['10.0.0.128/25'] },
    });
    expect((await other.ipam.splitPool({ name: 'pool1', parts: 2 })).parts).toHaveLength(2);
  });

  it('I10 keeps members of the spec that this version does not know, and cuts a long name as calicoctl does', async () => {
    const world = await openWorld();
    const name = 'p'.repeat(250);
    await world.ipam.pools.create({ name, spec: { cidr: '10.0.0.0/24' } });
    const stored = JSON.parse((await world.text(keys.pool(name))) ?? '');
    stored.spec.later = { kept: true };
    await world.put(keys.pool(name), JSON.stringify(stored));
    const { parts } = await world.ipam.splitPool({ name, parts: 2 });
    expect(parts[0]?.name).toBe(`split-${'p'.repeat(245)}-0`);
    expect(JSON.parse((await world.text(keys.pool(parts[0]?.name ?? ''))) ?? '').spec).toEqual({ ...stored.spec, cidr: '10.0.0.0/25' });
  });
});
