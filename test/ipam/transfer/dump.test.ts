import { describe, expect, it } from 'vitest';
import { keys, openWorld, storedBlock } from '../../support/ipam.ts';
import { contents, dumpOf, expectEmpty, FURNISHED, furnish, opened } from './dumps.ts';

const EMPTY = { nodes: [] };

describe('dump', () => {
  it('gives every key byte for byte to an empty store, but for marks that expire', async () => {
    const source = await openWorld(FURNISHED);
    await furnish(source);
    expect(Object.keys(await source.dump()).some((key) => key.startsWith('/plat/v1/marks/'))).toBe(true);
    const target = await openWorld(EMPTY);
    const result = await target.ipam.load({ open: opened(await dumpOf(source.ipam)) });
    expect(await target.dump()).toEqual(await contents(source));
    expect(result).toMatchObject({
      added: Object.keys(await target.dump()).length,
      equal: 0,
      written: true,
      kinds: { pool: 2, node: 2, reservation: 1, config: 1, handle: 2, block: 3, affinity: 3 },
    });
    expect(result.source).toMatchObject({ source: 'memory', time: '2026-08-22T00:00:00Z' });
  });

  it('I10 keeps values that are no text, no JSON, or have a byte order mark', async () => {
    const source = await openWorld(EMPTY);
    const values = [
      new Uint8Array([0xff, 0xfe, 0, 0x80]),
      new Uint8Array(),
      new Uint8Array([0xef, 0xbb, 0xbf, 0x7b]),
      new Uint8Array([0x0a, 0x0d]),
    ];
    const written = values.map((value, index) => ({ key: keys.handle(`h${index}`), value }));
    await source.store.commit({ guards: [], writes: written, deletes: [] });
    const target = await openWorld(EMPTY);
    await target.ipam.load({ open: opened(await dumpOf(source.ipam), 1) });
    const { entries } = await target.store.read({ keys: written.map(({ key }) => key) });
    expect(written.map(({ key }) => [...(entries.get(key)?.value ?? [])])).toEqual(values.map((value) => [...value]));
  });

  it('is of one revision, whatever is written meanwhile', async () => {
    const source = await openWorld({ pools: ['10.0.0.0/20'] });
    for (let block = 0; block < 8; block++) await source.put(keys.block(`10.0.${block}.0/26`), storedBlock(`10.0.${block}.0/26`, null));
    const before = await contents(source);
    const lines: string[] = [];
    for await (const line of source.ipam.dump()) {
      lines.push(line);
      await source.remove(keys.block(`10.0.${lines.length % 8}.0/26`));
      await source.put(keys.handle(`h${lines.length}`), '{}');
    }
    const target = await openWorld(EMPTY);
    await target.ipam.load({ open: opened(lines.join('')) });
    expect(await target.dump()).toEqual(before);
  });

  it('writes pools last, so that nothing is assigned from a store that is half loaded', async () => {
    const source = await openWorld(FURNISHED);
    await furnish(source);
    const written = (await dumpOf(source.ipam))
      .split('\n')
      .slice(1, -2)
      .map((line) => (JSON.parse(line) as { key: string }).key);
    const first = written.findIndex((key) => key.includes('/ippools/'));
    expect(written.slice(first).every((key) => key.includes('/ippools/'))).toBe(true);
  });

  it('of an empty store is a dump too', async () => {
    const [source, target] = [await openWorld(EMPTY), await openWorld(EMPTY)];
    const result = await target.ipam.load({ open: opened(await dumpOf(source.ipam)) });
    expect(result).toMatchObject({ entries: 0, added: 0 });
    await expectEmpty(target);
  });
});
