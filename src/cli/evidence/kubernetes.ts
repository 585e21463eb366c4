/** Lists of a Kubernetes API server, whole or not at all: a list that breaks off in the middle is worth nothing. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Inventory, Pod } from '../../core/collect/inventory.ts';
import { podsOf } from '../../core/collect/inventory-text.ts';
import { isJsonArray, isJsonObject, type JsonObject, parseJson } from '../../core/json.ts';
import { memberObject, memberText } from '../../core/resource.ts';
import { Refusal } from '../errors.ts';
import type { ApiServer } from './kubeconfig.ts';

/** Items per request. */
const PAGE_SIZE = 500;
/** Times a list is begun again because the server forgot the place where its next page begins. */
const LIST_ATTEMPTS_MAX = 3;
const REQUEST_TIMEOUT_MS = 30_000;
const HTTP_OK = 200;
const HTTP_GONE = 410;

/** All nodes and pods. */
export async function inventoryOf(server: ApiServer, signal: AbortSignal): Promise<Inventory> {
  const names = new Set<string>();
  await eachPage(server, '/api/v1/nodes', {
    signal,
    restart: () => names.clear(),
    page: (items) => {
      for (const item of items) names.add(memberText(memberObject(item, 'metadata'), 'name') ?? '');
    },
  });
  const pods = new Map<string, Pod>();
  await eachPage(server, '/api/v1/pods', {
    signal,
    restart: () => pods.clear(),
    page: (items) => {
      const page = podsOf(items);
      if (!page) throw failed(server, 'its list of pods has something else in it');
      for (const [key, pod] of page) pods.set(key, pod);
    },
  });
  return { nodes: { names, isComplete: false }, pods };
}

interface Listing {
  readonly signal: AbortSignal;
  readonly restart: () => void;
  readonly page: (items: readonly JsonObject[]) => void;
}

async function eachPage(server: ApiServer, path: string, { signal, restart, page }: Listing): Promise<void> {
  for (let attempt = 1; attempt <= LIST_ATTEMPTS_MAX; attempt++) {
    restart();
    let from: string | undefined = '';
    while (from !== undefined) {
      const query = `?limit=${PAGE_SIZE}${from === '' ? '' : `&continue=${encodeURIComponent(from)}`}`;
      const answer = await get(server, `${path}${query}`, signal);
      if (answer.status === HTTP_GONE) break;
      const list = listOf(server, path, answer);
      page(list.items);
      from = list.next;
    }
    if (from === undefined) return;
  }
  throw failed(server, `its list of ${path} changed faster than it could be read. Try again`);
}

function listOf(server: ApiServer, path: string, { status, body }: Answer): { items: readonly JsonObject[]; next: string | undefined } {
  const parsed = parseJson(body);
  const value = parsed.kind === 'json' && isJsonObject(parsed.value) ? parsed.value : undefined;
  if (status !== HTTP_OK) {
    const hint = status === 401 || status === 403 ? ` plat needs to list nodes and pods (get, list).` : '';
    throw failed(
      server,
      `GET ${path} was answered ${status}: ${memberText(value, 'message') ?? 'without a reason'}.${hint}`.replace(/\.$/, ''),
    );
  }
  const items = value?.get('items');
  if (!value || !isJsonArray(items) || !items.every(isJsonObject)) throw failed(server, `what it answered to GET ${path} is no list`);
  return { items, next: memberText(memberObject(value, 'metadata'), 'continue') || undefined };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function get(server: ApiServer, path: string, signal: AbortSignal): Promise<Answer> {
  const { url, ca, cert, key, token, serverName, isInsecure } = server;
  const { promise, resolve, reject } = withResolvers<Answer>();
  const options = {
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    headers: { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
  };
  const tls = { ca, cert, key, servername: serverName, rejectUnauthorized: !isInsecure };
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url);
  const request = url.protocol === 'https:' ? httpsRequest(target, { ...options, ...definedOf(tls) }) : httpRequest(target, options);
  const fail = (error: Error) => reject(signal.aborted ? error : failed(server, error.message));
  request.on('error', fail);
  request.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', fail);
    // A body that breaks off is no answer.
    response.on('end', () =>
      response.complete
        ? resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') })
        : fail(new Error('the answer broke off')),
    );
  });
  request.end();
  return promise;
}

function definedOf<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

function failed({ url }: Pick<ApiServer, 'url'>, why: string): Refusal {
  return new Refusal(
    'no-evidence',
    `the Kubernetes API server ${url.origin} gave no inventory: ${why}. Without a whole one nothing is judged.`,
    {
      server: url.origin,
    },
  );
}
