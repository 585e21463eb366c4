import { describe, expect, it } from 'vitest';
import type { Fault, StoreCall } from '../../../src/store/memory.ts';
import { keys, openWorld, PENDING, storedBlock } from '../../support/ipam.ts';

const HANDLE_OF_TWO = '{"block":{"10.0.0.0/30":2},"deleted":false}';

describe('repair beside others', () => {
  it('I3: a finding that somebody mended meanwhile is left alone', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.put(keys.handle('h'), HANDLE_OF_TWO);
    const report = await world.ipam.audit();
    await world.v4('host-a', 1, { handle: 'h' });
    await world.put(keys.handle('h'), HANDLE_OF_TWO);
    const [repaired] = await world.ipam.repair({ report });
    expect(repaired?.outcome).toEqual({ kind: 'changed', reason: 'its count is right by now' });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/30': 2 } });
  });

  it('I3: an assignment that lands between the plan and the commit of a repair is counted', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.put(keys.handle('h'), HANDLE_OF_TWO);
    const report = await world.ipam.audit();
    const other = world.process();
    const repairer = world.process();
    let isFirst = true;
    repairer.fault = async (call: StoreCall): Promise<Fault> => {
      if (call.verb !== 'commit' || !isFirst) return 'none';
      isFirst = false;
      await other.ipam.autoAssign({ host: 'host-a', handle: 'h', num4: 2 });
      return 'none';
    };
    await repairer.ipam.repair({ report });
    expect(await world.handles()).toEqual({ h: { '10.0.0.0/30': 3 } });
    expect(await world.ipam.ipsByHandle({ handle: 'h' })).toHaveLength(3);
  });

  it('HD-02: a handle that was counted up for a block that is still to be written makes that writer meet a conflict', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'other' });
    const key = keys.block('10.0.0.0/30');
    const readByCalico = (await world.store.read({ keys: [key] })).entries.get(key);
    await world.put(keys.handle('in-flight'), '{"block":{"10.0.0.0/30":1},"deleted":false}');
    const report = await world.ipam.audit();
    expect((await world.ipam.repair({ report })).map(({ outcome }) => outcome)).toEqual([
      { kind: 'repaired', did: 'deleted handle in-flight' },
    ]);
    const late = await world.store.commit({
      guards: [{ key, revision: readByCalico?.revision ?? 'absent' }],
      writes: [{ key, value: readByCalico?.value ?? new Uint8Array() }],
      deletes: [],
    });
    expect(late.kind).toBe('conflict');
  });

  it('I3: a leaked handle that was written since it was seen is looked at anew', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.put(keys.handle('h'), HANDLE_OF_TWO);
    const report = await world.ipam.audit();
    await world.put(keys.handle('h'), HANDLE_OF_TWO);
    expect((await world.ipam.repair({ report }))[0]?.outcome).toEqual({ kind: 'changed', reason: 'the handle was written since' });
    expect((await world.ipam.repair({ report: await world.ipam.audit() }))[0]?.outcome.kind).toBe('repaired');
    expect(await world.handles()).toEqual({});
  });

  it('CR-04: an affinity whose lost block its owner is making anew is not taken away', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), '{"state":"confirmed","deleted":false}');
    const report = await world.ipam.audit();
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), PENDING);
    expect((await world.ipam.repair({ report }))[0]?.outcome).toEqual({ kind: 'changed', reason: 'the affinity is no longer confirmed' });
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/30': 'pending' });
  });

  it('CR-04: a block that is made between the plan and the commit keeps its affinity', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), '{"state":"confirmed","deleted":false}');
    const report = await world.ipam.audit();
    const repairer = world.process();
    let isFirst = true;
    repairer.fault = async (call: StoreCall): Promise<Fault> => {
      if (call.verb === 'commit' && isFirst) {
        isFirst = false;
        await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', 'host:host-a'));
      }
      return 'none';
    };
    expect((await repairer.ipam.repair({ report }))[0]?.outcome.kind).toBe('changed');
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/30': 'confirmed' });
  });

  it('CR-01: a claim that goes on is not taken away', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), PENDING);
    const report = await world.ipam.audit();
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), PENDING);
    const [repaired] = await world.ipam.repair({ report });
    expect(repaired?.outcome).toEqual({ kind: 'changed', reason: 'somebody goes on with it' });
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/30': 'pending' });
    await world.ipam.repair({ report: await world.ipam.audit() });
    expect(await world.affinities()).toEqual({});
  });

  it('RC-07: an empty block of nobody that is in use by the time is kept', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/30', blockSize: 30 }] });
    await world.put(keys.block('10.0.0.0/30'), storedBlock('10.0.0.0/30', null));
    const report = await world.ipam.audit();
    await world.ipam.assignIp({ ip: '10.0.0.1', host: 'host-a', handle: 'h' });
    const [repaired] = await world.ipam.repair({ report });
    expect(repaired?.outcome.kind).toBe('changed');
    expect(await world.held()).toEqual({ '10.0.0.1': 'h' });
  });

  it('CR-09: a block that was being given up stays with its node while addresses are in it, and goes when it is empty', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'h' });
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), '{"state":"pendingDeletion","deleted":false}');
    await world.ipam.repair({ report: await world.ipam.audit() });
    expect(await world.affinities()).toEqual({ 'host-a 10.0.0.0/30': 'confirmed' });
    await world.ipam.releaseByHandle({ handle: 'h' });
    await world.put(keys.affinity('host-a', '10.0.0.0/30'), '{"state":"pendingDeletion","deleted":false}');
    await world.ipam.repair({ report: await world.ipam.audit() });
    expect([await world.blocks(), await world.affinities()]).toEqual([{}, {}]);
  });

  it('a block mended in several ways grows its number by one', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'h' });
    const stored = JSON.parse(storedBlock('10.0.0.0/30', 'host:host-a', { 0: 'h' })) as object;
    await world.put(keys.block('10.0.0.0/30'), JSON.stringify({ ...stored, unallocated: [1, 1, 0, 2] }));
    const report = await world.ipam.audit();
    expect(report.findings.map(({ kind }) => kind).toSorted()).toEqual(['ordinal-held-and-free', 'ordinal-lost', 'ordinal-repeated']);
    await world.ipam.repair({ report });
    expect(await world.block('10.0.0.0/30')).toMatchObject({ unallocated: [1, 2, 3], sequenceNumber: 1_001n });
  });

  it('a dry run writes nothing', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.put(keys.handle('leaked'), HANDLE_OF_TWO);
    const before = await world.dump();
    const planned = await world.ipam.repair({ report: await world.ipam.audit(), dryRun: true });
    expect(planned.map(({ outcome }) => outcome)).toEqual([{ kind: 'repaired', did: 'deleted handle leaked' }]);
    expect(await world.dump()).toEqual(before);
  });

  it('I8: broken off after any commit and repeated, it ends the same', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.putAll(Array.from({ length: 200 }, (_, index) => [keys.handle(`leaked-${index}`), HANDLE_OF_TWO]));
    const report = await world.ipam.audit();
    const dying = world.process();
    let commits = 0;
    dying.fault = (call: StoreCall) => (call.verb === 'commit' && ++commits > 1 ? 'crash-after' : 'none');
    await expect(dying.ipam.repair({ report })).rejects.toThrow();
    const left = await world.ipam.audit();
    expect(left.findings.length).toBeLessThan(report.findings.length);
    await world.ipam.repair({ report });
    expect((await world.ipam.audit()).findings).toEqual([]);
  });
});

describe('an audit', () => {
  it('reads one revision, whatever is written meanwhile', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/24', blockSize: 30 }] });
    for (let pod = 0; pod < 20; pod++) await world.v4('host-a', 1, { handle: `h-${pod}` });
    const other = world.process();
    const auditor = world.process();
    let pod = 20;
    auditor.fault = async (call: StoreCall): Promise<Fault> => {
      if (call.verb === 'list') {
        await other.ipam.releaseByHandle({ handle: `h-${pod - 20}` });
        await other.ipam.autoAssign({ host: 'host-a', handle: `h-${pod++}`, num4: 1 });
      }
      return 'none';
    };
    const report = await auditor.ipam.audit();
    expect(report.findings).toEqual([]);
    expect(report.counts).toMatchObject({ addresses: 20, handles: 20 });
    expect(auditor.calls.every(({ verb }) => verb !== 'commit')).toBe(true);
  });

  it('begins again when the store compacts what it reads', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 1, { handle: 'h' });
    const auditor = world.process();
    let lists = 0;
    auditor.fault = async (call: StoreCall): Promise<Fault> => {
      if (call.verb === 'list' && ++lists === 3) {
        await world.v4('host-a', 1, { handle: 'h2' });
        const { revision } = await world.store.read({});
        world.store.compact(revision);
      }
      return 'none';
    };
    expect(await auditor.ipam.audit()).toMatchObject({ findings: [], counts: { addresses: 2 } });
  });

  it('says when it begins again, so that whoever counts blocks counts each once', async () => {
    const world = await openWorld({ pools: [{ cidr: '10.0.0.0/28', blockSize: 30 }] });
    await world.v4('host-a', 5, { handle: 'h' });
    const auditor = world.process();
    for (const look of ['audit', 'observe'] as const) {
      let failures = 0;
      // After the blocks.
      auditor.fault = (call: StoreCall): Fault =>
        call.verb === 'list' && call.request.prefix === '/plat/' && failures++ === 0 ? 'unavailable' : 'none';
      const told: string[] = [];
      const options = { onBegin: () => told.push('begin'), onBlock: ({ cidr }: { cidr: string }) => told.push(cidr) };
      await (look === 'audit'
        ? auditor.ipam.audit(options)
        : auditor.ipam.observe({ ...options, takeInventory: () => ({ inventory: {}, evidenceAtMs: 0 }) }));
      expect(told).toEqual(['begin', '10.0.0.0/30', '10.0.0.4/30', 'begin', '10.0.0.0/30', '10.0.0.4/30']);
    }
  });
});
