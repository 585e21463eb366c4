/** The store over an etcd that testcontainers runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openEtcdStore } from '../../src/store/etcd.ts';
import { storeContract } from '../store/contract.ts';
import { importImage, ownEngineProblem, startEngine } from '../support/container-engine.ts';
import { etcdBinary } from '../support/etcd.ts';
import { compact } from '../support/etcd-api.ts';
import { type ContainerisedEtcd, engineHost, engineProblem, IMAGE_DEFAULT, startContainer } from '../support/etcd-container.ts';

const noEngine = await engineProblem();
const noOwnEngine = noEngine === undefined ? undefined : await ownEngineProblem();
const problem = noOwnEngine === undefined ? undefined : `${noEngine}, and ${noOwnEngine}`;
if (problem !== undefined) console.warn(`skipped: etcd in a container (${problem})`);

it('docker-compose.yml runs the image that the tests take by default', async () => {
  const compose = parse(await readFile(join(import.meta.dirname, '../../docker-compose.yml'), 'utf8'), { merge: true });
  const images = Object.values<{ image: string }>(compose.services).map(({ image }) => image);
  expect(images).toEqual([IMAGE_DEFAULT, IMAGE_DEFAULT, IMAGE_DEFAULT]);
});

// skip: no container engine, and none can be started; the reason is printed above.
describe.skipIf(problem !== undefined)('etcd in a container', () => {
  const stops: (() => Promise<void>)[] = [];
  let container: ContainerisedEtcd;

  beforeAll(async () => {
    container = noEngine === undefined ? await inRunningEngine() : await inOwnEngine(stops);
    stops.push(container.stop);
    console.log(`etcd in a container: ${container.version}, image ${container.image}, at ${container.endpoint}`);
  });

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it('is an etcd that this store supports', () => {
    expect(container.version).toMatch(/^3\.[4-9]\./);
  });

  storeContract('etcd in a container', async () => {
    const endpoints = [container.endpoint];
    const [store, second] = await Promise.all([openEtcdStore({ endpoints }), openEtcdStore({ endpoints })]);
    return {
      store,
      second,
      compact: (revision) => compact(container.endpoint, revision),
      close: async () => {
        await Promise.all([store.close(), second.close()]);
      },
    };
  });
});

/** The usual image; where it can be neither found nor pulled, one of this machine's etcd. */
async function inRunningEngine(): Promise<ContainerisedEtcd> {
  try {
    return await startContainer();
  } catch (error) {
    console.warn(`no usual image (${error instanceof Error ? error.message : String(error)}): making one`);
    return await startContainer(await importImage(engineHost(), await etcdBinary()));
  }
}

async function inOwnEngine(stops: (() => Promise<void>)[]): Promise<ContainerisedEtcd> {
  const engine = await startEngine();
  stops.push(engine.stop);
  process.env['DOCKER_HOST'] = engine.host;
  return await startContainer(await importImage(engine.host, await etcdBinary()));
}
