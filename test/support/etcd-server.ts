/** Real etcd servers as processes, with data in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EtcdBinary } from './etcd-binary.ts';
import { listen } from './listen.ts';

export interface ServerTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Given: clients must show a certificate of this CA. */
  readonly clientCaFile?: string;
}

export interface ServerOptions {
  /** Default 1. */
  readonly members?: number;
  /** On the clients' side. */
  readonly tls?: ServerTls;
  /** More of etcd's own arguments. */
  readonly args?: readonly string[];
}

/** The second is what 3.4 says when it logs as JSON. */
const READY = /ready to serve client requests|serving client traffic (in)?securely/;
const START_TIMEOUT_MS = 30_000;
const START_ATTEMPTS_MAX = 3;
const LOG_CHARACTERS_MAX = 20_000;

/** Processes of this one, ended with it whatever happens. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One member: it keeps its ports and its data over `kill` and `restart`. */
export class EtcdServer {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  readonly name: string;
  readonly #command: readonly [path: string, args: readonly string[]];
  #child: ChildProcess | undefined;
  #log = '';

  constructor(name: string, endpoint: string, path: string, args: readonly string[]) {
    this.name = name;
    this.endpoint = endpoint;
    this.#command = [path, args];
  }

  /** Resolves when it serves; rejects with the end of its log when it ended instead. */
  async start(): Promise<void> {
    const [path, args] = this.#command;
    const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], env: serverEnvironment() });
    this.#child = child;
    this.#log = '';
    running.add(child);
    child.once('exit', () => running.delete(child));
    await new Promise<void>((served, ended) => {
      const read = (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString()).slice(-LOG_CHARACTERS_MAX);
        if (READY.test(this.#log)) served();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', ended);
      setTimeout(() => ended(new Error(`etcd does not serve:\n${this.#log.slice(-2_000)}`)), START_TIMEOUT_MS).unref();
      child.once('exit', (code, signal) => ended(new Error(`etcd ended (${code ?? signal}):\n${this.#log.slice(-2_000)}`)));
    });
  }

  /** As a machine that loses power, except that the kernel keeps what was written. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Hangs it: its connections stay open and nothing answers. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }
}

export interface EtcdServers {
  readonly servers: readonly EtcdServer[];
  /** `127.0.0.1:port` of every member. */
  readonly endpoints: readonly string[];
  readonly version: string;
  stop(): Promise<void>;
}

/** Starts one etcd of one or more members and waits until all of them serve. */
export async function startServers(binary: EtcdBinary, options: ServerOptions = {}): Promise<EtcdServers> {
  for (let attempt = 1; ; attempt++) {
    const folder = await mkdtemp(join(tmpdir(), 'plat-etcd-'));
    const servers = await newServers(binary.path, folder, options);
    const stop = async () => {
      await Promise.all(servers.map((server) => server.kill()));
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    };
    try {
      await Promise.all(servers.map((server) => server.start()));
      return { servers, endpoints: servers.map(({ endpoint }) => endpoint), version: binary.version, stop };
    } catch (error) {
      await stop();
      // Another process may have taken a port between our look and etcd's.
      if (attempt === START_ATTEMPTS_MAX || !/address already in use/.test(String(error))) throw error;
    }
  }
}

async function newServers(path: string, folder: string, { members = 1, tls, args = [] }: ServerOptions): Promise<EtcdServer[]> {
  const addresses = await freeAddresses(2 * members);
  const plans = Array.from({ length: members }, (_, index) => ({
    name: `m${index + 1}`,
    endpoint: addresses[2 * index] as string,
    peerUrl: `http://${addresses[2 * index + 1]}`,
  }));
  const cluster = plans.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
  // A single member has nobody to wait for.
  const election = members === 1 ? ['--heartbeat-interval=20', '--election-timeout=200'] : [];
  return plans.map(({ name, endpoint, peerUrl }) => {
    const clientUrl = `${tls === undefined ? 'http' : 'https'}://${endpoint}`;
    return new EtcdServer(name, endpoint, path, [
      `--name=${name}`,
      `--data-dir=${join(folder, name)}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=${cluster}`,
      '--logger=zap',
      '--log-outputs=stderr',
      ...election,
      ...tlsArguments(tls),
      ...args,
    ]);
  });
}

function tlsArguments(tls: ServerTls | undefined): string[] {
  if (tls === undefined) return [];
  const client = tls.clientCaFile === undefined ? [] : ['--client-cert-auth', `--trusted-ca-file=${tls.clientCaFile}`];
  return [`--cert-file=${tls.certFile}`, `--key-file=${tls.keyFile}`, ...client];
}

/** Etcd takes every flag from the environment too, and variables for its clients as flags it does not know. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD'));
  const architecture = process.arch === 'arm64' ? { ETCD_UNSUPPORTED_ARCH: 'arm64' } : {};
  return { ...Object.fromEntries(own), ...architecture };
}

/** `127.0.0.1:port` each. */
async function freeAddresses(count: number): Promise<string[]> {
  const listeners = Array.from({ length: count }, () => createServer());
  // All of them before the first is given back: no port twice.
  const addresses = await Promise.all(listeners.map(listen));
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')));
  return addresses;
}
