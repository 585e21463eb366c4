/** What to know before an etcd can be spoken to, whatever the transport: where, with which TLS files, as whom. */
import { type Clock, systemClock } from '../platform/clock.ts';
import { StoreError } from './port.ts';

export interface EtcdOptions {
  /** `host:port`, or `http://host:port`, `https://host:port`, all of one kind; 2379 when the port is left out. */
  readonly endpoints: readonly string[];
  /** PEM files. Without a scheme in the endpoints their presence turns TLS on; without `caFile` the usual public CAs are trusted. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  readonly username?: string;
  readonly password?: string;
  /** Milliseconds a call may take when it does not say itself. Default 5,000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** See `OpenStoreOptions.transport`. Default `grpc`. */
  readonly transport?: 'grpc' | 'gateway';
}

/** PEM texts; without `ca` the usual public CAs are trusted. `cert` and `key` come together. */
export interface EtcdTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface EtcdLogin {
  readonly username: string;
  readonly password: string;
}

/** Options that were looked through, with the files read. */
export interface EtcdTarget {
  /** `host:port` of every member. */
  readonly addresses: readonly string[];
  /** Absent: no TLS. */
  readonly tls: EtcdTls | undefined;
  readonly login: EtcdLogin | undefined;
  /** Milliseconds a call may take when it does not say itself. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

const TIMEOUT_MS_DEFAULT = 5_000;
const PORT_DEFAULT = 2379;

/** Rejects with a StoreError when options or TLS files are of no use. */
export async function readOptions(options: EtcdOptions): Promise<EtcdTarget> {
  if (options.endpoints.length === 0) throw new StoreError('store-unavailable', 'no etcd endpoint is given; name one as host:port');
  const endpoints = options.endpoints.map(parseEndpoint);
  const schemes = new Set(endpoints.map(({ scheme }) => scheme ?? (options.tls === undefined ? 'http' : 'https')));
  if (schemes.size > 1) {
    throw new StoreError('store-unavailable', `etcd endpoints mix http:// and https:// (${options.endpoints.join(', ')}); use one of them`);
  }
  return {
    addresses: endpoints.map(({ address }) => address),
    tls: schemes.has('https') ? await readTls(options.tls ?? {}) : undefined,
    login: loginOf(options),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS_DEFAULT,
    clock: options.clock ?? systemClock,
  };
}

/** What a TLS library's refusal of the given files is reported as. */
export function uselessTls(cause: unknown): StoreError {
  return new StoreError(
    'store-auth',
    `the TLS files for etcd (ETCD_CA_CERT_FILE, ETCD_CERT_FILE, ETCD_KEY_FILE) are of no use together: ${messageOf(cause)}`,
    { cause },
  );
}

/** Host and port are shown in messages, so a password in them would be too: refused, and not repeated. */
function parseEndpoint(text: string): { readonly scheme: 'http' | 'https' | undefined; readonly address: string } {
  if (text.includes('@')) {
    throw new StoreError('store-auth', 'an etcd endpoint holds no user and password; give them apart (ETCD_USERNAME, ETCD_PASSWORD)');
  }
  const match = /^(?:(https?):\/\/)?(\[[0-9A-Fa-f:.]+\]|[^\s:/?#[\]]+)(?::(\d{1,5}))?\/?$/.exec(text);
  const port = Number(match?.[3] ?? PORT_DEFAULT);
  if (match === null || port < 1 || port > 65_535) {
    throw new StoreError('store-unavailable', `"${text}" is no etcd endpoint; expected host:port, http://host:port or https://host:port`);
  }
  return { scheme: match[1] as 'http' | 'https' | undefined, address: `${match[2]}:${port}` };
}

function loginOf({ username, password }: EtcdOptions): EtcdLogin | undefined {
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) {
    throw new StoreError(
      'store-auth',
      username === undefined
        ? "etcd's login needs a user too: ETCD_USERNAME is not set, ETCD_PASSWORD is"
        : "etcd's login needs a password too: ETCD_PASSWORD is not set, ETCD_USERNAME is",
    );
  }
  return { username, password };
}

async function readTls({ caFile, certFile, keyFile }: NonNullable<EtcdOptions['tls']>): Promise<EtcdTls> {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new StoreError(
      'store-auth',
      certFile === undefined
        ? 'a key for etcd needs its client certificate too: ETCD_CERT_FILE is not set, ETCD_KEY_FILE is'
        : 'a client certificate for etcd needs its key too: ETCD_KEY_FILE is not set, ETCD_CERT_FILE is',
    );
  }
  return {
    ...(caFile === undefined ? {} : { ca: await readPem(caFile, 'CA certificate', 'ETCD_CA_CERT_FILE') }),
    ...(certFile === undefined ? {} : { cert: await readPem(certFile, 'client certificate', 'ETCD_CERT_FILE') }),
    ...(keyFile === undefined ? {} : { key: await readPem(keyFile, "client certificate's key", 'ETCD_KEY_FILE') }),
  };
}

/** `variable`: where a person set the path. */
async function readPem(path: string, what: string, variable: string): Promise<Buffer> {
  const { readFile } = await import('node:fs/promises');
  const pem = await readFile(path).catch((cause: unknown) => {
    throw new StoreError('store-auth', `cannot read the ${what} for etcd (${variable}): ${messageOf(cause)}`, { cause });
  });
  // Node takes a file without any certificate in silence, and then trusts nobody.
  if (!pem.includes('-----BEGIN ')) throw new StoreError('store-auth', `the ${what} for etcd (${variable}), ${path}, is not in PEM format`);
  return pem;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
