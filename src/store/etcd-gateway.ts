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
  /** To end what is under way when the transport is closed. */
  readonly #underWay = new Set<AbortController>();
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
    const watch = new AbortController();
    const end = () => watch.abort(new Error('the watch was ended'));
    signal.addEventListener('abort', end, { once: true });
    this.#underWay.add(watch);
    try {
      if (signal.aborted) return;
      const login = await this.#within(this.#target.timeoutMs, watch.signal, (ending) => this.#authorization(ending));
      const body = requestText({ create_request: request });
      const answer = await this.#http.post('/v3/watch', body, { ...HEADERS, ...login }, watch.signal);
      if (answer.status !== 200) throw failureOf({ status: answer.status, text: await answer.text() });
      void this.#breakWhenSilent(watch);
      for await (const message of messagesOf(answer.chunks())) yield watchAnswer(message);
    } catch (error) {
      throw watch.signal.aborted ? watch.signal.reason : error;
    } finally {
      signal.removeEventListener('abort', end);
      this.#underWay.delete(watch);
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
    for (const each of this.#underWay) each.abort();
    this.#http.close();
  }

  async #call(path: string, request: object, { timeoutMs, signal }: RpcOptions): Promise<unknown> {
    return await this.#within(timeoutMs, signal, async (ending) => {
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
        await this.#within(KEEPALIVE_TIMEOUT_MS, watch.signal, async (ending) => {
          // Whatever it answers, it answers.
          const answer = await this.#http.post('/v3/maintenance/status', '{}', HEADERS, ending);
          await answer.text();
        });
      } catch (error) {
        watch.abort(error);
      }
    }
  }

  /** Ends `work` after `timeoutMs`, when `signal` aborts, or when the transport is closed. */
  async #within<T>(timeoutMs: number, signal: AbortSignal | undefined, work: (ending: AbortSignal) => Promise<T>): Promise<T> {
    const ending = new AbortController();
    const end = () => ending.abort();
    const timer = AbortSignal.timeout(Math.max(0, Math.ceil(timeoutMs)));
    timer.addEventListener('abort', end, { once: true });
    signal?.addEventListener('abort', end, { once: true });
    this.#underWay.add(ending);
    try {
      if (signal?.aborted === true) end();
      return await work(ending.signal);
    } catch (error) {
      if (!ending.signal.aborted) throw error;
      const isConnected = !(error instanceof Error && error.message.startsWith(NOT_CONNECTED));
      const what = timer.aborted ? 'DEADLINE_EXCEEDED' : 'aborted by the caller';
      throw new Error(isConnected ? `${what}: no answer` : `${NOT_CONNECTED}: ${what}`, { cause: error });
    } finally {
      timer.removeEventListener('abort', end);
      signal?.removeEventListener('abort', end);
      this.#underWay.delete(ending);
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
