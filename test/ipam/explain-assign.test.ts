import { describe, expect, it } from 'vitest';
import type { AssignExplanation, AssignIpOptions, AutoAssignOptions } from '../../src/ipam/api.ts';
import { keys, openWorld, refusalOf, storedBlock, type World } from '../support/ipam.ts';

/** Explains it, makes sure that nothing was written, and that the assignment itself then does the same. */
async function explained(world: World, options: AutoAssignOptions | AssignIpOptions): Promise<AssignExplanation> {
  const before = await world.dump();
  const explanation = await world.ipam.explainAssign(options);
  expect(await world.dump()).toEqual(before);
  if (explanation.assignable) {
    const ips = 'ip' in options ? [(await world.ipam.assignIp(options)).ip] : await world.v4(options.host, options.num4 ?? 0, options);
    expect(explanation.addresses.map(({ ip }) => ip)).toEqual(ips);
  } else {
    const error = await refusalOf('ip' in options ? world.ipam.assignIp(options) : world.ipam.autoAssign(options));
    const { code, message, details } = error;
    expect(explanation.refusal).toEqual({ code, message, details });
    expect(explanation.addresses).toEqual([]);
  }
  return explanation;
}

function judged({ considered }: AssignExplanation): Record<string, string> {
  return Object.fromEntries(considered.map(({ pool, verdict }) => [pool, verdict]));
}

const TINY = { cidr: '10.0.0.0/30', blockSize: 31 };

describe('explainAssign', () => {
  it('AA-06 AA-13 names the block that the next address comes from, and how it is had', async () => {
    const world = await openWorld({ pools: [TINY] });
    const request = (host: string) => ({ host, handle: host, num4: 1 });
    expect((await explained(world, request('host-a'))).addresses).toEqual([
      { ip: '10.0.0.0', block: '10.0.0.0/31', pool: 'pool1', source: 'new-block' },
    ]);
    expect((await explained(world, request('host-a'))).addresses).toMatchObject([{ ip: '10.0.0.1', source: 'own-block' }]);
    await world.v4('host-a', 1);
    expect((await explained(world, request('host-b'))).addresses).toMatchObject([{ ip: '10.0.0.3', source: 'borrowed' }]);
  });

  it('RC-01 tells a block that would be reclaimed from one of nobody that strict affinity lets adopt', async () => {
    const world = await openWorld({ pools: [TINY], config: { strictAffinity: true } });
    await world.put(keys.block('10.0.0.0/31'), storedBlock('10.0.0.0/31', 'host:gone'));
    await world.put(keys.block('10.0.0.2/31'), storedBlock('10.0.0.2/31', null, { 0: 'h' }));
    expect((await explained(world, { host: 'host-a', num4: 1 })).addresses).toMatchObject([{ source: 'reclaimed-block' }]);
    expect((await explained(world, { host: 'host-b', num4: 1 })).addresses).toMatchObject([{ ip: '10.0.0.3', source: 'adopted-block' }]);
  });

  it('AA-11 finds that the handle holds it already', async () => {
    const world = await openWorld({ pools: [TINY] });
    await world.v4('host-a', 1, { handle: 'h' });
    const { addresses } = await explained(world, { host: 'host-a', handle: 'h', num4: 1, ifHeld: 'return' });
    expect(addresses).toMatchObject([{ source: 'held' }]);
  });

  it('PL-02 PL-03 PL-05 PL-09 gives the rule that decided for every pool, and what would change it', async () => {
    const world = await openWorld({
      pools: [
        { name: 'disabled', cidr: '10.1.0.0/26', disabled: true },
        { name: 'manual', cidr: '10.2.0.0/26', assignmentMode: 'Manual' },
        { name: 'rack', cidr: '10.3.0.0/26', nodeSelector: "rack == 'r1'" },
        { name: 'six', cidr: 'fd00::/122' },
        { name: 'staging', cidr: '10.4.0.0/26', namespaceSelector: "env == 'staging'", allowedUses: ['Workload'] },
        { name: 'tunnels', cidr: '10.5.0.0/26', allowedUses: ['Tunnel'] },
      ],
    });
    const explanation = await explained(world, { host: 'host-a', num4: 1 });
    expect(explanation.refusal?.code).toBe('no-qualified-pool');
    expect(judged(explanation)).toEqual({
      disabled: 'disabled',
      manual: 'manual',
      rack: 'node-selector',
      six: 'other-family',
      staging: 'namespace-selector',
      tunnels: 'use-not-allowed',
    });
    const changes = Object.fromEntries(explanation.considered.map(({ pool, change }) => [pool, change]));
    expect(changes).toMatchObject({
      disabled: expect.stringContaining('plat patch ippool disabled'),
      manual: expect.stringContaining('--pool manual'),
      rack: expect.stringContaining('labels of node host-a'),
      six: 'Ask for IPv6 addresses.',
      staging: expect.stringContaining('labels of the namespace'),
      tunnels: expect.stringContaining('Workload'),
    });
    const asked = await explained(world, { host: 'host-a', num4: 1, pools4: ['manual'], namespaceLabels: { env: 'staging' } });
    expect(judged(asked)).toMatchObject({ manual: 'eligible', staging: 'not-requested' });
  });

  it('gives no way to use a pool that is being deleted', async () => {
    const world = await openWorld({ pools: [TINY] });
    const stored = JSON.parse((await world.text(keys.pool('pool1'))) ?? '');
    stored.metadata.deletionTimestamp = '2026-08-22T00:00:00Z';
    await world.put(keys.pool('pool1'), JSON.stringify(stored));
    const { considered } = await explained(world, { host: 'host-a', num4: 1 });
    expect(considered).toMatchObject([{ verdict: 'disabled', reason: 'is being deleted', change: null }]);
  });

  it('judges each pool for its own family when both are asked for', async () => {
    const world = await openWorld({ pools: [TINY, 'fd00::/122'] });
    const explanation = await world.ipam.explainAssign({ host: 'host-a', num4: 1, num6: 1 });
    expect(judged(explanation)).toEqual({ pool1: 'eligible', pool2: 'eligible' });
    expect(explanation.addresses.map(({ pool }) => pool)).toEqual(['pool1', 'pool2']);
  });

  it('AA-04 judges the pools also for a node that is not known', async () => {
    const world = await openWorld({ pools: [TINY] });
    const explanation = await explained(world, { host: 'stranger', num4: 1 });
    expect(explanation.refusal?.code).toBe('node-not-found');
    expect(judged(explanation)).toEqual({ pool1: 'eligible' });
  });

  it('AA-21 says of a pool that may be used that it is full', async () => {
    const world = await openWorld({ pools: [TINY] });
    await world.v4('host-a', 4);
    const explanation = await explained(world, { host: 'host-b', num4: 1 });
    expect(explanation.refusal?.code).toBe('no-free-address');
    expect(explanation.considered).toMatchObject([{ verdict: 'eligible', reason: expect.stringContaining('no free address in its 2') }]);
  });

  it('AI-05 AI-06 explains a request for one address: selectors do not count, use and disabled pools do', async () => {
    const world = await openWorld({
      pools: [
        { name: 'a', cidr: '10.0.0.0/26', nodeSelector: "rack == 'r9'" },
        { name: 'b', cidr: '10.0.1.0/26', disabled: true },
        { name: 'c', cidr: '10.0.2.0/26', allowedUses: ['Tunnel'] },
      ],
    });
    const request = (ip: string) => ({ host: 'host-a', ip });
    expect((await explained(world, request('10.0.0.7'))).addresses).toMatchObject([{ ip: '10.0.0.7', source: 'new-block' }]);
    expect((await explained(world, request('10.0.0.7'))).refusal?.code).toBe('address-in-use');
    expect(judged(await explained(world, request('10.0.1.7')))).toEqual({ a: 'elsewhere', b: 'disabled', c: 'elsewhere' });
    expect(judged(await explained(world, request('10.0.2.7')))).toMatchObject({ c: 'use-not-allowed' });
    expect((await explained(world, request('192.0.2.1'))).refusal?.code).toBe('not-in-pool');
  });

  it('I10 is told of a value that cannot be read like any other refusal', async () => {
    const world = await openWorld({ pools: [TINY] });
    await world.put(keys.config, 'no JSON');
    const call = world.ipam.explainAssign({ host: 'host-a', num4: 1 });
    expect((await refusalOf(call)).details).toMatchObject({ key: keys.config });
  });

  it('refuses a request for nothing', async () => {
    const world = await openWorld();
    expect((await refusalOf(world.ipam.explainAssign({ host: 'host-a' }))).code).toBe('invalid-argument');
  });
});
