/** A port before an etcd that lets gRPC pass, and answers HTTP/1.1 itself: as a server whose JSON gateway is off, or sick. */
import { connect, createServer } from 'node:net';
import { listen } from './listen.ts';

/** What every client of HTTP/2 sends first. */
const HTTP2_PREFACE = 'PRI * HTTP/2.0';

export interface GrpcFront {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  /** Connections so far of clients that spoke HTTP/1.1. */
  httpConnections(): number;
  grpcConnections(): number;
  close(): void;
}

/** Before `target` (`host:port`). `answer`: the bytes sent to who speaks HTTP/1.1, before the connection is closed. */
export async function startGrpcFront(target: string, answer: string): Promise<GrpcFront> {
  const [host, port] = target.split(':');
  let http = 0;
  let grpc = 0;
  const server = createServer((client) => {
    client.on('error', () => {});
    client.once('data', (first) => {
      if (!first.toString('latin1').startsWith(HTTP2_PREFACE)) {
        http += 1;
        client.end(answer);
        return;
      }
      grpc += 1;
      const etcd = connect(Number(port), host);
      etcd.on('error', () => client.destroy());
      client.on('close', () => etcd.destroy());
      etcd.write(first);
      client.pipe(etcd).pipe(client);
    });
  });
  const endpoint = await listen(server);
  return { endpoint, httpConnections: () => http, grpcConnections: () => grpc, close: () => server.close() };
}

/** An answer of HTTP/1.1 with this body. */
export function httpAnswer(status: number, body: string, headers: readonly string[] = []): string {
  return [`HTTP/1.1 ${status} Status`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers, '', body].join('\r\n');
}
