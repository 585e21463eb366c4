/** A TCP proxy that loses, holds back and cuts, each direction for itself. */
import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { listen } from './listen.ts';

/** `requests` go to the server, `replies` to the client. */
export type Direction = 'requests' | 'replies';

interface Pipe {
  readonly source: Socket;
  readonly target: Socket;
  forwardedBytes: number;
  held: Buffer[];
}

interface Link {
  readonly pipes: Readonly<Record<Direction, Pipe>>;
  /** Cut when this many bytes of replies have passed. */
  readonly cutAfterBytes: number;
}

export class Proxy {
  /** Where clients connect: `127.0.0.1:port`. */
  readonly endpoint: string;
  /** Connections so far. */
  connections = 0;
  readonly #listener: Server;
  readonly #links = new Set<Link>();
  readonly #holding: Record<Direction, boolean> = { requests: false, replies: false };
  readonly #forwarded: Record<Direction, number> = { requests: 0, replies: 0 };
  readonly #cuts: number[] = [];

  constructor(listener: Server, endpoint: string, target: string) {
    this.endpoint = endpoint;
    this.#listener = listener;
    listener.on('connection', (client) => this.#accept(client, target));
  }

  /** From now on bytes of this direction are kept, on every connection. */
  hold(direction: Direction): void {
    this.#holding[direction] = true;
  }

  /** Lets kept bytes go, and those to come. */
  release(direction: Direction): void {
    this.#holding[direction] = false;
    for (const { pipes } of this.#links) {
      const pipe = pipes[direction];
      for (const chunk of pipe.held.splice(0)) pipe.target.write(chunk);
    }
  }

  heldBytes(direction: Direction): number {
    return [...this.#links].flatMap(({ pipes }) => pipes[direction].held).reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Passed on so far, over all connections there were. */
  forwardedBytes(direction: Direction): number {
    return this.#forwarded[direction];
  }

  /** Breaks every connection; what is held is lost. */
  cut(): void {
    for (const link of this.#links) this.#drop(link);
  }

  /** The coming connections are cut, one after the other, after so many bytes of replies; later ones are not. */
  cutComing(...bytesOfReplies: readonly number[]): void {
    this.#cuts.push(...bytesOfReplies);
  }

  async close(): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #accept(client: Socket, target: string): void {
    this.connections += 1;
    const [host, port] = target.split(':');
    const server = dial(Number(port), host);
    const link: Link = {
      pipes: {
        requests: { source: client, target: server, forwardedBytes: 0, held: [] },
        replies: { source: server, target: client, forwardedBytes: 0, held: [] },
      },
      cutAfterBytes: this.#cuts.shift() ?? Number.POSITIVE_INFINITY,
    };
    this.#links.add(link);
    for (const direction of ['requests', 'replies'] as const) {
      const { source } = link.pipes[direction];
      source.on('data', (chunk) => this.#pass(link, direction, chunk));
      source.on('error', () => this.#drop(link));
      source.on('close', () => this.#drop(link));
    }
  }

  #pass(link: Link, direction: Direction, chunk: Buffer): void {
    const pipe = link.pipes[direction];
    if (this.#holding[direction]) {
      pipe.held.push(chunk);
      return;
    }
    const leftBytes = direction === 'replies' ? link.cutAfterBytes - pipe.forwardedBytes : Number.POSITIVE_INFINITY;
    pipe.forwardedBytes += chunk.length;
    this.#forwarded[direction] += chunk.length;
    if (chunk.length < leftBytes) pipe.target.write(chunk);
    else pipe.target.write(chunk.subarray(0, leftBytes), () => this.#drop(link));
  }

  #drop(link: Link): void {
    this.#links.delete(link);
    link.pipes.requests.source.destroy();
    link.pipes.requests.target.destroy();
  }
}

/** A proxy on a free port before `target` (`host:port`). */
export async function startProxy(target: string): Promise<Proxy> {
  const listener = createServer();
  return new Proxy(listener, await listen(listener), target);
}
