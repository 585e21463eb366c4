/** The image of the pods' pause container, made without a registry. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeRoot } from './busybox-root.ts';
import { output } from './run.ts';

export const PAUSE_IMAGE = 'localhost/plat-test/pause:1';

const TAR = ['--owner=0', '--group=0', '--numeric-owner'];

/** Writes the image as `docker save` does: one layer, a configuration, a manifest; gives its path. */
export async function makePauseImage(folder: string): Promise<string> {
  const parts = join(folder, 'image');
  const root = join(parts, 'root');
  await makeRoot(root);
  await output('tar', [...TAR, '-C', root, '-cf', join(parts, 'layer.tar'), '.']);
  const digest = createHash('sha256')
    .update(await readFile(join(parts, 'layer.tar')))
    .digest('hex');
  await writeFile(join(parts, 'config.json'), JSON.stringify(configOf(digest)));
  const manifest = [{ Config: 'config.json', RepoTags: [PAUSE_IMAGE], Layers: ['layer.tar'] }];
  await writeFile(join(parts, 'manifest.json'), JSON.stringify(manifest));
  const image = join(folder, 'pause.tar');
  await output('tar', [...TAR, '-C', parts, '-cf', image, 'manifest.json', 'config.json', 'layer.tar']);
  await rm(parts, { recursive: true });
  return image;
}

function configOf(digest: string): object {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Entrypoint: ['/bin/sleep', '2147483647'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
}
