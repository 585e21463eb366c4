/** HTTP/1.1 by Node's own client: with client certificates, by name or address, on connections that are kept. */
import { Agent, type AgentOptions, type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { type HttpAnswer, type HttpConnection, NOT_CONNECTED, type OpenConnection } from './etcd-gateway-http.ts';
import { type EtcdTls, uselessTls } from './etcd-options.ts';

/** Ranges are read in pages; this is far above any page, and still a bound. */
const RESPONSE_BYTES_MAX = 256 * 1024 * 1024;

interface HttpModule {
  readonly newAgent: (tls: EtcdTls) => Agent;
  readonly request: (url: string, options: RequestOptions) => ClientRequest;
}

const AGENT_OPTIONS: AgentOptions = { keepAlive: true, noDelay: true };

const PLAIN: HttpModule = { newAgent: () => new Agent(AGENT_OPTIONS), request: requestHttp };

export const openHttp: OpenConnection = (origin) => new NodeConnection(origin, {}, PLAIN);

/** The same with TLS, which takes a moment to load. */
export async function loadHttps(): Promise<OpenConnection> {
  const [https, { createSecureContext }] = await Promise.all([import('node:https'), import('node:tls')]);
  const module: HttpModule = {
    newAgent: (tls) => new https.Agent({ ...AGENT_OPTIONS, secureContext: createSecureContext(tls) }),
    request: https.request,
  };
  return (origin, tls = {}) => {
    try {
      return new NodeConnection(origin, tls, module);
    } catch (cause) {
      throw uselessTls(cause);
    }
  };
}

class NodeConnection implements HttpConnection {
  readonly #origin: string;
  readonly #agent: Agent;
  readonly #request: HttpModule['request'];

  constructor(origin: string, tls: EtcdTls, { newAgent, request }: HttpModule) {
    this.#origin = origin;
    this.#agent = newAgent(tls);
    this.#request = request;
  }

  post(path: string, body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new Error(NOT_CONNECTED));
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      const request = this.#request(this.#origin + path, {
        method: 'POST',
        agent: this.#agent,
        headers: { ...headers, ...length },
        signal,
      });
      request.once('response', (response) => resolve(answerOf(response)));
      request.once('error', (error) => reject(described(error, isConnecting(request))));
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function answerOf(response: IncomingMessage): HttpAnswer {
  return {
    status: response.statusCode ?? 0,
    chunks: () => chunksOf(response),
    text: async () => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of chunksOf(response)) {
        bytes += chunk.length;
        if (bytes > RESPONSE_BYTES_MAX) throw new Error(`Received message larger than max (${RESPONSE_BYTES_MAX} bytes)`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

async function* chunksOf(response: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* response as AsyncIterable<Buffer>;
  } catch (error) {
    throw described(error as Error, false);
  }
}

function isConnecting({ socket }: ClientRequest): boolean {
  if (socket === null) return true;
  return socket.connecting || ('secureConnecting' in socket && socket.secureConnecting === true);
}

/** With the code, and of several addresses of one name with what the first one said. */
function described(error: Error, isUnsent: boolean): Error {
  const first = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  const code = (first as NodeJS.ErrnoException).code;
  const text = code === undefined || first.message.includes(code) ? first.message : `${first.message} (${code})`;
  return new Error(isUnsent && error.name === 'AbortError' ? `${NOT_CONNECTED}: ${text}` : text, { cause: error });
}
