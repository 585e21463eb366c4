/** HTTP/1.1 by Bun's `fetch`, for the compiled executable: Bun has it loaded when the process starts. */
import { type HttpConnection, NOT_CONNECTED, type OpenConnection } from './etcd-gateway-http.ts';
import type { EtcdTls } from './etcd-options.ts';

/** What Bun adds to the standard. https://bun.com/docs/runtime/networking/fetch */
interface BunRequestInit extends RequestInit {
  readonly tls?: EtcdTls;
  /** As in Go's etcd client: a web proxy from the environment is not meant for etcd. */
  readonly proxy: false;
  /** Ours is the only deadline. */
  readonly timeout: false;
}

export const openFetch: OpenConnection = (origin, tls) => new FetchConnection(origin, tls);

class FetchConnection implements HttpConnection {
  readonly #origin: string;
  readonly #tls: EtcdTls | undefined;

  constructor(origin: string, tls: EtcdTls | undefined) {
    this.#origin = origin;
    this.#tls = tls;
  }

  async post(path: string, body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    if (signal.aborted) throw new Error(NOT_CONNECTED);
    const tls = this.#tls === undefined ? {} : { tls: this.#tls };
    const options: BunRequestInit = { method: 'POST', body, headers, signal, redirect: 'manual', proxy: false, timeout: false, ...tls };
    const response = await fetch(this.#origin + path, options);
    return { status: response.status, text: () => response.text(), chunks: () => response.body as AsyncIterable<Uint8Array> };
  }

  /** The connections are the process's, and end with it. */
  close(): void {}
}
