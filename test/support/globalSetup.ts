/**
 * What the whole run has once, made when the first test asks for it (a run of the pure tests needs none of it): an etcd, the CNI
 * project's plugins, the built plugin of plat. The tests are in other processes than this, so they ask over HTTP.
 */
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { buildPlugin } from '../e2e/support/plugin-build.ts';
import { findCniTools } from '../e2e/support/tools.ts';
import { type EtcdBinary, findEtcdBinary } from './etcd-binary.ts';
import { engineProblem, startContainer } from './etcd-container.ts';
import { startServers } from './etcd-server.ts';
import { listen } from './listen.ts';

/** The etcd of the run. */
export interface SharedEtcd {
  /** `host:port` each. */
  readonly endpoints: readonly string[];
  readonly version: string;
  /** What it is and where it came from. */
  readonly source: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Base URL of this file's answers. */
    broker: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  const binary = onceAsked(findEtcdBinary);
  const shared = onceAsked(async () => {
    const found = await findShared(binary, stops);
    console.log(`etcd of this run: ${found.version}, ${found.source}, at ${found.endpoints.join(',')}`);
    return found;
  });
  const cniTools = onceAsked(async () => {
    const tools = await findCniTools();
    console.log(`CNI plugins of this run: ${tools.source}`);
    return tools;
  });
  const cniPlugin = onceAsked(async () => {
    const { remove, ...built } = await buildPlugin();
    stops.push(remove);
    return built;
  });
  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    '/shared': shared,
    '/binary': binary,
    '/cni-tools': cniTools,
    '/cni-plugin': cniPlugin,
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''] ?? (() => Promise.reject(new Error(`nothing at ${request.url}`)));
    answer().then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  project.provide('broker', `http://${await listen(server)}`);
  return async () => {
    server.closeAllConnections();
    server.close();
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** A named binary, named endpoints, a container, then whatever binary is there or can be had. */
async function findShared(binary: () => Promise<EtcdBinary>, stops: (() => Promise<void>)[]): Promise<SharedEtcd> {
  if (isSet('PLAT_TEST_ETCD')) return await ownServer(await binary(), stops, '');
  if (isSet('PLAT_TEST_ETCD_ENDPOINTS')) return await givenEndpoints((process.env['PLAT_TEST_ETCD_ENDPOINTS'] as string).split(','));
  const problem = await engineProblem();
  if (problem !== undefined) return await ownServer(await binary(), stops, ` (${problem})`);
  try {
    const { endpoint, version, image, stop } = await startContainer();
    stops.push(stop);
    return { endpoints: [endpoint], version, source: `a container of ${image}` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return await ownServer(await binary(), stops, ` (a container engine is here, but no container: ${reason})`);
  }
}

async function ownServer(binary: EtcdBinary, stops: (() => Promise<void>)[], whyNoContainer: string): Promise<SharedEtcd> {
  const { endpoints, stop } = await startServers(binary);
  stops.push(stop);
  return { endpoints, version: binary.version, source: `${binary.path} (${binary.source})${whyNoContainer}` };
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== '';
}

async function givenEndpoints(endpoints: readonly string[]): Promise<SharedEtcd> {
  const response = await fetch(`http://${endpoints[0]}/version`);
  const { etcdserver } = (await response.json()) as { etcdserver: string };
  return { endpoints, version: etcdserver, source: 'PLAT_TEST_ETCD_ENDPOINTS' };
}

/** Runs it at the first call; every call gets that outcome. */
function onceAsked<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
