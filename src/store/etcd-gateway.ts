/**
 * Members reached through etcd's JSON gateway: HTTP/1.1, for processes that live for a few requests, since neither gRPC
 * nor protobuf must be loaded. https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/
 */
import type { IRangeRequest, ITxnRequest, IWatchCreateRequest } from 'etcd3';
import { loginWanted } from './etcd-errors.ts';
import { type HttpConnection, NOT_CONNECTED, type OpenConnection } from './etcd-gateway-http.ts';
import {
  answerOf,
  failureOf,
  type HttpText,
  messagesOf,
  rangeAnswer,
  requestText,
  tokenOf,
  txnAnswer,
  watchAnswer,
} from './etcd-gateway-json.ts';
import {
  type EtcdTransport,
  type RangeAnswer,
  type RpcOptions,
  TransportUnusable,
  type TxnAnswer,
  type WatchAnswer,
} from './etcd-member.ts';
import type { EtcdTarget } from './etcd-options.ts';

/** A watch is silent when nothing changes, so a hung member is found out by asking it something else. */
const KEEPALIVE_INTERVAL_MS = 6_000;
const KEEPALIVE_TIMEOUT_MS = 2_000;
/** The header takes eight digits. */
const GRPC_TIMEOUT_MS_MAX = 99_999_999;

/** Gives the transport to the member at an address. Nothing is sent yet. */
export async function openGateway(target: EtcdTarget): Promise<(address: string) => EtcdTransport> {
  const openConnection = await loadHttp(target.tls !== undefined);
  const origin = target.tls === undefined ? 'http://' : 'https://';
  return (address) => new GatewayTransport(openConnection(origin + address, target.tls), target);
}

/** Bun's `fetch` is there at once, where its `node:http` takes 8 ms to load; Node's `fetch` knows no client certificates. */
async function loadHttp(secure: boolean): Promise<OpenConnection> {
  if (process.versions['bun'] !== undefined) return (await import('./etcd-gateway-bun.ts')).openFetch;
  const { openHttp, loadHttps } = await import('./etcd-gateway-node.ts');
  return secure ? await loadHttps() : openHttp;
}

class GatewayTransport implements EtcdTransport {
  readonly #http: HttpConnection;
  readonly #target: EtcdTarget;
  readonly #closing = new AbortController();
  #isAnswering = false;
  #login: boolean;
  #token: string | undefined;

  constructor(http: HttpConnection, target: EtcdTarget) {
    this.#http = http;
    this.#target = target;
    this.#login = target.login !== undefined;
  }

  async range(request: IRangeRequest, options: RpcOptions): Promise<RangeAnswer> {
    return rangeAnswer(await this.#call('kv/range', request, options));
  }

  async txn(request: ITxnRequest, options: RpcOptions): Promise<TxnAnswer> {
    return txnAnswer(await this.#call('kv/txn', request, options));
  }

  async *watch(request: IWatchCreateRequest, signal: AbortSignal): AsyncGenerator<WatchAnswer, void, undefined> {
    const ending = new AbortController();
    const end = () => ending.abort(new Error('the watch was ended'));
    signal.addEventListener('abort', end, { once: true });
    this.#closing.signal.addEventListener('abort', end, { once: true });
    try {
      if (signal.aborted || this.#closing.signal.aborted) return;
      const body = requestText({ create_request: request });
      const login = await within(this.#target.timeoutMs, [ending.signal], (loginEnding) => this.#authorization(loginEnding));
      const headers = { ...HEADERS, ...login };
      const answer = await this.#http.post('/v3/watch', body, headers, ending.signal);
      if (answer.status !== 200) throw failureOf({ status: answer.status, text: await answer.text() });
      void this.#breakWhenSilent(ending);
      for await (const message of messagesOf(answer.chunks())) yield watchAnswer(message);
    } catch (error) {
      throw ending.signal.aborted ? ending.signal.reason : error;
    } finally {
      signal.removeEventListener('abort', end);
      this.#closing.signal.removeEventListener('abort', end);
      end();
    }
  }

  adapt(error: Error): boolean {
    if (this.#target.login === undefined) return false;
    const login = loginWanted(error) ?? this.#login;
    if (login === this.#login && !/invalid auth token|auth store is old/.test(error.message)) return false;
    this.#login = login;
    this.#token = undefined;
    return true;
  }

  close(): void {
    this.#closing.abort();
    this.#http.close();
  }

  async #call(path: string, request: object, { timeoutMs, signal }: RpcOptions): Promise<unknown> {
    return await within(timeoutMs, [this.#closing.signal, signal], async (ending) => {
      const authorization = await this.#authorization(ending);
      return await this.#exchange(path, request, { ...authorization, ...timeoutHeader(timeoutMs) }, ending);
    });
  }

  /** The header of a login, as long as one is wanted. */
  async #authorization(ending: AbortSignal): Promise<Record<string, string>> {
    const { login } = this.#target;
    if (login === undefined || !this.#login) return {};
    this.#token ??= tokenOf(await this.#exchange('auth/authenticate', { name: login.username, password: login.password }, {}, ending));
    return { authorization: this.#token };
  }

  async #exchange(path: string, request: object, headers: Readonly<Record<string, string>>, ending: AbortSignal): Promise<unknown> {
    let answer: HttpText;
    try {
      const head = await this.#http.post(`/v3/${path}`, requestText(request), { ...HEADERS, ...headers }, ending);
      answer = { status: head.status, text: await head.text() };
    } catch (error) {
      throw ending.aborted ? error : this.#broken(error);
    }
    this.#isAnswering = true;
    if (answer.status !== 200) throw failureOf(answer);
    return answerOf(answer);
  }

  /** A port for gRPC alone closes a connection of HTTP/1.1, or answers with other bytes than HTTP's. */
  #broken(error: unknown): Error {
    const text = error instanceof Error ? error.message : String(error);
    const mayBeGrpc = !this.#isAnswering && /ECONNRESET|EPIPE|HPE_/.test(text) && !/before secure TLS/.test(text);
    return mayBeGrpc
      ? new TransportUnusable(`closed before the first answer: ${text}`, { cause: error })
      : new Error(text, { cause: error });
  }

  async #breakWhenSilent(watch: AbortController): Promise<void> {
    const { clock } = this.#target;
    while (!watch.signal.aborted) {
      try {
        await clock.sleep(KEEPALIVE_INTERVAL_MS, watch.signal);
        await within(KEEPALIVE_TIMEOUT_MS, [watch.signal], async (ending) => {
          // Whatever it answers, it answers.
          const answer = await this.#http.post('/v3/maintenance/status', '{}', HEADERS, ending);
          await answer.text();
        });
      } catch (error) {
        watch.abort(error);
      }
    }
  }
}

const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/json',
  // Without it etcd would take the gateway's own certificate, the server's, for the client's.
  accept: 'application/json',
  // Etcd's name for the wish (`clientv3.WithRequireLeader` in Go).
  'grpc-metadata-hasleader': 'true',
};

/** Etcd gives up when we do. */
function timeoutHeader(timeoutMs: number): Record<string, string> {
  return { 'grpc-timeout': `${Math.min(Math.max(1, Math.ceil(timeoutMs)), GRPC_TIMEOUT_MS_MAX)}m` };
}

/** Ends `work` after `timeoutMs`, or when one of `signals` aborts. */
async function within<T>(
  timeoutMs: number,
  signals: readonly (AbortSignal | undefined)[],
  work: (ending: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = AbortSignal.timeout(Math.max(0, Math.ceil(timeoutMs)));
  const all = [timer, ...signals.filter((signal) => signal !== undefined)];
  for (const signal of all) signal.addEventListener('abort', end, { once: true });
  try {
    if (all.some((signal) => signal.aborted)) end();
    return await work(ending.signal);
  } catch (error) {
    if (!ending.signal.aborted) throw error;
    const isConnected = !(error instanceof Error && error.message.startsWith(NOT_CONNECTED));
    const what = timer.aborted ? 'DEADLINE_EXCEEDED' : 'aborted by the caller';
    throw new Error(isConnected ? `${what}: no answer` : `${NOT_CONNECTED}: ${what}`, { cause: error });
  } finally {
    for (const signal of all) signal.removeEventListener('abort', end);
  }
}
