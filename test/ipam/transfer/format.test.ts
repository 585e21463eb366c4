import { describe, expect, it } from 'vitest';
import { keys, openWorld, refusalOf, type World } from '../../support/ipam.ts';
import { dumpOf, dumpWith, expectEmpty, FURNISHED, furnish, opened } from './dumps.ts';

async function refused(world: World, dump: string | Uint8Array): Promise<string> {
  const error = await refusalOf(world.ipam.load({ open: opened(dump) }));
  expect(error.code).toBe('bad-dump');
  await expectEmpty(world);
  return error.message;
}

const POOL = keys.pool('p');
const NODE = keys.node('n');

describe('the format of a dump', () => {
  it('notices a cut at any place, and writes nothing', async () => {
    const source = await openWorld(FURNISHED);
    await furnish(source);
    const whole = new TextEncoder().encode(await dumpOf(source.ipam));
    const target = await openWorld({ nodes: [] });
    const lineEnds = [...whole.keys()].filter((at) => whole[at] === 0x0a).map((at) => at + 1);
    const inside = Array.from({ length: 40 }, (_, index) => Math.floor((index * whole.length) / 40));
    for (const bytes of [...lineEnds.slice(0, -1), ...inside, whole.length - 1]) {
      expect(await refused(target, whole.subarray(0, bytes))).toMatch(/ends early|empty/);
    }
    expect(await target.ipam.load({ open: opened(whole) })).toMatchObject({ written: true });
  });

  it('notices any change, and lines that were left out, doubled or added', async () => {
    const source = await openWorld(FURNISHED);
    await furnish(source);
    const dump = await dumpOf(source.ipam);
    const lines = dump.split('\n').slice(0, -1);
    const world = await openWorld({ nodes: [] });
    const altered = (next: string[]) => refused(world, `${next.join('\n')}\n`);
    expect(await refused(world, dump.replace('ippools', 'ippoolz'))).toContain("none of plat's");
    expect(await refused(world, dump.replace('10.0.0.40', '10.0.0.41'))).toContain('checksum');
    expect(await refused(world, dump.replace('"source":"memory"', '"source":"other"'))).toContain('checksum');
    expect(await altered(lines.toSpliced(3, 1))).toContain('counts');
    expect(await altered(lines.toSpliced(3, 0, lines[3] ?? ''))).toContain('out of order');
    expect(await altered([...lines, lines[1] ?? ''])).toContain('follows the end');
    expect(await altered(lines.map((line) => `${line}\r`))).toContain('checksum');
  });

  it.each([
    ['nothing', '', 'empty'],
    ['text', 'hello\n', 'no header'],
    ['another JSON', '{"kind":"List"}\n', 'no header'],
    ['a list', '[1]\n', 'no header'],
    ['a later version', '{"format":"plat-dump","version":2,"revision":"1","time":"t","source":"s"}\n', 'version 2'],
    ['half a header', '{"format":"plat-dump","version":1}\n', 'lacks'],
  ])('refuses %s', async (_name, dump, why) => {
    expect(await refused(await openWorld({ nodes: [] }), dump)).toContain(why);
  });

  it('refuses bytes that are no text, and values and keys that no store takes', async () => {
    const world = await openWorld({ nodes: [] });
    expect(await refused(world, new Uint8Array([0x7b, 0xff, 0x0a]))).toContain('UTF-8');
    const whole = await dumpWith({ [NODE]: 'x' });
    expect(await refused(world, whole.replace('"value":"x"', '"base64":"x"'))).toContain('no value');
    expect(await refused(world, whole.replace('"value":"x"', '"size":1'))).toContain('no value');
    expect(await refused(world, whole.replace(JSON.stringify(NODE), '7'))).toContain('no key');
    expect(await refused(world, await dumpWith({ [NODE]: 'x'.repeat(1_500_000) }))).toContain('larger');
    expect(await refused(world, await dumpWith({ [NODE + 'n'.repeat(1_100)]: 'x' }))).toContain('larger');
  });

  it('refuses keys that are not plat’s, marks, and keys out of order or twice, although the checksum agrees', async () => {
    const world = await openWorld({ nodes: [] });
    expect(await refused(world, await dumpWith({ '/registry/secrets/x': '{}' }))).toContain('/registry/secrets/x');
    expect(await refused(world, await dumpWith({ '/plat/v1/marks/released/h': '{}' }))).toContain('/plat/v1/marks/');
    expect(await refused(world, await dumpWith({ [POOL]: '{}', [NODE]: '{}' }))).toContain('out of order');
    expect(await refused(world, await dumpWith({ [keys.node('b')]: '{}', [keys.node('a')]: '{}' }))).toContain('out of order');
  });
});
