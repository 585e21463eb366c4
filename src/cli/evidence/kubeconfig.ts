/** How to reach a Kubernetes API server, as a kubeconfig file or a pod's own service account tells. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Environment } from '../../platform/config.ts';
import { Refusal, UsageError } from '../errors.ts';

export interface ApiServer {
  readonly url: URL;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** A secret: never shown. */
  readonly token?: string;
  readonly serverName?: string;
  readonly isInsecure: boolean;
}

type Members = Readonly<Record<string, unknown>>;

/** The server of `context`, or of the file's current context. */
export async function readKubeconfig(path: string, context: string | undefined): Promise<ApiServer> {
  const { parse } = await import('yaml');
  const text = await readOrRefuse(path);
  let config: Members;
  try {
    config = membersOf(parse(text));
  } catch (error) {
    throw bad(path, `it is not YAML (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`);
  }
  const name = context ?? textOf(config, 'current-context');
  if (name === undefined) throw bad(path, 'it has no current-context. Choose one with --context');
  const chosen = named(path, config, { list: 'contexts', name, member: 'context' });
  const cluster = named(path, config, { list: 'clusters', name: textOf(chosen, 'cluster'), member: 'cluster' });
  const user = named(path, config, { list: 'users', name: textOf(chosen, 'user'), member: 'user' });
  for (const plugin of ['exec', 'auth-provider']) {
    if (user[plugin] !== undefined) {
      throw bad(
        path,
        `its user needs a program (${plugin}), which plat does not run. Use a token of a service account: kubectl create token`,
      );
    }
  }
  return serverOf(path, cluster, user);
}

async function serverOf(path: string, cluster: Members, user: Members): Promise<ApiServer> {
  const server = textOf(cluster, 'server');
  if (server === undefined || !URL.canParse(server)) throw bad(path, 'its cluster has no server address');
  const content = (members: Members, name: string) => contentOf(path, members, name);
  const tokenFile = textOf(user, 'tokenFile');
  const token =
    textOf(user, 'token') ?? (tokenFile === undefined ? undefined : (await readOrRefuse(resolve(dirname(path), tokenFile))).trim());
  const ca = await content(cluster, 'certificate-authority');
  const cert = await content(user, 'client-certificate');
  const key = await content(user, 'client-key');
  const serverName = textOf(cluster, 'tls-server-name');
  return {
    url: new URL(server),
    isInsecure: cluster['insecure-skip-tls-verify'] === true,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(token !== undefined && { token }),
    ...(serverName !== undefined && { serverName }),
  };
}

/** `NAME-data` in base64, or the file that `NAME` tells. */
async function contentOf(path: string, members: Members, name: string): Promise<string | undefined> {
  const data = textOf(members, `${name}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = textOf(members, name);
  return file === undefined ? undefined : readOrRefuse(resolve(dirname(path), file));
}

function named(path: string, config: Members, { list, name, member }: { list: string; name: string | undefined; member: string }): Members {
  const entries = config[list];
  const entry = (Array.isArray(entries) ? entries : []).map(membersOf).find((each) => each['name'] === name);
  if (!entry) throw bad(path, `it has no ${list.slice(0, -1)} named '${name}'`);
  return membersOf(entry[member]);
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** As a pod reaches the API server of its own cluster. */
export async function ownCluster(env: Environment): Promise<ApiServer> {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (!host) throw new UsageError('--in-cluster works inside a pod only (KUBERNETES_SERVICE_HOST is not set). Give --kubeconfig FILE.');
  const [token, ca] = await Promise.all([readOrRefuse(`${SERVICE_ACCOUNT}/token`), readOrRefuse(`${SERVICE_ACCOUNT}/ca.crt`)]);
  return { url: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`), token: token.trim(), ca, isInsecure: false };
}

async function readOrRefuse(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Refusal('no-evidence', `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`, { file: path });
  }
}

function bad(path: string, why: string): Refusal {
  return new Refusal('no-evidence', `the kubeconfig ${path} cannot be used: ${why}.`, { file: path });
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function textOf(members: Members, name: string): string | undefined {
  const value = members[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
