/** A container engine of a test's own, and an etcd image for it: for machines where neither runs nor can be downloaded. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { type EtcdBinary, onPath } from './etcd-binary.ts';

const run = promisify(execFile);
const ENGINE = 'dockerd';
const START_TIMEOUT_MS = 60_000;

export interface ContainerEngine {
  /** As for DOCKER_HOST. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Why {@link startEngine} cannot work here, or nothing when it can. */
export async function ownEngineProblem(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root may start one';
  for (const program of [ENGINE, 'containerd', 'iptables']) {
    if ((await onPath(program)) === undefined) return `there is no ${program} to start one (Debian: packages docker.io and iptables)`;
  }
  return undefined;
}

/** Starts dockerd with all its files in a temporary folder. */
export async function startEngine(): Promise<ContainerEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-engine-'));
  const socketPath = join(folder, 'docker.sock');
  const args = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')];
  const child = spawn(ENGINE, [...args, '-H', `unix://${socketPath}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-5_000);
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    // Its network namespace stays mounted.
    await run('umount', [join(folder, 'exec/netns/default')]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await vi.waitFor(() => engineRequest(socketPath, 'GET', '/_ping'), { timeout: START_TIMEOUT_MS, interval: 100 });
  } catch (error) {
    await stop();
    throw new Error(`dockerd does not answer: ${error instanceof Error ? error.message : String(error)}\n${log}`);
  }
  return { host: `unix://${socketPath}`, stop };
}

/** Makes an image of this machine's etcd and the shared objects that it needs, in the engine at `host` (`unix://…`); its name. */
export async function importImage(host: string, binary: EtcdBinary): Promise<string> {
  const files = [binary.path, ...(await sharedObjects(binary.path))].map((path) => path.replace(/^\//, ''));
  const rename = `--transform=s,^${files[0]}$,usr/bin/etcd,`;
  const tar = spawn('tar', ['--create', '--dereference', '--directory=/', rename, ...files], { stdio: ['ignore', 'pipe', 'inherit'] });
  const query = new URLSearchParams({ fromSrc: '-', repo: 'plat-etcd', tag: binary.version });
  await engineRequest(host.replace('unix://', ''), 'POST', `/images/create?${query}`, tar.stdout);
  return `plat-etcd:${binary.version}`;
}

async function sharedObjects(path: string): Promise<string[]> {
  // A statically linked program has none, and ldd then fails.
  const { stdout } = await run('ldd', [path]).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file]) => file as string);
}

/** One call of the engine's API; rejects with its message. */
async function engineRequest(socketPath: string, method: string, path: string, body?: Readable): Promise<void> {
  const call = request({ socketPath, method, path, headers: body === undefined ? {} : { 'content-type': 'application/x-tar' } });
  const answered = once(call, 'response');
  if (body === undefined) call.end();
  else await pipeline(body, call);
  const [response] = await answered;
  let answer = '';
  for await (const chunk of response) answer += chunk;
  // An import that fails says so in its answer, with status 200.
  if (response.statusCode !== 200 || answer.includes('"error"')) throw new Error(`${method} ${path}: ${response.statusCode} ${answer}`);
}
