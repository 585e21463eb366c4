import { describe, expect, it } from 'vitest';
import { Crash, type Fault, type StoreCall } from '../../../src/store/memory.ts';
import { COMMIT_OPERATIONS_MAX } from '../../../src/store/port.ts';
import { codeOf, keys, openWorld, refusalOf, type World } from '../../support/ipam.ts';
import { contents, dumpOf, dumpWith, expectEmpty, FURNISHED, furnish, opened } from './dumps.ts';

const EMPTY = { nodes: [] };

async function furnished(): Promise<{ world: World; dump: string }> {
  const world = await openWorld(FURNISHED);
  await furnish(world);
  return { world, dump: await dumpOf(world.ipam) };
}

/** A dump of several commits: nodes, then a pool. */
async function large(nodes = 400): Promise<string> {
  const entries = Array.from({ length: nodes }, (_, index) => [keys.node(`h${String(index).padStart(4, '0')}`), `{"n":${index}}`]);
  return dumpWith(Object.fromEntries([...entries, [keys.pool('p'), '{}']]));
}

describe('load', () => {
  it('changes nothing when all is there already', async () => {
    const { world, dump } = await furnished();
    const before = await world.dump();
    expect(await world.ipam.load({ open: opened(dump) })).toMatchObject({ added: 0, absent: 0, different: 0, extra: 0, written: true });
    expect(await world.dump()).toEqual(before);
  });

  it('counts and writes nothing in a dry run', async () => {
    const { dump } = await furnished();
    const target = await openWorld(EMPTY);
    const result = await target.ipam.load({ open: opened(dump), dryRun: true });
    expect(result).toMatchObject({ added: result.entries, absent: result.entries, written: false });
    await expectEmpty(target);
  });

  it('refuses a store that holds anything else, unless told', async () => {
    const { dump } = await furnished();
    const target = await openWorld({ nodes: ['mine'] });
    const before = await target.dump();
    const error = await refusalOf(target.ipam.load({ open: opened(dump) }));
    expect(error).toMatchObject({ code: 'store-not-empty', details: { extra: 1, different: 0, examples: [keys.node('mine')] } });
    expect(await target.dump()).toEqual(before);
  });

  it('merge adds what is absent, keeps what else is there, and refuses what differs', async () => {
    const { world, dump } = await furnished();
    const target = await openWorld({ nodes: ['mine'] });
    await target.ipam.load({ open: opened(dump), mode: 'merge' });
    expect(await contents(target)).toEqual({ ...(await contents(world)), [keys.node('mine')]: await target.text(keys.node('mine')) });
    await target.put(keys.config, '{}');
    const before = await target.dump();
    const error = await refusalOf(target.ipam.load({ open: opened(dump), mode: 'merge' }));
    expect(error).toMatchObject({ code: 'store-not-empty', details: { different: 1, examples: [keys.config] } });
    expect(await target.dump()).toEqual(before);
  });

  it('replace takes nothing away that was written after it was counted', async () => {
    const { dump } = await furnished();
    const target = await openWorld({ pools: ['192.168.0.0/24'], nodes: ['mine'] });
    let reads = 0;
    const open = async function* () {
      yield* opened(dump)();
      // The first time is for counting.
      if (++reads === 1) await target.put(keys.node('late'), '{}');
    };
    expect(await codeOf(target.ipam.load({ open, mode: 'replace' }))).toBe('conflict');
    expect(await target.text(keys.node('late'))).toBe('{}');
  });

  it('replace makes it what the dump is; marks stay', async () => {
    const { world, dump } = await furnished();
    const target = await openWorld({ pools: ['192.168.0.0/24'], nodes: ['mine'] });
    await target.v4('mine', 1);
    await target.put(keys.config, '{}');
    const marks = Object.keys(await target.dump()).filter((key) => key.startsWith('/plat/v1/marks/'));
    const result = await target.ipam.load({ open: opened(dump), mode: 'replace' });
    // Both have a pool of this name, and the configuration.
    expect(result).toMatchObject({ replaced: 2, deleted: 3 });
    expect(await contents(target)).toEqual(await contents(world));
    expect(marks.length).toBeGreaterThan(0);
    expect(Object.keys(await target.dump())).toEqual(expect.arrayContaining(marks));
  });

  it('replace takes the pools away first: nothing is assigned from a store that is becoming another', async () => {
    const target = await openWorld({ pools: ['192.168.0.0/24'] });
    const process = target.process();
    const seen: boolean[] = [];
    process.fault = async ({ verb }): Promise<Fault> => {
      if (verb === 'commit') seen.push(Object.keys(await target.dump()).some((key) => key.includes('/ippools/')));
      return 'none';
    };
    await process.ipam.load({ open: opened(await large()), mode: 'replace' });
    expect(seen).toEqual([true, ...seen.slice(1).map(() => false)]);
    expect(seen.length).toBeGreaterThan(3);
  });

  it('writes in commits that a store takes, and tells how far it is', async () => {
    const target = await openWorld(EMPTY);
    const told: (number | undefined)[] = [];
    const { calls } = await target.main.counted(async () =>
      target.ipam.load({
        open: opened(await large()),
        onProgress: ({ phase, done, total }) => phase === 'writing' && told.push(done, total),
      }),
    );
    const commits = calls.flatMap((call) => (call.verb === 'commit' ? [call.request] : []));
    expect(commits.map(({ writes }) => writes.length)).toEqual([127, 127, 127, 19, 1]);
    expect(commits.every(({ guards }) => guards.length <= COMMIT_OPERATIONS_MAX)).toBe(true);
    expect(told).toEqual([127, 401, 254, 401, 381, 401, 400, 401, 401, 401]);
  });

  it.each(['crash-before', 'crash-after'] as const)('goes on after its process died (%s)', async (fault) => {
    const dump = await large();
    const target = await openWorld(EMPTY);
    const process = target.process();
    let commits = 0;
    process.fault = ({ verb }) => (verb === 'commit' && ++commits === 3 ? fault : 'none');
    await expect(process.ipam.load({ open: opened(dump) })).rejects.toThrow(Crash);
    const loaded = Object.keys(await contents(target)).length;
    expect(loaded).toBeGreaterThan(0);
    expect(await target.text(keys.pool('p'))).toBeUndefined();
    expect(await target.ipam.load({ open: opened(dump) })).toMatchObject({ extra: 0, equal: loaded, added: 401 - loaded });
    expect(Object.keys(await contents(target))).toHaveLength(401);
  });

  it('I8 interrupted while a commit is in doubt says how far it came, and the same again goes on', async () => {
    const dump = await large();
    const target = await openWorld(EMPTY);
    const process = target.process();
    const interrupt = new AbortController();
    let commits = 0;
    process.fault = ({ verb }) => {
      if (verb !== 'commit' || ++commits < 5) return 'none';
      // What follows the lost reply asks what came of it.
      if (commits > 5) interrupt.abort();
      return 'lost-reply';
    };
    const error = await refusalOf(process.ipam.load({ open: opened(dump), signal: interrupt.signal }));
    expect(error).toMatchObject({ code: 'outcome-unknown', details: { done: 400, total: 401 } });
    expect(error.details['progress']).toBe('At least 400 of 401 keys are there; the same again goes on.');
    expect(await target.ipam.load({ open: opened(dump) })).toMatchObject({ extra: 0, different: 0 });
    expect(Object.keys(await contents(target))).toHaveLength(401);
  });

  it.each<Fault>(['conflict', 'lost-request', 'lost-reply', 'late', 'unavailable'])(
    'I8 survives a commit with the fault "%s"',
    async (fault) => {
      const target = await openWorld(EMPTY);
      const process = target.process();
      let commits = 0;
      process.fault = ({ verb }) => (verb === 'commit' && ++commits === 2 ? fault : 'none');
      await process.ipam.load({ open: opened(await large()) });
      expect(Object.keys(await contents(target))).toHaveLength(401);
      await target.remove(keys.node('h0200'));
      // What was on its way when the fence was raised lands no more.
      target.store.applyLate();
      expect(await target.text(keys.node('h0200'))).toBeUndefined();
    },
  );

  it('stops at what somebody else writes meanwhile, and leaves it alone', async () => {
    const target = await openWorld(EMPTY);
    const process = target.process();
    const key = keys.node('h0300');
    let commits = 0;
    process.fault = async (call: StoreCall): Promise<Fault> => {
      if (call.verb === 'commit' && ++commits === 2) await target.put(key, '"theirs"');
      return 'none';
    };
    expect(await refusalOf(process.ipam.load({ open: opened(await large()) }))).toMatchObject({ code: 'conflict', details: { key } });
    expect(await target.text(key)).toBe('"theirs"');
  });

  it('ends when its caller aborts', async () => {
    const target = await openWorld(EMPTY);
    const stop = new AbortController();
    const call = target.ipam.load({
      open: opened(await large()),
      signal: stop.signal,
      onProgress: ({ phase }) => phase === 'writing' && stop.abort(),
    });
    expect(await codeOf(call)).toBe('aborted');
    expect(await target.text(keys.pool('p'))).toBeUndefined();
  });

  it('refuses a mode that is none', async () => {
    const { ipam } = await openWorld(EMPTY);
    expect(await codeOf(ipam.load({ open: opened(''), mode: 'overwrite' as 'merge' }))).toBe('invalid-argument');
  });
});
