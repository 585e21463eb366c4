/** Members reached over gRPC. The only place where an etcd3 client is made, and where etcd3 is loaded. */
import { rootCertificates } from 'node:tls';
import { noop } from 'cockatiel';
import { Etcd3, type IOptions, type IRangeRequest, type ITxnRequest, type IWatchCreateRequest, type KVClient } from 'etcd3';
import type { Clock } from '../platform/clock.ts';
import { loginWanted } from './etcd-errors.ts';
import type { EtcdTransport, RangeAnswer, RpcOptions, TxnAnswer, WatchAnswer } from './etcd-member.ts';
import { type EtcdTarget, uselessTls } from './etcd-options.ts';

type CallOptions = NonNullable<Parameters<KVClient['range']>[1]>;
type Interceptor = NonNullable<CallOptions['interceptors']>[number];

/** Ranges are read in pages; this is far above any page, and still a bound. */
const RESPONSE_BYTES_MAX = 256 * 1024 * 1024;
/** A page of a listing comes whole while the one before it is looked at; HTTP/2 by itself lets 64 KB through, then waits for us. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** Etcd answers pings more frequent than every 5 s with GOAWAY. */
const KEEPALIVE_INTERVAL_MS = 6_000;
const KEEPALIVE_TIMEOUT_MS = 2_000;

const GRPC_OPTIONS = {
  'grpc.max_receive_message_length': RESPONSE_BYTES_MAX,
  'grpc-node.flow_control_window': WINDOW_BYTES,
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

/** Options of a stream: no deadline; it breaks when its member is cut off from the cluster or stops answering pings. */
const STREAM_OPTIONS: CallOptions = { interceptors: [requireLeader] };

/** The transport to the member at `address`; nothing is sent yet. Throws a StoreError when the TLS files are of no use. */
export function connectGrpc(address: string, target: EtcdTarget): EtcdTransport {
  return new GrpcTransport(address, target);
}

class GrpcTransport implements EtcdTransport {
  readonly #address: string;
  readonly #target: EtcdTarget;
  #login: boolean;
  #client: Etcd3;

  constructor(address: string, target: EtcdTarget) {
    this.#address = address;
    this.#target = target;
    this.#login = target.login !== undefined;
    this.#client = this.#connect();
  }

  range(request: IRangeRequest, options: RpcOptions): Promise<RangeAnswer> {
    return this.#send((call) => this.#client.kv.range(request, call), options);
  }

  txn(request: ITxnRequest, options: RpcOptions): Promise<TxnAnswer> {
    return this.#send((call) => this.#client.kv.txn(request, call), options);
  }

  async *watch(request: IWatchCreateRequest, signal: AbortSignal): AsyncGenerator<WatchAnswer, void, undefined> {
    const stream = await this.#client.watchClient.watch(STREAM_OPTIONS);
    const cancel = () => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      if (signal.aborted) return;
      stream.write({ create_request: request });
      // gRPC's stream is a Node stream, so slow readers slow etcd down; etcd3's types do not say so.
      yield* stream as unknown as AsyncIterable<WatchAnswer>;
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  /** As Go's client does, a login is left out where etcd has its authentication off. */
  adapt(error: Error): boolean {
    const login = loginWanted(error) ?? this.#login;
    if (login === this.#login || this.#target.login === undefined) return false;
    this.#login = login;
    this.#client.close();
    this.#client = this.#connect();
    return true;
  }

  close(): void {
    this.#client.close();
  }

  #connect(): Etcd3 {
    const { login, ...target } = this.#target;
    return connectEtcd3(this.#address, { ...target, login: this.#login ? login : undefined });
  }

  /** One request; an abort ends it at once, whatever etcd3 is waiting for. */
  async #send<T>(request: (call: CallOptions) => Promise<T>, { timeoutMs, signal }: RpcOptions): Promise<T> {
    let cancel = () => {};
    const options = unaryOptions(this.#target.clock, timeoutMs, (cancelCall) => {
      cancel = cancelCall;
    });
    if (signal === undefined) return await request(options);
    const { promise: aborted, reject } = withReject();
    const onAbort = () => {
      cancel();
      reject(new Error('aborted by the caller'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([request(options), aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** An etcd3 client with the options the store needs. Throws a StoreError when the TLS files are of no use. */
export function connectEtcd3(address: string, { tls, login, clock, timeoutMs }: EtcdTarget): Etcd3 {
  try {
    return new Etcd3({
      hosts: `${tls === undefined ? 'http' : 'https'}://${address}`,
      // etcd3's policies send a transaction again after its reply was lost, and break the circuit of reads for 5 s.
      faultHandling: { global: noop, host: () => noop },
      grpcOptions: GRPC_OPTIONS,
      ...(tls === undefined ? {} : { credentials: credentialsOf(tls) }),
      ...(login === undefined ? {} : { auth: { ...login, callOptions: () => unaryOptions(clock, timeoutMs) } }),
    });
  } catch (cause) {
    throw uselessTls(cause);
  }
}

function credentialsOf({ ca, cert, key }: NonNullable<EtcdTarget['tls']>): NonNullable<IOptions['credentials']> {
  const rootCertificate = ca ?? Buffer.from(rootCertificates.join('\n'));
  return cert === undefined || key === undefined ? { rootCertificate } : { rootCertificate, certChain: cert, privateKey: key };
}

/** Options of one call that ends after `timeoutMs`; `onStart` gets the means to end it earlier. */
function unaryOptions(clock: Clock, timeoutMs: number, onStart: (cancel: () => void) => void = () => {}): CallOptions {
  const wallClockMs = Number(clock.nowNs() / 1_000_000n);
  return { deadline: wallClockMs + timeoutMs, interceptors: [requireLeader, handOutCancel(onStart)] };
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

function withReject(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, rejectPromise) => {
    reject = rejectPromise;
  });
  return { promise, reject };
}
