import { describe, expect, it } from 'vitest';
import { openWorld } from '../support/ipam.ts';

describe('a dry run of a write', () => {
  it('PV-02 PV-05 gives what would be stored, with the same refusals, and writes nothing', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', name: 'there' }] });
    const { ipam } = world;
    const dump = await world.dump();
    const planned = await ipam.pools.create({ name: 'p', spec: { cidr: '10.1.0.0/24' }, dryRun: true });
    expect(planned).toMatchObject({ name: 'p', resourceVersion: '', spec: { cidr: '10.1.0.0/24', blockSize: 26 } });
    await expect(ipam.pools.create({ name: 'q', spec: { cidr: '10.0.0.0/25' }, dryRun: true })).rejects.toMatchObject({
      code: 'pool-overlap',
    });
    await expect(ipam.pools.create({ name: 'there', spec: { cidr: '10.2.0.0/24' }, dryRun: true })).rejects.toMatchObject({
      code: 'already-exists',
    });
    expect(await ipam.pools.replace({ name: 'there', spec: { disabled: true }, dryRun: true })).toMatchObject({ spec: { disabled: true } });
    await expect(ipam.pools.replace({ name: 'there', spec: {}, resourceVersion: '999', dryRun: true })).rejects.toMatchObject({
      code: 'conflict',
    });
    await ipam.pools.delete({ name: 'there', dryRun: true });
    await expect(ipam.pools.delete({ name: 'none', dryRun: true })).rejects.toMatchObject({ code: 'not-found' });
    await ipam.nodes.create({ name: 'n', spec: {}, dryRun: true });
    expect(await ipam.nodes.get({ name: 'n' })).toBeUndefined();
    expect(await world.dump()).toEqual(dump);
  });
});

describe('the configuration as a resource', () => {
  it('CF-01 has no version while nothing is stored, and one afterwards', async () => {
    const { ipam } = await openWorld({ pools: [] });
    expect(await ipam.config.get()).toEqual({ resourceVersion: undefined, spec: await ipam.getConfig() });
    const stored = await ipam.config.replace({ spec: { ipCooldownSeconds: 60 } });
    expect(stored).toMatchObject({ resourceVersion: expect.stringMatching(/^\d+$/), spec: { ipCooldownSeconds: 60 } });
    expect(await ipam.config.get()).toEqual(stored);
  });

  it('CF-07 is not replaced when somebody changed it since it was read', async () => {
    const { ipam } = await openWorld({ pools: [] });
    const { resourceVersion = '' } = await ipam.config.replace({ spec: { ipCooldownSeconds: 60 } });
    await ipam.setConfig({ strictAffinity: true });
    await expect(ipam.config.replace({ spec: { ipCooldownSeconds: 5 }, resourceVersion })).rejects.toMatchObject({ code: 'conflict' });
    expect(await ipam.getConfig()).toMatchObject({ ipCooldownSeconds: 60, strictAffinity: true });
  });

  it('CF-03 CF-07 is checked in a dry run, which writes nothing', async () => {
    const { ipam } = await openWorld({ pools: [] });
    expect(await ipam.config.replace({ spec: { ipCooldownSeconds: 60 }, dryRun: true })).toMatchObject({
      resourceVersion: '',
      spec: { ipCooldownSeconds: 60 },
    });
    await expect(ipam.config.replace({ spec: { ipCooldownSeconds: 1_201 }, dryRun: true })).rejects.toMatchObject({
      code: 'invalid-resource',
    });
    expect((await ipam.config.get()).resourceVersion).toBeUndefined();
  });
});
