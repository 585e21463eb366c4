import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EtcdOptions } from './etcd.ts';
import type { LockHolder } from './lmdb-lock.ts';
import type { Store } from './port.ts';

export type { LockHolder };

/** The URL names no store. Its message says what was wrong and what is expected, and never repeats a password. */
export class StoreUrlError extends Error {
  override readonly name = 'StoreUrlError';
  readonly code = 'invalid-argument';
}

export interface OpenStoreOptions {
  /**
   * Of an etcd's options: ETCD_CA_CERT_FILE, ETCD_CERT_FILE, ETCD_KEY_FILE, ETCD_USERNAME and ETCD_PASSWORD, as calicoctl
   * names them, and ETCD_ENDPOINTS for a URL without addresses. An empty variable counts as none. Default: none.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds a call to etcd may take when it does not say itself. */
  readonly timeoutMs?: number;
  /**
   * How an etcd is reached. `gateway`: its JSON gateway over HTTP/1.1, which starts fastest, and gRPC for a member that
   * offers no gateway, or none to clients that log in by certificate. Default `grpc`, which does most per second.
   */
  readonly transport?: 'grpc' | 'gateway';
}

const EXPECTED =
  'Expected is etcd://HOST:PORT,HOST:PORT for an etcd, etcds://HOST:PORT for one with TLS, etcd:// for the one at ETCD_ENDPOINTS, lmdb:FOLDER for an embedded store, ' +
  'or memory: for one that ends with the process.';

/**
 * Opens the store that `url` names:
 *
 * - `etcd://h:p,h:p` (or `http://…`): etcd; with TLS when the environment names TLS files.
 * - `etcds://h:p,h:p` (or `https://…`): etcd with TLS.
 * - `etcd://` or `etcds://`: the etcd at ETCD_ENDPOINTS, a list of `h:p`, `http://h:p` or `https://h:p`.
 * - `lmdb:FOLDER`: an embedded store, created when missing.
 * - `memory:`: a new, empty store in this process.
 *
 * Rejects with {@link StoreUrlError}, or with a StoreError when the store cannot be used. Nothing is sent to an etcd yet.
 * An adapter and its client library are loaded only when their store is opened.
 */
export async function openStore(url: string, { env = {}, ...options }: OpenStoreOptions = {}): Promise<Store> {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  switch (scheme) {
    case 'memory': {
      if (rest !== '') throw refused(url, 'memory: takes nothing after the colon');
      const { openMemoryStore } = await import('./memory.ts');
      return openMemoryStore();
    }
    case 'lmdb': {
      const folder = lmdbFolder(url, rest);
      const { openLmdbStore } = await import('./lmdb.ts');
      return openLmdbStore(folder);
    }
    case 'etcd':
    case 'http':
    case 'etcds':
    case 'https': {
      const etcd = { ...etcdOptions(url, scheme, rest, env), ...options };
      const { openEtcdStore } = await import('./etcd.ts');
      return openEtcdStore(etcd);
    }
    default:
      throw refused(url, 'it begins with none of the known names');
  }
}

/** Whether opening `url` would make an embedded store that is not there. Rejects with {@link StoreUrlError} as openStore does. */
export async function isMissing(url: string): Promise<boolean> {
  if (!url.startsWith('lmdb:')) return false;
  const { DATA_FILE } = await import('./lmdb-layout.ts');
  const dataFile = join(lmdbFolder(url, url.slice('lmdb:'.length)), DATA_FILE);
  return stat(dataFile).then(
    () => false,
    // Whatever else is wrong with the folder, opening it tells.
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}

/**
 * Who writes to an embedded store at this moment, and makes others wait in native code; `nobody` for other stores. Only for a process
 * that has not opened it.
 */
export async function writerOf(url: string): Promise<LockHolder> {
  if (!url.startsWith('lmdb:')) return 'nobody';
  const { lockHolderOf } = await import('./lmdb-lock.ts');
  return lockHolderOf(lmdbFolder(url, url.slice('lmdb:'.length)));
}

function lmdbFolder(url: string, rest: string): string {
  if (rest === '') throw refused(url, 'it names no folder');
  if (rest.startsWith('~')) throw refused(url, 'a shell expands ~ only at the beginning of a word; write $HOME');
  if (/^\/\/[^/]/.test(rest)) throw refused(url, 'an embedded store has no host; write one slash or none');
  return rest;
}

function etcdOptions(url: string, scheme: string, rest: string, env: NonNullable<OpenStoreOptions['env']>): EtcdOptions {
  if (!rest.startsWith('//')) throw refused(url, `"${scheme}:" is followed by "//" and the addresses`);
  const endpoints = rest === '//' && scheme.startsWith('etcd') ? endpointsOfVariable(url, scheme, env) : endpointsOfUrl(url, scheme, rest);
  const tls = present({ caFile: env['ETCD_CA_CERT_FILE'], certFile: env['ETCD_CERT_FILE'], keyFile: env['ETCD_KEY_FILE'] });
  const login = present({ username: env['ETCD_USERNAME'], password: env['ETCD_PASSWORD'] });
  return {
    endpoints,
    ...(Object.keys(tls).length > 0 ? { tls } : {}),
    ...login,
  };
}

function endpointsOfUrl(url: string, scheme: string, rest: string): readonly string[] {
  const addresses = listOf(rest.slice(2)).map((address) => address.replace(`${scheme}://`, ''));
  for (const address of addresses) {
    const fault = addressFault(address);
    if (fault !== undefined) throw refused(url, fault);
  }
  return addresses.map((address) => endpointPrefix(scheme) + address);
}

/** What ETCD_ENDPOINTS names; each may say itself whether TLS is used, unless `etcds:` says it for all. */
function endpointsOfVariable(url: string, scheme: string, env: NonNullable<OpenStoreOptions['env']>): readonly string[] {
  const text = env['ETCD_ENDPOINTS'];
  if (!text) throw refused(url, 'it names no address, and ETCD_ENDPOINTS, where etcd:// alone takes them from, is not set');
  return listOf(text).map((endpoint) => {
    const [, own = '', address = ''] = /^(https?:\/\/)?(.*)$/s.exec(endpoint) ?? [];
    const fault = addressFault(address);
    if (fault !== undefined) throw variableRefused(text, fault);
    if (own === 'http://' && scheme === 'etcds')
      throw variableRefused(text, 'it says http://, without TLS, but the store etcds://, with TLS');
    return (own || endpointPrefix(scheme)) + address;
  });
}

function listOf(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim().replace(/\/$/, ''));
}

/** `etcd:` leaves it to the presence of TLS files whether TLS is used. */
function endpointPrefix(scheme: string): string {
  if (scheme === 'etcd') return '';
  return scheme === 'http' ? 'http://' : 'https://';
}

/** What is wrong with an address; undefined when nothing is. */
function addressFault(address: string): string | undefined {
  const match = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:/?#[\]@]+)(?::(\d{1,5}))?$/.exec(address);
  if (!match) return address === '' ? 'an address is missing' : 'an address is not of the form HOST:PORT';
  const port = match[1];
  return port !== undefined && (Number(port) < 1 || Number(port) > 65_535) ? `${port} is not a port` : undefined;
}

function variableRefused(text: string, why: string): StoreUrlError {
  const shown = text.includes('@')
    ? 'has a user or password in it: these are given in ETCD_USERNAME and ETCD_PASSWORD'
    : `is "${text}": ${why}`;
  return new StoreUrlError(`ETCD_ENDPOINTS ${shown}. Expected is a list of http://HOST:PORT or https://HOST:PORT.`);
}

function refused(url: string, why: string): StoreUrlError {
  // Whatever stands before an @ may be a password.
  if (url.includes('@')) {
    return new StoreUrlError(
      'The store URL has a user or password in it: these are given in ETCD_USERNAME and ETCD_PASSWORD, where no list of processes ' +
        `shows them. ${EXPECTED}`,
    );
  }
  return new StoreUrlError(`"${url}" is not the URL of a store: ${why}. ${EXPECTED}`);
}

/** Without the members that are undefined or empty. */
function present<T extends Record<string, string | undefined>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value)) as { [K in keyof T]?: string };
}
