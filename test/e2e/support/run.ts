/** Programs run to their end, in a network namespace if wanted. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface RunOptions {
  readonly stdin?: string;
  /** All that the program's environment has beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Name of the network namespace; without one it stays in this process's. */
  readonly netns?: string;
}

export interface Ran {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ran>;
  /** SIGKILL; false when it had ended already. */
  kill(): boolean;
}

/** Far more than any run takes; a run that hangs must not hang the suite. */
const RUN_TIMEOUT_MS = 200_000;

/** `nsenter` becomes the program, so a signal reaches the program itself. */
export function start(program: string, args: readonly string[], { stdin = '', env = {}, netns }: RunOptions = {}): Running {
  const inside = netns === undefined ? [] : ['nsenter', `--net=/run/netns/${netns}`];
  const [path, ...rest] = [...inside, program, ...args] as [string, ...string[]];
  const child = spawn(path, rest, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  // A program that was killed, or that needs no input, does not read it.
  child.stdin.on('error', () => undefined).end(stdin);
  return { pid: child.pid ?? 0, ended: ended(child), kill: () => child.exitCode === null && child.kill('SIGKILL') };
}

export function run(program: string, args: readonly string[], options?: RunOptions): Promise<Ran> {
  return start(program, args, options).ended;
}

/** Its stdout; rejects with what it said when it fails. */
export async function output(program: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

function ended(child: ChildProcess): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (piece: string) => {
        text[name] += piece;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}
