/** A TCP proxy before an etcd that holds back one client at a chosen turn of its talk with the server. */
import { once } from 'node:events';
import { connect as dial, type Server, type Socket } from 'node:net';

type Side = 'client' | 'server';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** Held back, by who sent it, oldest first. Undefined: all passes. */
  held: { readonly to: Socket; readonly bytes: Buffer }[] | undefined;
}

/**
 * A turn begins whenever the other side speaks: 1 is the first request, 2 its reply, 3 the next request. Turns of all
 * connections count together, so there should be one client at a time.
 */
export class StoreGate {
  readonly #listener: Server;
  readonly #target: string;
  readonly #links = new Set<Link>();
  #turn = 0;
  #speaker: Side | undefined;
  /** Turn to hold; undefined: hold nothing more. */
  #holdAt: number | undefined;

  constructor(listener: Server, target: string) {
    this.#listener = listener;
    this.#target = target;
    listener.on('connection', (client) => this.#accept(client));
  }

  /** Where clients connect: `127.0.0.1:port`. */
  get endpoint(): string {
    const address = this.#listener.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
    return `127.0.0.1:${address.port}`;
  }

  /** Counts turns from here on and holds back the given one, and what follows it on the connections of then. */
  holdAt(turn: number): void {
    this.#turn = 0;
    this.#speaker = undefined;
    this.#holdAt = turn;
  }

  get isHolding(): boolean {
    return [...this.#links].some(({ held }) => held !== undefined && held.length > 0);
  }

  /** All that was held goes where it was to go, also when its sender has gone meanwhile. */
  letGo(): void {
    this.#holdAt = undefined;
    for (const link of this.#links) {
      const { client, server, held = [] } = link;
      link.held = undefined;
      for (const { to, bytes } of held) to.write(bytes);
      if (server.closed) client.end();
      // Etcd drops the request of who hangs up.
      if (client.closed && held.every(({ to }) => to === client)) server.end();
    }
  }

  /** Resolves when every connection has ended, and so whatever was sent has been dealt with. */
  async quiet(): Promise<void> {
    while (this.#links.size > 0) await once(this.#listener, 'quiet');
  }

  async close(): Promise<void> {
    for (const { client, server } of this.#links) {
      client.destroy();
      server.destroy();
    }
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #accept(client: Socket): void {
    const [host, port] = this.#target.split(':');
    const link: Link = { client, server: dial(Number(port), host), held: undefined };
    this.#links.add(link);
    for (const side of ['client', 'server'] as const) {
      const [from, to] = side === 'client' ? [client, link.server] : [link.server, client];
      from.on('data', (bytes: Buffer) => this.#pass(link, side, bytes));
      from.on('error', () => from.destroy());
      from.on('close', () => this.#closed(link, to));
    }
  }

  #pass(link: Link, speaker: Side, bytes: Buffer): void {
    const [from, to] = speaker === 'client' ? [link.client, link.server] : [link.server, link.client];
    if (speaker !== this.#speaker) this.#turn++;
    this.#speaker = speaker;
    if (this.#turn === this.#holdAt) {
      this.#holdAt = undefined;
      // The others are those of the same client.
      for (const each of this.#links) each.held = [];
    }
    if (link.held !== undefined) link.held.push({ to, bytes });
    else if (to.closed) from.end();
    else to.write(bytes);
  }

  #closed(link: Link, other: Socket): void {
    // What is held must still arrive.
    if (link.held === undefined) other.end();
    if (link.client.closed && link.server.closed) this.#links.delete(link);
    if (this.#links.size === 0) this.#listener.emit('quiet');
  }
}
