import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BlockHints } from '../../src/cni/block-hints.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openBed } from './bed.ts';

const OF = { network: 'net', store: 'etcd://a:1', host: 'host-a' };

describe('block hints', () => {
  it('are there for the next call of the same network, store and host, and for no other', async () => {
    const folder = join(await temporaryFolder(), 'hints');
    new BlockHints(folder, OF).note(['10.0.0.0/26', 'fd00::/122']);
    expect(new BlockHints(folder, OF).blocks).toEqual(['10.0.0.0/26', 'fd00::/122']);
    for (const other of [{ network: 'other' }, { store: 'etcd://b:1' }, { host: 'host-b' }]) {
      expect(new BlockHints(folder, { ...OF, ...other }).blocks).toEqual([]);
    }
    expect(await readdir(folder)).toEqual(['net.json']);
  });

  it('are the newest few', async () => {
    const folder = await temporaryFolder();
    for (let index = 0; index < 9; index++) new BlockHints(folder, OF).note([`10.0.${index}.0/26`]);
    expect(new BlockHints(folder, OF).blocks).toEqual(['10.0.5.0/26', '10.0.6.0/26', '10.0.7.0/26', '10.0.8.0/26']);
  });

  it.each(['', 'null', '[]', '{', '{"blocks":7}', JSON.stringify({ ...OF, blocks: [7, null] })])(
    'are none in a file of no use: %j',
    async (text) => {
      const folder = await temporaryFolder();
      await writeFile(join(folder, 'net.json'), text);
      expect(new BlockHints(folder, OF).blocks).toEqual([]);
    },
  );

  it('are done without where no folder can be made', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const hints = new BlockHints(join(file, 'hints'), OF);
    hints.note(['10.0.0.0/26']);
    expect(hints.blocks).toEqual(['10.0.0.0/26']);
  });
});

describe('an ADD with hints', () => {
  const pools = { pools: ['10.0.0.0/16'] };

  it.each([
    ['pools', {}],
    ['ranges', { ranges: [[{ subnet: '10.9.0.0/16' }]] }],
  ])('from %s takes two requests, a read and a commit, when its block is known', async (_, ipam) => {
    const bed = await openBed(pools);
    const hintsFolder = await temporaryFolder();
    await bed.ok('ADD', { hintsFolder, ipam });
    const { calls, exitCode } = await bed.run('ADD', { hintsFolder, ipam, env: { CNI_CONTAINERID: 'c2' } });
    expect([exitCode, calls.map(({ verb }) => verb)]).toEqual([0, ['read', 'commit']]);
  });

  it('is followed by a DEL of two requests', async () => {
    const bed = await openBed(pools);
    const hintsFolder = await temporaryFolder();
    await bed.ok('ADD', { hintsFolder });
    const { calls, exitCode } = await bed.run('DEL', { hintsFolder });
    expect([exitCode, calls.map(({ verb }) => verb)]).toEqual([0, ['read', 'commit']]);
  });

  it('gives the same addresses whatever the hints say', async () => {
    const [honest, misled] = [await openBed(pools), await openBed(pools)];
    const hintsFolder = await temporaryFolder();
    await mkdir(hintsFolder, { recursive: true });
    new BlockHints(hintsFolder, { network: 'net', store: 'etcd://127.0.0.1:1', host: 'host-a' }).note([
      '10.0.255.0/26',
      'no network',
      'fd00::/122',
    ]);
    for (const container of ['c1', 'c2', 'c3']) {
      expect(await misled.add(container, { hintsFolder })).toEqual(await honest.add(container));
    }
  });
});
