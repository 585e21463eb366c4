/** Command lines in this process, each test on an empty store, with what a run must look like checked on the way. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { Terminal } from '../../src/cli/cli.ts';
import { runCli } from '../../src/cli/program.ts';
import { openStore } from '../../src/store/open.ts';
import { startEtcd } from '../support/etcd.ts';
import { etcdApi } from '../support/etcd-api.ts';

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line as main.ts would, at a pipe, with nobody to ask; `terminal` replaces parts of that. */
export async function runLine(args: readonly string[], terminal: Partial<Terminal> = {}): Promise<Run> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args, {
    env: {},
    hostName: 'this-host',
    homeFolder: join(tmpdir(), 'nobody'),
    isRoot: false,
    signal: new AbortController().signal,
    columns: undefined,
    noteColumns: undefined,
    confirm: undefined,
    readInput: async () => '',
    readChunks: async function* () {},
    print: (text) => {
      stdout += `${text}\n`;
    },
    write: (text) => {
      stdout += text;
    },
    send: async (text) => {
      stdout += text;
    },
    note: (text) => {
      stderr += `${text}\n`;
    },
    paint: (_style, text) => text,
    progress: () => {},
    ...terminal,
  });
  return { code, stdout, stderr };
}

export interface Stage {
  /** URL of an empty store. */
  fresh(): Promise<string>;
  stop(): Promise<void>;
}

export async function lmdbStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-session-'));
  return {
    fresh: async () => {
      const url = `lmdb:${await mkdtemp(join(folder, 'store-'))}/store`;
      await (await openStore(url)).close();
      return url;
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function etcdStage(): Promise<Stage> {
  const { endpoints, stop } = await startEtcd();
  return {
    fresh: async () => {
      await emptyEtcd(endpoints[0] ?? '');
      return `etcd://${endpoints.join(',')}`;
    },
    stop,
  };
}

async function emptyEtcd(endpoint: string): Promise<void> {
  const everything = Buffer.from('\0').toString('base64');
  await etcdApi(endpoint, 'kv/deleterange', { key: everything, range_end: everything });
}

/** The members that tests look into; each command prints some of them. */
export interface Printed {
  readonly ips: readonly string[];
  readonly blocks: readonly unknown[];
  readonly items: readonly unknown[];
  readonly pools: readonly unknown[];
  readonly attributes: { readonly active: unknown };
  readonly sequenceNumber: unknown;
}

/** A line is split at blanks; further arguments are taken as they are. */
export interface Session {
  /** URL of the store of this test. */
  store(): string;
  run(line: string, ...more: string[]): Promise<Run>;
  /** Must succeed without a word on stderr; its stdout. */
  ok(line: string, ...more: string[]): Promise<string>;
  /** The same with `-o json`; what it printed, parsed. */
  json(line: string, ...more: string[]): Promise<Printed>;
  /** Must fail with exit code 1, nothing on stdout and one paragraph on stderr, which it gives. */
  refused(line: string, ...more: string[]): Promise<string>;
}

/** Registers the hooks that open the stage and empty the store before each test. */
export function useSession(openStage: () => Promise<Stage> = lmdbStage): Session {
  let stage: Stage;
  let store: string;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.stop());
  beforeEach(async () => {
    store = await stage.fresh();
  });

  const run: Session['run'] = (line, ...more) => runLine(['--store', store, ...line.split(' '), ...more]);
  const ok: Session['ok'] = async (line, ...more) => {
    const { code, stdout, stderr } = await run(line, ...more);
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    return stdout;
  };
  return {
    store: () => store,
    run,
    ok,
    json: async (line, ...more) => JSON.parse(await ok(`-o json ${line}`, ...more)) as Printed,
    refused: async (line, ...more) => {
      const { code, stdout, stderr } = await run(line, ...more);
      expect({ line, code, stdout }).toEqual({ line, code: 1, stdout: '' });
      expect(stderr).toMatch(/^plat: [^\n]+\n$/);
      return stderr;
    },
  };
}
