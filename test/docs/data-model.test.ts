import { describe, expect, it } from 'vitest';
import { openIpam, openStore } from '../../src/index.ts';
import type { Store } from '../../src/store/port.ts';
import { StillClock } from './clock.ts';
import { fencesOf } from './documents.ts';

/** `key value` of everything in the store. */
async function entriesOf(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const { entries } of store.list('/')) {
    for (const { key, value } of entries) found.push(`${key} ${new TextDecoder().decode(value)}`);
  }
  return found;
}

/** The story that the document tells; what was stored after each of its steps. */
async function story(): Promise<Map<string, string[]>> {
  const store = await openStore('memory:');
  const clock = new StillClock();
  const ipam = openIpam({ store, clock, walkStart: () => 1n });
  const stored = new Map<string, string[]>();
  const told = async (heading: string) => void stored.set(heading, await entriesOf(store));

  await ipam.pools.create({ name: 'pods', spec: { cidr: '10.244.0.0/24', blockSize: 30 } });
  await told('A pool');
  const attrs = { pod: 'web-0', namespace: 'default', node: 'worker-1' };
  await ipam.autoAssign({ host: 'worker-1', handle: 'pod-a', attrs, num4: 1, registerNode: true });
  await told('The first address of a node');
  await ipam.autoAssign({ host: 'worker-1', handle: 'pod-b', num4: 2 });
  await ipam.setConfig({ ipCooldownSeconds: 300 });
  clock.advance(60);
  await ipam.releaseByHandle({ handle: 'pod-a', final: true });
  await told('A release with a cooldown');
  clock.advance(301);
  await ipam.autoAssign({ host: 'worker-1', num4: 1 });
  await told('After the cooldown');
  await ipam.removeHost({ host: 'worker-1' });
  await told('The node is removed');
  await ipam.close();
  return stored;
}

/** What the document shows: under each heading `key value`, a value being cut into indented lines. */
function shown(): { readonly heading: string; readonly entry: string }[] {
  return fencesOf('docs/data-model.md')
    .filter(({ language }) => language === 'text')
    .flatMap(({ heading, code }) =>
      code
        .split(/\n(?=\S)/)
        .map((entry) => entry.replace(/\n +/, ' ').replaceAll(/\n */g, ''))
        .map((entry) => ({ heading, entry })),
    );
}

describe('examples of the data model document', () => {
  it('are what the library stores', async () => {
    const stored = await story();
    expect(shown().length).toBeGreaterThan(10);
    expect(shown().filter(({ heading, entry }) => !stored.get(heading)?.includes(entry))).toEqual([]);
  });

  it('show all that the first address of a node writes', async () => {
    const stored = await story();
    const before = new Set(stored.get('A pool'));
    const written = stored.get('The first address of a node')?.filter((entry) => !before.has(entry));
    const entries = shown().flatMap(({ heading, entry }) => (heading === 'The first address of a node' ? [entry] : []));
    expect(entries.toSorted()).toEqual(written?.toSorted());
  });
});
