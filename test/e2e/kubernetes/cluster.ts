/** A Kubernetes of two nodes on this machine, by the scripts of this folder. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Api, openApi } from './api.ts';
import { until } from './waiting.ts';

const run = promisify(execFile);

export const NODES = [1, 2] as const;
export type NodeNumber = (typeof NODES)[number];
/** Of the etcd that plat keeps its data in. */
export const STORE_ENDPOINT = '10.98.0.1:2389';
const NODE_READY_MS = 120_000;
const OUTPUT_BYTES_MAX = 16 * 2 ** 20;

/** Where everything is. */
export interface Places {
  /** What `build.sh` made. */
  readonly home: string;
  /** Of this run alone; removed in the end. */
  readonly folder: string;
  /** The compiled plugin. */
  readonly plugin: string;
}

export interface Condition {
  readonly ready: boolean;
  readonly message: string;
}

export interface Cluster extends Places {
  readonly api: Api;
  readonly signal: AbortSignal;
  /** Runs a script of this folder; rejects with what it prints when it fails. */
  script(name: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>;
  /** Runs a command on a node, with `input` as its standard input; what it prints. */
  exec(node: NodeNumber, command: readonly string[], input?: string): Promise<string>;
  /** The condition `Ready` of a node, as the API has it. */
  condition(node: NodeNumber): Promise<Condition>;
  nodesReady(): Promise<void>;
}

/** Starts control plane, plat's etcd and nodes. The nodes are not Ready: they have no network configuration yet. */
export async function startCluster(places: Places, signal: AbortSignal): Promise<Cluster> {
  const { folder, home, plugin } = places;
  const script = (name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => runScript(places, name, args, { signal, env });
  await mkdir(join(folder, 'cnibin'), { recursive: true });
  await mkdir(join(folder, 'plugin'));
  for (const name of await readdir(join(home, 'cnibin'))) await symlink(join(home, 'cnibin', name), join(folder, 'cnibin', name));
  await symlink(plugin, join(folder, 'plugin/plat'));
  await script('up.sh', [String(NODES.length)]);
  const api = await openApi(folder, signal);
  const condition = (node: NodeNumber) => readyCondition(api, node);
  return {
    ...places,
    api,
    signal,
    script,
    condition,
    exec: (node, command, input) => runScript(places, 'node-exec.sh', [String(node), ...command], { signal, input }),
    nodesReady: async () => {
      for (const node of NODES) {
        await until(`node n${node} to be Ready`, { limitMs: NODE_READY_MS, signal }, async () =>
          (await condition(node)).ready ? true : undefined,
        );
      }
    },
  };
}

/** Ends and removes everything of a run, also of one that was killed. */
export async function removeCluster(places: Places): Promise<void> {
  await runScript(places, 'down.sh', []);
}

/** Builds what is not built yet, telling on standard error. */
export async function buildPrograms(places: Places, signal: AbortSignal): Promise<void> {
  const build = run(join(import.meta.dirname, 'build.sh'), { env: environment(places), signal, maxBuffer: OUTPUT_BYTES_MAX });
  build.child.stderr?.pipe(process.stderr);
  await build;
}

interface ScriptOptions {
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | undefined;
}

async function runScript(places: Places, name: string, args: readonly string[], { signal, env, input }: ScriptOptions = {}) {
  const started = run(join(import.meta.dirname, name), args, {
    env: { ...environment(places), ...env },
    maxBuffer: OUTPUT_BYTES_MAX,
    ...(signal === undefined ? {} : { signal }),
  });
  started.child.stdin?.on('error', () => undefined);
  started.child.stdin?.end(input ?? '');
  return (await started).stdout;
}

function environment({ home, folder }: Places): NodeJS.ProcessEnv {
  return { ...process.env, PLAT_K8S_HOME: home, PLAT_E2E_RUN: folder };
}

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[] };
}

async function readyCondition(api: Api, node: NodeNumber): Promise<Condition> {
  const { items } = await api.call<{ readonly items: readonly NodeObject[] }>('GET', '/api/v1/nodes');
  const itself = items.find(({ metadata }) => metadata.name === `n${node}`);
  const found = itself?.status.conditions?.find(({ type }) => type === 'Ready');
  return { ready: found?.status === 'True', message: found?.message ?? (itself ? '' : 'its kubelet has not registered it') };
}

/** Replaces a link, for those who look at any moment there is always one. */
export async function relink(target: string, path: string): Promise<void> {
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}
