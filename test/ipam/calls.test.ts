/** What holds for calls of any kind: arguments, abort, deadline, final releases, what nobody knows. */
import { describe, expect, it } from 'vitest';
import type { AutoAssignOptions } from '../../src/ipam/api.ts';
import type { Fault } from '../../src/store/memory.ts';
import { codeOf, ipsOf, keys, openWorld, refusalOf, storedBlock } from '../support/ipam.ts';

describe('arguments', () => {
  it.each([
    ['host', { host: 'a/b' }],
    ['host', { host: '' }],
    ['host', { host: 'a\n' }],
    ['host', { host: 'x'.repeat(2_000) }],
    ['host', { host: '\ud800' }],
    ['handle', { handle: 'a/b' }],
    ['handle', { handle: '' }],
    ['handle', { handle: 'a\u0000' }],
    ['handle', { handle: 'ü'.repeat(600) }],
    ['num4', { num4: -1 }],
    ['num4', { num4: 1.5 }],
    ['num6', { num6: Number.NaN }],
    ['maxPerHandle', { maxPerHandle: -1 }],
    ['maxBlocksPerHost', { maxBlocksPerHost: 0.5 }],
    ['attrs.node', { attrs: { node: 5 as unknown as string } }],
    ['hostReserved4', { hostReserved4: { startOfBlock: 0, endOfBlock: 0, handle: 'w', note: '' } }],
  ])('refuses a bad %s (%j) by name, before anything is read', async (argument, options: Partial<AutoAssignOptions>) => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const { result, calls } = await world.main.counted(() => refusalOf(world.ipam.autoAssign({ host: 'host-a', num4: 1, ...options })));
    expect(result).toMatchObject({ code: 'invalid-argument', details: { argument } });
    expect(calls).toEqual([]);
  });

  it.each(['010.0.0.1', '10.1', '10.0.0.1/32', 'fe80::1%eth0', '', 'node-1', '10.0.0.256'])(
    'refuses the address %j everywhere',
    async (ip) => {
      const world = await openWorld({ pools: ['10.0.0.0/24'] });
      const calls = [
        world.ipam.assignIp({ ip, host: 'host-a' }),
        world.ipam.releaseIps({ ips: [{ ip }] }),
        world.ipam.getAssignmentAttributes({ ip }),
        world.ipam.setOwnerAttributes({ ip, handle: 'h', active: null }),
      ];
      expect(await Promise.all(calls.map(codeOf))).toEqual(Array(4).fill('invalid-argument'));
    },
  );

  it.each(['10/8', '10.0.0.1/24', '10.0.0.0/33', '10.0.0.0', ''])('refuses the network %j everywhere', async (cidr) => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const calls = [
      world.ipam.claimAffinity({ host: 'host-a', cidr }),
      world.ipam.releaseAffinity({ host: 'host-a', cidr }),
      world.ipam.releaseBlockAffinity({ cidr }),
      world.ipam.releasePoolAffinities({ cidr }),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual(Array(4).fill('invalid-argument'));
  });

  it('takes names that need no escaping for a key: blanks, dots, colons, letters of any script', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'], nodes: ['knoten ü.1:2'] });
    expect(await world.v4('knoten ü.1:2', 1, { handle: 'k8s-pod-network.8f1c %2F "x"' })).toEqual(['10.0.0.0']);
    expect(await world.ipam.releaseByHandle({ handle: 'k8s-pod-network.8f1c %2F "x"' })).toMatchObject({ found: true });
  });
});

describe('abort and deadline', () => {
  it('an aborted call is not begun', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const signal = AbortSignal.abort();
    const { calls } = await world.main.counted(async () => {
      expect(await codeOf(world.v4('host-a', 1, { signal }))).toBe('aborted');
      expect(await codeOf(world.ipam.releaseByHandle({ handle: 'h', signal }))).toBe('aborted');
    });
    expect(calls).toEqual([]);
  });

  it.each(['read', 'commit'])('an abort before the %s takes effect leaves nothing behind', async (verb) => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const before = await world.dump();
    const stop = new AbortController();
    world.main.fault = (call): Fault => {
      if (call.verb === verb) stop.abort();
      return 'none';
    };
    expect(await codeOf(world.v4('host-a', 1, { handle: 'h', signal: stop.signal }))).toBe('aborted');
    expect(await world.dump()).toEqual(before);
  });

  it('a deadline ends a call that conflicts again and again, with nothing written', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const before = await world.dump();
    world.main.fault = ({ verb }): Fault => {
      world.clock.advance(0.4);
      return verb === 'commit' ? 'conflict' : 'none';
    };
    expect(await codeOf(world.v4('host-a', 1, { handle: 'h', timeoutMs: 2_000 }))).toBe('deadline-exceeded');
    expect(await world.dump()).toEqual(before);
    for (const timeoutMs of [0, -1, Number.NaN]) expect(await codeOf(world.v4('host-a', 1, { timeoutMs }))).toBe('invalid-argument');
  });

  it('one that gives up right before the commit does not take its company with it', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const stop = new AbortController();
    const all = await Promise.allSettled([
      world.v4('host-a', 1, { handle: 'first' }),
      world.v4('host-a', 1, { handle: 'a' }),
      world.v4('host-a', 1, { handle: 'b', beforeCommit: () => Promise.reject(new Error('the parent has gone')) }),
      world.v4('host-a', 1, { handle: 'c', signal: stop.signal, beforeCommit: () => stop.abort() }),
      world.v4('host-a', 1, { handle: 'd' }),
    ]);
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(all[2]).toMatchObject({ reason: { message: 'the parent has gone' } });
    expect(Object.values(await world.held())).toEqual(['first', 'a', 'd']);
  });
});

describe('I11 an answered release is final', () => {
  const late = { host: 'host-a', num4: 1, handle: 'h', unlessReleased: true } as const;

  it.each([true, false])('for an assignment that read before it, the handle being there: %s', async (isThere) => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    if (isThere) await world.v4('host-a', 1, { handle: 'h' });
    for (const operation of ['AutoAssign', 'AssignIP']) {
      const slow = world.process();
      let releases = 1;
      slow.fault = async ({ verb }): Promise<Fault> => {
        if (verb === 'commit' && releases-- > 0) await world.ipam.releaseByHandle({ handle: 'h', final: true });
        return 'none';
      };
      const call = operation === 'AutoAssign' ? slow.ipam.autoAssign(late) : slow.ipam.assignIp({ ...late, ip: '10.0.0.9' });
      expect(await codeOf(call)).toBe('released-meanwhile');
    }
    expect([await world.held(), await world.handles()]).toEqual([{}, {}]);
  });

  it('also for an assignment that shares its commit', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1, { handle: 'h' });
    const first = world.v4('host-a', 1, { handle: 'first' });
    // Both wait behind it, and go together.
    const release = world.ipam.releaseByHandle({ host: 'host-a', handle: 'h', final: true });
    const assignment = codeOf(world.ipam.autoAssign(late));
    await first;
    expect([await release, await assignment]).toEqual([{ found: true, released: ['10.0.0.0'] }, 'released-meanwhile']);
    expect(Object.values(await world.held())).toEqual(['first']);
  });

  it('a release that is given up right before its commit leaves no mark', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1, { handle: 'h' });
    const before = await world.dump();
    const gone = () => Promise.reject(new Error('nobody waits for it'));
    await expect(world.ipam.releaseByHandle({ handle: 'h', final: true, beforeCommit: gone })).rejects.toThrow('nobody waits');
    expect(await world.dump()).toEqual(before);
  });

  it('also when its commit is on its way and late', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/26' });
    const slow = world.process();
    slow.fault = ({ verb, attempt }): Fault => (verb === 'commit' ? 'late' : attempt > 3 ? 'unavailable' : 'none');
    expect(await codeOf(slow.ipam.autoAssign({ ...late, timeoutMs: 1_000 }))).toBe('outcome-unknown');
    expect(await world.ipam.releaseByHandle({ handle: 'h', final: true })).toEqual({ found: false, released: [] });
    expect(world.store.applyLate()[0]?.kind).toBe('conflict');
    expect(await world.held()).toEqual({});
  });

  it('not for one that comes after it, nor for one that did not ask, nor after a release that was not final', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.ipam.releaseByHandle({ handle: 'h', final: true });
    expect(ipsOf(await world.ipam.autoAssign(late))).toEqual(['10.0.0.0']);
    for (const [final, options] of [
      [true, { host: 'host-a', num4: 1, handle: 'h' }],
      [false, late],
    ] as const) {
      const slow = world.process();
      let releases = 1;
      slow.fault = async ({ verb }): Promise<Fault> => {
        if (verb === 'commit' && releases-- > 0) await world.ipam.releaseByHandle({ handle: 'h', final });
        return 'none';
      };
      expect(ipsOf(await slow.ipam.autoAssign(options))).toHaveLength(1);
    }
  });

  it('costs no request, needs a handle, and its marks are swept when they are old', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    await world.v4('host-a', 1, { handle: 'first' });
    const plain = await world.main.counted(() => world.v4('host-a', 1, { handle: 'x' }));
    const guarded = await world.main.counted(() => world.v4('host-a', 1, { handle: 'y', unlessReleased: true }));
    expect(guarded.calls).toHaveLength(plain.calls.length);
    expect(await codeOf(world.v4('host-a', 1, { unlessReleased: true }))).toBe('invalid-argument');
    const marks = async () => Object.keys(await world.dump()).filter((key) => key.startsWith('/plat/v1/marks/released/'));
    for (const handle of ['b', 'c', 'd']) await world.ipam.releaseByHandle({ handle, final: true });
    expect(await marks()).toHaveLength(3);
    world.clock.advance(1_000);
    await world.ipam.releaseByHandle({ handle: 'a', final: true });
    expect(await marks()).toEqual(['/plat/v1/marks/released/a']);
  });
});

describe('I10 what this version does not know', () => {
  it('stays in blocks, attributes, affinities and handles through every change', async () => {
    const world = await openWorld({ pools: ['10.0.0.0/24'] });
    const withFuture = (text: string) => text.replace('"deleted":false', '"deleted":false,"future":{"n":18446744073709551616}');
    const block = withFuture(storedBlock('10.0.0.0/26', 'host:host-a', { 0: 'h', 1: 'g' })).replace(
      '{"handle_id":"g"}',
      '{"handle_id":"g","future":[1.50]}',
    );
    await world.put(keys.block('10.0.0.0/26'), block);
    await world.put(keys.handle('h'), withFuture('{"block":{"10.0.0.0/26":1},"deleted":false}'));
    await world.put(keys.handle('g'), withFuture('{"block":{"10.0.0.0/26":1},"deleted":false}'));
    await world.put(keys.affinity('host-a', '10.0.0.0/26'), withFuture('{"state":"confirmed","deleted":false}'));
    await world.v4('host-a', 2, { handle: 'h' });
    await world.ipam.releaseIps({ ips: [{ ip: '10.0.0.0' }] });
    await world.ipam.setOwnerAttributes({ ip: '10.0.0.1', handle: 'g', active: { pod: 'p', namespace: 'n' } });
    await world.ipam.claimAffinity({ host: 'host-a', cidr: '10.0.0.0/26' });
    for (const key of [keys.block('10.0.0.0/26'), keys.handle('h'), keys.handle('g'), keys.affinity('host-a', '10.0.0.0/26')])
      expect(await world.text(key), key).toContain('"future":{"n":18446744073709551616}');
    expect(await world.text(keys.block('10.0.0.0/26'))).toContain(
      '"handle_id":"g","secondary":{"namespace":"n","pod":"p"},"future":[1.50]',
    );
  });
});
