/** Etcd in a container, by testcontainers, where a container engine answers. */
import { connect } from 'node:net';

export interface ContainerisedEtcd {
  /** `host:port` as published. */
  readonly endpoint: string;
  readonly image: string;
  readonly version: string;
  stop(): Promise<void>;
}

export const IMAGE_DEFAULT = 'gcr.io/etcd-development/etcd:v3.6.4';

const CLIENT_PORT = 2379;
const DOCKER_SOCKET = '/var/run/docker.sock';
const DIAL_TIMEOUT_MS = 2_000;
const START_TIMEOUT_MS = 60_000;

/** Where the engine would be. */
export function engineHost(): string {
  const host = process.env['DOCKER_HOST'] ?? '';
  return host === '' ? `unix://${DOCKER_SOCKET}` : host;
}

/** Why no engine can be used, or nothing when one can. Asked before testcontainers is loaded, which takes long. */
export async function engineProblem(): Promise<string | undefined> {
  const url = new URL(engineHost());
  const address = url.protocol === 'unix:' ? { path: url.pathname } : { host: url.hostname, port: Number(url.port) };
  return await new Promise((resolve) => {
    const socket = connect({ ...address, timeout: DIAL_TIMEOUT_MS });
    const answer = (problem: string | undefined) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => answer(undefined));
    socket.once('timeout', () => answer(`the container engine at ${url.href} does not answer`));
    socket.once('error', (error) => answer(`no container engine at ${url.href}: ${error.message}`));
  });
}

/** Starts the image of PLAT_TEST_ETCD_IMAGE; one that is not on this machine is pulled. */
export async function startContainer(image = process.env['PLAT_TEST_ETCD_IMAGE'] ?? IMAGE_DEFAULT): Promise<ContainerisedEtcd> {
  // The reaper is one more image to pull; the run stops its container itself.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const { GenericContainer, Wait } = await import('testcontainers');
  const anywhere = `http://0.0.0.0:${CLIENT_PORT}`;
  const container = await new GenericContainer(image)
    .withCommand(['etcd', `--listen-client-urls=${anywhere}`, `--advertise-client-urls=${anywhere}`])
    .withExposedPorts(CLIENT_PORT)
    // Not by a listening port: that check needs a shell in the image.
    .withWaitStrategy(Wait.forLogMessage(/ready to serve client requests/))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  const { output } = await container.exec(['etcd', '--version']);
  return {
    endpoint: `${container.getHost()}:${container.getMappedPort(CLIENT_PORT)}`,
    image,
    version: /etcd Version: (\S+)/.exec(output)?.[1] ?? 'unknown',
    stop: async () => {
      await container.stop();
    },
  };
}
