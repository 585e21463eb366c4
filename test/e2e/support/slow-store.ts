/** A TCP proxy before an etcd that keeps back whoever came while it was told to. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export class SlowStore {
  /** For `store` in a network configuration. */
  readonly url: string;
  readonly #kept: (() => void)[] = [];
  #isSlow = true;

  private constructor(url: string) {
    this.url = url;
  }

  /** @param url of an etcd with one member */
  static async before(url: string): Promise<SlowStore> {
    const [host, port] = url.replace('etcd://', '').split(':');
    const proxy = createServer((client) => slow.#accept(client, () => connect(Number(port), host)));
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    const slow = new SlowStore(`etcd://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    return slow;
  }

  get isKeepingBack(): boolean {
    return this.#kept.length > 0;
  }

  /** Who comes from now on is served; who is kept back stays so. */
  letOthersPass(): void {
    this.#isSlow = false;
  }

  letGo(): void {
    this.#isSlow = false;
    for (const pass of this.#kept.splice(0)) pass();
  }

  #accept(client: Socket, dial: () => Socket): void {
    client.on('error', () => client.destroy());
    const pass = () => {
      const server = dial();
      server.on('error', () => client.destroy());
      client.pipe(server).pipe(client);
    };
    if (this.#isSlow) this.#kept.push(pass);
    else pass();
  }
}
