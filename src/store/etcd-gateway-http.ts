/** What the gateway needs of an HTTP client; Node and Bun have their own. */
import type { EtcdTls } from './etcd-options.ts';

/** An answer whose head has arrived. */
export interface HttpAnswer {
  readonly status: number;
  text(): Promise<string>;
  chunks(): AsyncIterable<Uint8Array>;
}

/** A connection that is kept and used again. */
export interface HttpConnection {
  /**
   * Sends the request once: follows no redirect, uses no proxy, repeats nothing. Rejects with an Error whose text names
   * Node's code; with one that begins with {@link NOT_CONNECTED} when it ended while it still waited for a connection.
   */
  post(path: string, body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

/** To `http://…` or `https://…`. Throws a StoreError when the TLS files are of no use. */
export type OpenConnection = (origin: string, tls: EtcdTls | undefined) => HttpConnection;

export const NOT_CONNECTED = 'no connection was made';
