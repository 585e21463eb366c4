import { describe, expect, it } from 'vitest';
import { codeOf, keys, openWorld, refusalOf } from '../support/ipam.ts';

const DEFAULTS = {
  strictAffinity: false,
  autoAllocateBlocks: true,
  maxBlocksPerHost: 0,
  kubeVirtVMAddressPersistence: 'Enabled',
  ipCooldownSeconds: 0,
};

describe('configuration', () => {
  it('CF-01 has defaults that reading does not store', async () => {
    const world = await openWorld();
    expect(await world.ipam.getConfig()).toEqual(DEFAULTS);
    expect(await world.text(keys.config)).toBeUndefined();
  });

  it('CF-01 stored, every missing member is false, 0 or absent', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.put(keys.config, '{}');
    expect(await world.ipam.getConfig()).toEqual({ ...DEFAULTS, autoAllocateBlocks: false, kubeVirtVMAddressPersistence: undefined });
    expect(await codeOf(world.v4('host-a', 1))).toBe('no-block');
  });

  it('CF-02 gives back what was set, and keeps the rest', async () => {
    const world = await openWorld();
    await world.ipam.setConfig({ autoAllocateBlocks: false, strictAffinity: true });
    await world.ipam.setConfig({ ipCooldownSeconds: 300 });
    expect(await world.ipam.getConfig()).toEqual({ ...DEFAULTS, autoAllocateBlocks: false, strictAffinity: true, ipCooldownSeconds: 300 });
  });

  it.each([
    ['CF-03', { autoAllocateBlocks: false }, "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time"],
    ['CF-04', { maxBlocksPerHost: 4 }, 'MaxBlocksPerHost requires StrictAffinity to be enabled'],
    ['CF-07', { ipCooldownSeconds: -1 }, 'between 0 and 1200'],
    ['CF-07', { ipCooldownSeconds: 1_201 }, 'between 0 and 1200'],
    ['CF-07', { strictAffinity: true, maxBlocksPerHost: 1.5 }, 'whole number'],
  ])('%s refuses %j', async (_, change, text) => {
    const world = await openWorld();
    const refusal = await refusalOf(world.ipam.setConfig(change));
    expect(refusal.code).toBe('invalid-resource');
    expect(refusal.message).toContain(text);
    expect(await world.text(keys.config)).toBeUndefined();
  });

  it('CF-05, CF-10 writes nothing for the value that is there, also one that could not be set', async () => {
    const world = await openWorld();
    await world.put(keys.config, '{}');
    const { calls } = await world.main.counted(() => world.ipam.setConfig({ strictAffinity: false, autoAllocateBlocks: false }));
    expect(calls.map(({ verb }) => verb)).toEqual(['read']);
    expect((await refusalOf(world.ipam.setConfig({ maxBlocksPerHost: 3 }))).message).toContain("Cannot disable 'StrictAffinity'");
  });

  it('CF-07, WT-12 loses neither of two changes at once', async () => {
    const world = await openWorld();
    const other = world.process();
    await Promise.all([world.ipam.setConfig({ strictAffinity: true }), other.ipam.setConfig({ ipCooldownSeconds: 30 })]);
    expect(await world.ipam.getConfig()).toMatchObject({ strictAffinity: true, ipCooldownSeconds: 30 });
  });

  it('CF-08 honours what is stored against its own rules', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }] });
    await world.put(keys.config, '{"auto_allocate_blocks":true,"maxBlocksPerHost":1}');
    expect((await refusalOf(world.v4('host-a', 5))).details).toMatchObject({ limit: 1 });
  });

  it('CF-11 cannot be read or set while it is unreadable, and is not overwritten', async () => {
    const world = await openWorld();
    await world.put(keys.config, '{"strict_affinity":"yes"}');
    for (const call of [world.ipam.getConfig(), world.ipam.setConfig({ strictAffinity: true })])
      expect(await refusalOf(call)).toMatchObject({ code: 'corrupt-value', details: { key: keys.config } });
    expect(await world.text(keys.config)).toBe('{"strict_affinity":"yes"}');
  });

  it('I10 keeps members it does not know', async () => {
    const world = await openWorld();
    await world.put(keys.config, '{"strict_affinity":true,"auto_allocate_blocks":true,"future":{"n":12345678901234567890}}');
    await world.ipam.setConfig({ ipCooldownSeconds: 5 });
    expect(await world.text(keys.config)).toContain('"future":{"n":12345678901234567890}');
  });
});
