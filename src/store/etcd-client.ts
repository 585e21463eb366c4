/** One etcd member as etcd3 sees it. The only place where an etcd3 client is made. */
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { noop } from 'cockatiel';
import { Etcd3, type IOptions, type KVClient } from 'etcd3';
import { type Clock, systemClock } from '../platform/clock.ts';
import { loginWanted } from './etcd-errors.ts';
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
}

export const TIMEOUT_MS_DEFAULT = 5_000;

export type RpcOptions = NonNullable<Parameters<KVClient['range']>[1]>;
type Interceptor = NonNullable<RpcOptions['interceptors']>[number];

const PORT_DEFAULT = 2379;
/** Ranges are read in pages; this is far above any page, and still a bound. */
const RESPONSE_BYTES_MAX = 256 * 1024 * 1024;
/** Etcd answers pings more frequent than every 5 s with GOAWAY. */
const KEEPALIVE_INTERVAL_MS = 6_000;
const KEEPALIVE_TIMEOUT_MS = 2_000;

const GRPC_OPTIONS = {
  'grpc.max_receive_message_length': RESPONSE_BYTES_MAX,
  'grpc.keepalive_time_ms': KEEPALIVE_INTERVAL_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  // gRPC may not send a request twice either, nor may a TXT record tell it to.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // As in Go's etcd client: a web proxy from the environment is not meant for etcd.
  'grpc.enable_http_proxy': 0,
} as const;

/** Etcd's name for the wish (`clientv3.WithRequireLeader` in Go). */
const requireLeader: Interceptor = (options, nextCall) => {
  const call = nextCall(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    const own = metadata.clone();
    own.set('hasleader', 'true');
    start(own, listener);
  };
  return call as ReturnType<Interceptor>;
};

interface MemberOptions {
  readonly address: string;
  readonly secure: boolean;
  /** There is a login to use. */
  readonly mayLogin: boolean;
}

/** Its client, and how it behaved lately. */
export class EtcdMember {
  readonly address: string;
  /** Over TLS. */
  readonly secure: boolean;
  /** It answered the newest call. */
  proven = false;
  /** Used last until then (monotonic milliseconds), since a call failed. */
  suspectUntilMs = 0;
  readonly #connect: (login: boolean) => Etcd3;
  readonly #mayLogin: boolean;
  #login: boolean;
  #client: Etcd3;

  constructor({ address, secure, mayLogin }: MemberOptions, connect: (login: boolean) => Etcd3) {
    this.address = address;
    this.secure = secure;
    this.#connect = connect;
    this.#mayLogin = mayLogin;
    this.#login = mayLogin;
    this.#client = connect(mayLogin);
  }

  get client(): Etcd3 {
    return this.#client;
  }

  /**
   * Follows etcd's switch of authentication, as Go's client does: a login is left out where etcd has it off. True when
   * that changed the client, so that the refused request is worth another try.
   */
  adaptLogin(error: Error): boolean {
    const login = loginWanted(error) ?? this.#login;
    if (login === this.#login || !this.#mayLogin) return false;
    this.#login = login;
    this.#client.close();
    this.#client = this.#connect(login);
    return true;
  }

  close(): void {
    this.#client.close();
  }
}

/** One member per endpoint; nothing is sent yet. Rejects with a StoreError when options or TLS files are of no use. */
export async function connectMembers(options: EtcdOptions): Promise<EtcdMember[]> {
  if (options.endpoints.length === 0) throw new StoreError('store-unavailable', 'no etcd endpoint is given; name one as host:port');
  const endpoints = options.endpoints.map(parseEndpoint);
  const schemes = new Set(endpoints.map(({ scheme }) => scheme ?? (options.tls === undefined ? 'http' : 'https')));
  if (schemes.size > 1) {
    throw new StoreError('store-unavailable', `etcd endpoints mix http:// and https:// (${options.endpoints.join(', ')}); use one of them`);
  }
  const secure = schemes.has('https');
  const shared: Omit<IOptions, 'hosts'> = {
    // etcd3's policies send a transaction again after its reply was lost, and break the circuit of reads for 5 s.
    faultHandling: { global: noop, host: () => noop },
    grpcOptions: GRPC_OPTIONS,
    ...(secure ? { credentials: await readCredentials(options.tls ?? {}) } : {}),
  };
  const auth = loginOf(options);
  const connect = (address: string, login: boolean) =>
    new Etcd3({ ...shared, hosts: `${secure ? 'https' : 'http'}://${address}`, ...(login && auth !== undefined ? { auth } : {}) });
  try {
    const mayLogin = auth !== undefined;
    return endpoints.map(({ address }) => new EtcdMember({ address, secure, mayLogin }, (login) => connect(address, login)));
  } catch (cause) {
    throw new StoreError(
      'store-auth',
      `the TLS files for etcd (ETCD_CA_CERT_FILE, ETCD_CERT_FILE, ETCD_KEY_FILE) are of no use together: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/**
 * Options of one call that ends after `timeoutMs`; `onStart` gets the means to end it earlier. A member cut off from its
 * cluster refuses it at once (`etcdserver: no leader`) instead of letting it wait.
 */
export function unaryOptions(clock: Clock, timeoutMs: number, onStart: (cancel: () => void) => void = () => {}): RpcOptions {
  return { deadline: wallClockMs(clock) + timeoutMs, interceptors: [requireLeader, handOutCancel(onStart)] };
}

/** Options of a stream: no deadline; it breaks when its member is cut off from the cluster or stops answering pings. */
export const STREAM_OPTIONS: RpcOptions = { interceptors: [requireLeader] };

function wallClockMs(clock: Clock): number {
  return Number(clock.nowNs() / 1_000_000n);
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

function loginOf({ username, password, timeoutMs, clock = systemClock }: EtcdOptions): NonNullable<IOptions['auth']> | undefined {
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) {
    throw new StoreError(
      'store-auth',
      username === undefined
        ? "etcd's login needs a user too: ETCD_USERNAME is not set, ETCD_PASSWORD is"
        : "etcd's login needs a password too: ETCD_PASSWORD is not set, ETCD_USERNAME is",
    );
  }
  return { username, password, callOptions: () => unaryOptions(clock, timeoutMs ?? TIMEOUT_MS_DEFAULT) };
}

async function readCredentials({
  caFile,
  certFile,
  keyFile,
}: NonNullable<EtcdOptions['tls']>): Promise<NonNullable<IOptions['credentials']>> {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new StoreError(
      'store-auth',
      certFile === undefined
        ? 'a key for etcd needs its client certificate too: ETCD_CERT_FILE is not set, ETCD_KEY_FILE is'
        : 'a client certificate for etcd needs its key too: ETCD_KEY_FILE is not set, ETCD_CERT_FILE is',
    );
  }
  const rootCertificate =
    caFile === undefined ? Buffer.from(rootCertificates.join('\n')) : await readPem(caFile, 'CA certificate', 'ETCD_CA_CERT_FILE');
  if (certFile === undefined || keyFile === undefined) return { rootCertificate };
  return {
    rootCertificate,
    certChain: await readPem(certFile, 'client certificate', 'ETCD_CERT_FILE'),
    privateKey: await readPem(keyFile, "client certificate's key", 'ETCD_KEY_FILE'),
  };
}

/** `variable`: where a person set the path. */
async function readPem(path: string, what: string, variable: string): Promise<Buffer> {
  const pem = await readFile(path).catch((cause: unknown) => {
    throw new StoreError('store-auth', `cannot read the ${what} for etcd (${variable}): ${messageOf(cause)}`, { cause });
  });
  // Node takes a file without any certificate in silence, and then trusts nobody.
  if (!pem.includes('-----BEGIN ')) throw new StoreError('store-auth', `the ${what} for etcd (${variable}), ${path}, is not in PEM format`);
  return pem;
}

const GRPC_CANCELLED = 1;

/** Hands out the way to cancel a call once it has begun; etcd3 gives none. */
function handOutCancel(onStart: (cancel: () => void) => void): Interceptor {
  return (options, nextCall) => {
    const call = nextCall(options);
    onStart(() => call.cancelWithStatus(GRPC_CANCELLED, 'cancelled by the caller'));
    return call as ReturnType<Interceptor>;
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
