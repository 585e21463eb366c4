/** The plugin killed at any instant of a storm of ADD and DEL: nothing breaks, and repeating a call completes it. */
import { beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { Random } from '../sim/random.ts';
import { checkHistory } from './support/history.ts';
import { KillStorm } from './support/kills.ts';
import { TOOLS_TIMEOUT_MS } from './support/machine.ts';
import { ownName, standInNamespace } from './support/namespaces.ts';
import { type Entry, pluginCommand } from './support/plugin.ts';
import { heldIn, leftIn, newStore, type StoreKind } from './support/store.ts';

const TIMEOUT_MS = 400_000;
/** Of one call. A storm is not about deadlines, and this machine may be busy with other things. */
const DEADLINE_SECONDS = 150;
const SEED_MAX = 1_000_000;

const STORMS: readonly (readonly [kills: number, Entry, StoreKind])[] = [
  [200, 'compiled', 'lmdb'],
  [200, 'compiled', 'etcd'],
  [30, 'node', 'lmdb'],
  [30, 'node', 'etcd'],
];

// Built before the first test, whose time is not meant for that.
beforeAll(() => pluginCommand('compiled'), TOOLS_TIMEOUT_MS);

describe('kill -9', { timeout: TIMEOUT_MS }, () => {
  it.each(STORMS)('I1 to I6 hold and I8: repeated calls converge, after %i kills of the %s plugin on %s', async (kills, entry, kind) => {
    const seed = Number(process.env['PLAT_TEST_SEED'] ?? Math.floor(Math.random() * SEED_MAX));
    onTestFailed(() => console.error(`kills of the ${entry} plugin on ${kind}: the seed was PLAT_TEST_SEED=${seed}`));
    const store = await newStore(kind);
    await store.ipam.pools.create({ name: 'pods', spec: { cidr: '10.94.0.0/24', blockSize: 28 } });
    const network = ownName('net');
    const storm = new KillStorm({
      command: await pluginCommand(entry),
      conf: {
        cniVersion: '1.0.0',
        name: network,
        ipam: { type: 'plat', store: store.url, nodename: 'node-a', timeoutSeconds: DEADLINE_SECONDS },
      },
      netns: await standInNamespace(),
      random: new Random(seed),
      workers: 8,
      attachmentsPerWorker: 4,
      kills,
    });
    await storm.run();

    await checkHistory(store.store);
    const held = await heldIn(store);
    const handles = [...held.values()];
    expect(new Set(handles).size).toBe(handles.length);
    for (const { containerId, certainty } of storm.attachments) {
      const handle = `${network}.${containerId}`;
      if (certainty.kind === 'held') expect(held.get(certainty.ip)).toBe(handle);
      if (certainty.kind === 'free') expect(handles).not.toContain(handle);
    }

    const all = storm.attachments;
    for (const { containerId, lastVerb } of all) await storm.call(containerId, lastVerb);
    const given = await Promise.all(all.map(({ containerId }) => storm.call(containerId, 'ADD')));
    expect(await Promise.all(all.map(({ containerId }) => storm.call(containerId, 'ADD')))).toEqual(given);
    expect([...(await heldIn(store)).keys()].sort()).toEqual(given.toSorted());

    await Promise.all(all.map(({ containerId }) => storm.call(containerId, 'DEL')));
    expect(await leftIn(store)).toEqual([]);
    await checkHistory(store.store);
  });
});
