/** A machine within this machine: mounts, network and processes of its own, all of which go when it is stopped. */
import { type ChildProcess, fork, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { output, type Ran, run } from './run.ts';

const UNSHARE = ['--mount', '--propagation', 'private', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** Where runtimes and plugins keep state that no option moves. */
const OWN_FOLDERS = ['/run', '/var/lib', '/var/log', '/dev/shm'];
const MOUNTS = OWN_FOLDERS.map((folder) => `mount -t tmpfs -o mode=755 none ${folder}`);
/** Its first process ends with its stdin, so with the tests whatever happens to them, and leaves no zombies. */
const INIT = [...MOUNTS, 'mkdir /run/netns', 'ip link set lo up', 'echo ready', 'exec env --ignore-signal=CHLD cat >/dev/null'];
const TRIAL = [...MOUNTS, 'ip link add name bridge0 type bridge', 'ip link add name veth0 type veth peer name veth1'];

/** What its programs get: nothing of the tests' own environment. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' };

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** Why there can be no such machine here, or no `programs` in it; undefined where there can. */
export function isolationProblem(programs: readonly string[] = []): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has namespaces';
  if (process.getuid?.() !== 0) return 'only root may make them';
  const missing = ['ip', 'unshare', 'nsenter', ...programs].filter((program) => spawnSync('which', [program]).status !== 0);
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  const { status, stderr } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', TRIAL.join(' && ')], { encoding: 'utf8' });
  return status === 0 ? undefined : `no namespaces of our own: ${stderr.trim()}`;
}

export class Isolated {
  readonly #init: ChildProcess;
  /** Of its first process, as seen from here. */
  readonly #pid: string;

  constructor(init: ChildProcess, pid: string) {
    this.#init = init;
    this.#pid = pid;
  }

  /** Runs a program in there to its end. */
  run([program, ...args]: CommandLine, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return run('nsenter', [...this.#entrance, program, ...args], { env: { ...ENVIRONMENT, ...env } });
  }

  /** Runs what must succeed; its stdout. */
  output([program, ...args]: CommandLine, env: Readonly<Record<string, string>> = {}): Promise<string> {
    return output('nsenter', [...this.#entrance, program, ...args], { env: { ...ENVIRONMENT, ...env } });
  }

  /** Starts a program in there; its stderr is the tests' own unless it goes to a file. */
  start([program, ...args]: CommandLine, { log, path }: { readonly log?: number; readonly path?: string } = {}): ChildProcess {
    const env = path === undefined ? ENVIRONMENT : { ...ENVIRONMENT, PATH: `${path}:${ENVIRONMENT.PATH}` };
    const stdio: StdioOptions = log === undefined ? ['pipe', 'pipe', 'inherit'] : ['ignore', log, log];
    return spawn('nsenter', [...this.#entrance, program, ...args], { env, stdio });
  }

  /** A listener on a free port of its 127.0.0.1 that this process serves: a way out of its network. */
  async listen(): Promise<Server> {
    const child = fork(join(import.meta.dirname, 'isolated-listener.ts'), [], {
      execPath: 'nsenter',
      execArgv: [`--net=/proc/${this.#pid}/ns/net`, process.execPath, '--import', 'tsx'],
    });
    const [[, server]] = (await Promise.all([once(child, 'message'), once(child, 'exit')])) as [[unknown, Server], unknown];
    return server;
  }

  async stop(): Promise<void> {
    if (this.#init.exitCode !== null || this.#init.signalCode !== null) return;
    const ended = once(this.#init, 'exit');
    this.#init.stdin?.end();
    await ended;
  }

  get #entrance(): readonly string[] {
    return ['--target', this.#pid, '--mount', '--net', '--pid'];
  }
}

export async function isolate(): Promise<Isolated> {
  const init = spawn('unshare', [...UNSHARE, 'sh', '-c', INIT.join(' && ')], { stdio: ['pipe', 'pipe', 'inherit'] });
  await Promise.race([once(init.stdout, 'data'), once(init, 'exit')]);
  if (init.exitCode !== null) throw new Error(`no namespaces of our own: exit code ${init.exitCode}`);
  const children = await readFile(`/proc/${init.pid}/task/${init.pid}/children`, 'utf8');
  return new Isolated(init, children.trim());
}
