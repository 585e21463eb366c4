/** plat as a user has it: built, in a folder of its own, run as a process. */
import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
/** Far more than any run takes; a run that hangs must not hang the suite. */
const RUN_TIMEOUT_MS = 120_000;

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece of stdout; what it gives back is sent to the process as a signal. */
  readonly signalOn?: (stdout: string) => NodeJS.Signals | undefined;
}

export interface Installed {
  /** The program's file, for runs through a shell. */
  readonly program: string;
  /** A new, empty folder that is removed with the installation. */
  folder(): Promise<string>;
  run(args: readonly string[], options?: RunOptions): Promise<Run>;
  remove(): Promise<void>;
}

/** Builds plat and lays it out as the package is: package.json, dist, docs, dependencies. */
export async function install(): Promise<Installed> {
  const place = await mkdtemp(join(tmpdir(), 'plat-installed-'));
  await promisify(execFile)(
    process.execPath,
    [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
      '--noCheck',
      '--declaration',
      'false',
      '--outDir',
      join(place, 'dist'),
    ],
    { cwd: ROOT },
  );
  await copyFile(join(ROOT, 'package.json'), join(place, 'package.json'));
  for (const shared of ['node_modules', 'docs']) await symlink(join(ROOT, shared), join(place, shared));
  const program = join(place, 'dist/cli/main.js');
  return {
    program,
    folder: () => mkdtemp(join(place, 'folder-')),
    run: (args, options) => run(program, args, options),
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

/** The environment of a run: none of the variables that would choose a store, a log or colours. */
export function cleanEnvironment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PLAT_|ETCD_|XDG_|NO_COLOR|FORCE_COLOR|NODE_OPTIONS|CI$)/.test(name));
  return { ...Object.fromEntries(inherited), ...env };
}

function run(program: string, args: readonly string[], { env, signalOn }: RunOptions = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_TIMEOUT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const signal = signalOn?.(stdout);
      if (signal) child.kill(signal);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
