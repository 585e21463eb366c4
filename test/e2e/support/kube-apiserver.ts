/** A real kube-apiserver over an etcd of the test: no kubelet, no controller, so that what is in it is what the test put there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { listen } from '../../support/listen.ts';
import { until } from './until.ts';

const START_TIMEOUT_MS = 180_000;
const LOG_CHARACTERS_MAX = 4_000;
/** May do everything, and may do nothing. */
export const ADMIN_TOKEN = 'test-admin';
export const NOBODY_TOKEN = 'test-nobody';

/** Where test/e2e/kubernetes/build.sh leaves what it builds, then PATH; undefined: there is none. */
export function findKubeApiserver(): string | undefined {
  const home = process.env['PLAT_K8S_HOME'] || join(homedir(), '.cache/plat-e2e-kubernetes');
  const folders = [join(home, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, 'kube-apiserver')).find((path) => existsSync(path));
}

export interface KubeApiserver {
  readonly url: string;
  /** The certificate that it shows, for a kubeconfig. */
  readonly caFile: string;
  /** Text of the answer; throws for any status but 2xx. */
  ask(method: string, path: string, body?: object): Promise<string>;
  stop(): Promise<void>;
}

/** `etcd`: `host:port`. Resolves when it serves. */
export async function startKubeApiserver(program: string, etcd: string): Promise<KubeApiserver> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-kube-'));
  const port = await freePort();
  const keyFile = join(folder, 'service-accounts.key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const tokens = join(folder, 'tokens.csv');
  await writeFile(tokens, `${ADMIN_TOKEN},admin,admin,system:masters\n${NOBODY_TOKEN},nobody,nobody\n`);
  const child = spawn(program, [
    `--etcd-servers=http://${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--endpoint-reconciler-type=none',
    `--cert-dir=${folder}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    `--token-auth-file=${tokens}`,
    '--authorization-mode=RBAC',
    // Without a controller nobody makes the account that each pod would need.
    '--disable-admission-plugins=ServiceAccount',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${keyFile}`,
    `--service-account-signing-key-file=${keyFile}`,
  ]);
  process.once('exit', () => child.kill('SIGKILL'));
  const log = logOf(child);
  const caFile = join(folder, 'apiserver.crt');
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  const url = `https://127.0.0.1:${port}`;
  const ask: KubeApiserver['ask'] = async (method, path, body) =>
    call(`${url}${path}`, { method, body, ca: await readFile(caFile, 'utf8') });
  try {
    await until(() => ask('GET', '/readyz'), START_TIMEOUT_MS);
    await until(() => ask('GET', '/api/v1/namespaces/default'), START_TIMEOUT_MS);
  } catch (error) {
    await stop();
    throw new Error(`kube-apiserver does not serve (${String(error)}):\n${log()}`);
  }
  return { url, caFile, ask, stop };
}

function logOf(child: ChildProcess): () => string {
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: Buffer) => {
      log = (log + text.toString()).slice(-LOG_CHARACTERS_MAX);
    });
  }
  return () => log;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const address = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return Number(address.split(':')[1]);
}

interface Call {
  readonly method: string;
  readonly body: object | undefined;
  readonly ca: string;
}

function call(url: string, { method, body, ca }: Call): Promise<string> {
  return new Promise((resolve, reject) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': type };
    const sent = request(url, { method, headers, ca }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const { statusCode = 0 } = answer;
        if (statusCode >= 200 && statusCode < 300) resolve(text);
        else reject(new Error(`${method} ${url} was answered ${statusCode}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
