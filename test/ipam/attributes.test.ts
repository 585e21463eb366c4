import { describe, expect, it } from 'vitest';
import type { SetOwnerAttributesOptions } from '../../src/ipam/api.ts';
import { codeOf, keys, openWorld, refusalOf, storedBlock, type World } from '../support/ipam.ts';

const IP = '10.0.0.0';
const A = { pod: 'pod-a', namespace: 'ns-a' };
const B = { pod: 'pod-b', namespace: 'ns-b' };
const NAME_A = { name: 'pod-a', namespace: 'ns-a' };
const NAME_B = { name: 'pod-b', namespace: 'ns-b' };

type Update = Omit<SetOwnerAttributesOptions, 'ip' | 'handle'>;

/** One address of handle h, without metadata. */
async function withAddress(): Promise<World> {
  const world = await openWorld({ pools: ['10.0.0.0/24'] });
  await world.v4('host-a', 1, { handle: 'h' });
  return world;
}

const set = (world: World, update: Update) => world.ipam.setOwnerAttributes({ ip: IP, handle: 'h', ...update });

async function owners(world: World, ip = IP) {
  const { active, alternate } = await world.ipam.getAssignmentAttributes({ ip });
  return { active, alternate };
}

describe('attributes of an address', () => {
  it('AT-01, BK-14 are those of its assignment', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'], config: { ipCooldownSeconds: 30 } });
    const attrs = { node: 'host-a', type: 'ipipTunnelAddress' };
    const { sequenceNumber } = await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h', attrs });
    expect(await world.ipam.getAssignmentAttributes({ ip: '10.0.0.1' })).toEqual({
      handle: 'h',
      active: attrs,
      alternate: undefined,
      sequenceNumber,
      block: '10.0.0.0/26',
      affinity: 'host:host-a',
    });
    expect(await codeOf(world.ipam.getAssignmentAttributes({ ip: '10.0.0.2' }))).toBe('not-found');
    expect(await refusalOf(world.ipam.getAssignmentAttributes({ ip: '10.0.0.65' }))).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('its block 10.0.0.64/26 does not exist'),
    });
    expect(await codeOf(world.ipam.getAssignmentAttributes({ ip: '10.9.0.1' }))).toBe('not-found');
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect(await codeOf(world.ipam.getAssignmentAttributes({ ip: '10.0.0.1' }))).toBe('address-cooling');
    world.clock.advance(31);
    expect(await codeOf(world.ipam.getAssignmentAttributes({ ip: '10.0.0.1' }))).toBe('not-found');
  });

  it('AT-02, WT-14 are found in a disabled pool too', async () => {
    const world = await withAddress();
    await world.ipam.pools.replace({ name: 'pool1', spec: { disabled: true } });
    expect(await world.ipam.getAssignmentAttributes({ ip: IP })).toMatchObject({ handle: 'h' });
  });

  it('WT-17 an index that points nowhere is reported, not followed', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const block = JSON.parse(storedBlock('10.0.0.0/26', 'host:host-a', { 0: 'h' })) as {
      allocations: (number | null)[];
      attributes: unknown;
    };
    await world.put(keys.block('10.0.0.0/26'), JSON.stringify({ ...block, attributes: [] }));
    expect(await codeOf(world.ipam.getAssignmentAttributes({ ip: IP }))).toBe('corrupt-value');
    expect(await world.v4('host-a', 1)).toEqual(['10.0.0.1']);
    await world.remove(keys.block('10.0.0.0/26'));
  });
});

describe('owners', () => {
  it.each<[string, Update[], Awaited<ReturnType<typeof owners>>]>([
    ['sets the active one', [{ active: A }], { active: A, alternate: undefined }],
    ['sets the alternate one', [{ alternate: B }], { active: undefined, alternate: B }],
    ['sets both', [{ active: A, alternate: B }], { active: A, alternate: B }],
    ['clears the active one', [{ active: A, alternate: B }, { active: null }], { active: undefined, alternate: B }],
    ['clears the alternate one', [{ active: A, alternate: B }, { alternate: null }], { active: A, alternate: undefined }],
    [
      'clears both',
      [
        { active: A, alternate: B },
        { active: null, alternate: null },
      ],
      { active: undefined, alternate: undefined },
    ],
    ['overwrites', [{ active: A }, { active: B }], { active: B, alternate: undefined }],
    ['leaves alone what is not named', [{ active: A, alternate: B }, { alternate: A }], { active: A, alternate: A }],
    ['clears with an empty map', [{ active: A }, { active: {} }], { active: undefined, alternate: undefined }],
    ['changes nothing when nothing is named', [{ active: A }, {}], { active: A, alternate: undefined }],
  ])('AT-03, AT-04, AT-08, AT-13 %s', async (_, updates, expected) => {
    const world = await withAddress();
    for (const update of updates) await set(world, update);
    expect(await owners(world)).toEqual(expected);
    expect(await world.held()).toEqual({ [IP]: 'h' });
  });

  it.each<[string, Update, boolean]>([
    ['the expected active owner is there', { active: B, expectActive: NAME_A }, true],
    ['another active owner is there', { active: B, expectActive: NAME_B }, false],
    ['the active owner should be none', { active: B, expectActive: 'empty' }, false],
    ['there should be no alternate owner, and is none', { alternate: B, expectAlternate: 'empty' }, true],
    ['the alternate owner should be one', { alternate: B, expectAlternate: NAME_A }, false],
    ['both are as expected', { active: B, expectActive: NAME_A, alternate: A, expectAlternate: 'empty' }, true],
    ['only one is as expected', { active: B, expectActive: NAME_A, alternate: A, expectAlternate: NAME_B }, false],
    ['the side that is not changed is not as expected', { alternate: B, expectActive: NAME_B }, true],
    ['a side without a name should be empty', { active: B, expectActive: { name: '', namespace: '' } }, false],
    ['only the pod is as expected', { active: B, expectActive: { name: 'pod-a', namespace: 'other' } }, false],
  ])('AT-05, AT-11 when %s', async (_, update, isApplied) => {
    const world = await withAddress();
    await set(world, { active: A });
    const before = await world.dump();
    if (isApplied) await set(world, update);
    else expect(await codeOf(set(world, update))).toBe('owner-mismatch');
    if (!isApplied) expect(await world.dump()).toEqual(before);
    expect(await owners(world)).toEqual(
      isApplied ? { active: 'active' in update ? B : A, alternate: update.alternate ?? undefined } : { active: A, alternate: undefined },
    );
  });

  it('AT-05 says what was expected and what was found', async () => {
    const world = await withAddress();
    await set(world, { active: A });
    expect((await refusalOf(set(world, { active: B, expectActive: NAME_B }))).message).toContain(
      'the active owner should be pod=pod-b namespace=ns-b, but is pod=pod-a namespace=ns-a',
    );
  });

  it('AT-06 cannot be told two things at once: one member per side says it all, and texts only', async () => {
    const world = await withAddress();
    expect(await codeOf(set(world, { active: { pod: 1 } as unknown as Record<string, string> }))).toBe('invalid-argument');
    expect(await codeOf(set(world, { alternate: { pod: null } as unknown as Record<string, string> }))).toBe('invalid-argument');
  });

  it.each([
    ['the handle is another', IP, 'g', 'wrong-handle'],
    ['the handle has a carriage return', IP, 'h\r', 'wrong-handle'],
    ['it has no handle', '10.0.0.1', 'h', 'wrong-handle'],
    ['it has no handle, and none is named', '10.0.0.1', '', 'wrong-handle'],
    ['it is cooling', '10.0.0.2', 'cooling', 'wrong-handle'],
    ['it is not assigned', '10.0.0.9', 'h', 'not-found'],
    ['it is in no pool', '10.9.0.1', 'h', 'not-in-pool'],
    ['its pool is disabled', '20.0.0.0', 'h', 'not-in-pool'],
  ])('AT-07 refuses when %s', async (_, ip, handle, code) => {
    const world = await openWorld({ pools: ['10.0.0.0/24', '20.0.0.0/24'], config: { ipCooldownSeconds: 300 } });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a' });
    await world.ipam.assignIp({ ip: '10.0.0.2', host: 'host-a', handle: 'cooling' });
    await world.ipam.releaseByHandle({ handle: 'cooling' });
    await world.ipam.assignIp({ ip: '20.0.0.0', host: 'host-a', handle: 'h' });
    await world.ipam.pools.replace({ name: 'pool2', spec: { disabled: true } });
    const before = await world.dump();
    expect(await codeOf(world.ipam.setOwnerAttributes({ ip, handle, active: A }))).toBe(code);
    expect(await world.dump()).toEqual(before);
  });

  it('AT-07 compares the stored handle up to its carriage return', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.block('10.0.0.0/26'), storedBlock('10.0.0.0/26', 'host:host-a', { 0: 'h\r1' }));
    await set(world, { active: A });
    expect(await owners(world)).toEqual({ active: A, alternate: undefined });
  });

  it('AT-09 walk through a live migration', async () => {
    const world = await withAddress();
    await set(world, { active: A });
    await set(world, { alternate: B, expectAlternate: 'empty' });
    await set(world, { active: null, expectActive: NAME_A });
    await set(world, { active: B, expectActive: 'empty', alternate: null, expectAlternate: NAME_B });
    expect(await owners(world)).toEqual({ active: B, alternate: undefined });
    expect(await codeOf(set(world, { alternate: A, expectAlternate: NAME_B }))).toBe('owner-mismatch');
  });

  it('AT-10, WT-18 change for this address alone, though others came from the same call', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 3, { handle: 'h', attrs: A });
    await world.ipam.setOwnerAttributes({ ip: '10.0.0.1', handle: 'h', active: B });
    expect([await owners(world), await owners(world, '10.0.0.1'), await owners(world, '10.0.0.2')].map(({ active }) => active)).toEqual([
      A,
      B,
      A,
    ]);
    await world.ipam.releaseByHandle({ handle: 'h' });
    expect((await world.block('10.0.0.0/26')).attributes).toEqual([]);
  });

  it('AT-12 entries that became equal stay apart; an equal request takes the first; none with an alternate owner', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1, { handle: 'h', attrs: A });
    await world.v4('host-a', 1, { handle: 'h', attrs: B });
    await world.ipam.setOwnerAttributes({ ip: '10.0.0.1', handle: 'h', active: A });
    expect((await world.block('10.0.0.0/26')).attributes).toHaveLength(2);
    await world.v4('host-a', 1, { handle: 'h', attrs: A });
    expect((await world.block('10.0.0.0/26')).allocations.slice(0, 3)).toEqual([0, 1, 0]);
    await set(world, { alternate: B });
    await world.ipam.setOwnerAttributes({ ip: '10.0.0.1', handle: 'h', alternate: B });
    await world.ipam.setOwnerAttributes({ ip: '10.0.0.2', handle: 'h', alternate: B });
    const entries = (await world.block('10.0.0.0/26')).attributes?.length ?? 0;
    await world.v4('host-a', 1, { handle: 'h', attrs: A });
    expect((await world.block('10.0.0.0/26')).attributes).toHaveLength(entries + 1);
  });

  it('AT-13 many conflicts: an error, and nothing changed', async () => {
    const world = await withAddress();
    world.main.fault = ({ verb }) => (verb === 'commit' ? 'conflict' : 'none');
    expect(await codeOf(set(world, { active: A }))).toBe('too-much-contention');
    expect(await owners(world)).toEqual({ active: undefined, alternate: undefined });
  });
});
