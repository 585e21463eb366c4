/**
 * Processes of one node that get in each other's way take turns. A name in the kernel's abstract namespace of sockets belongs
 * to one process at a time and is free when that process ends, however it ends: nothing is left behind, and nothing is
 * locked, since who has waited long enough goes on without its turn. Who meets no conflict never comes here.
 */
import { hash64 } from '../core/hash.ts';
import type { Turnstile } from '../ipam/open.ts';
import type { Clock } from '../platform/clock.ts';

const POLL_MS = { min: 25, max: 100 };
/** Far less than a call may take. */
const PATIENCE_MS = 10_000;

/** @param of what is contended for: a store and a node */
export function openTurnstile(clock: Clock, of: string): Turnstile {
  const name = `\0plat-${hash64(of).toString(16)}`;
  let held: Taken | undefined;
  return {
    async enter(signal) {
      if (held) return 'at-once';
      held = await take(name);
      if (held) return 'at-once';
      const endMs = clock.monotonicMs() + PATIENCE_MS;
      while (!held && !signal?.aborted && clock.monotonicMs() < endMs) {
        await clock.sleep(POLL_MS.min + clock.random() * (POLL_MS.max - POLL_MS.min), signal).catch(() => {});
        held = await take(name);
      }
      return 'waited';
    },
    leave() {
      held?.close();
      held = undefined;
    },
  };
}

/** A name that this process has. */
interface Taken {
  close(): void;
}

/** What Bun has at hand; `node:net` would first have to be loaded. https://bun.com/docs/runtime/networking/tcp */
interface BunSockets {
  listen(options: { readonly unix: string; readonly socket: { data(): void } }): { stop(closeConnections: boolean): void; unref(): void };
}

/** Undefined when another process has it, or when there are no such sockets here. */
async function take(path: string): Promise<Taken | undefined> {
  const { Bun } = globalThis as { readonly Bun?: BunSockets };
  if (!Bun) return await takeOnNode(path);
  try {
    const listener = Bun.listen({ unix: path, socket: { data: () => {} } });
    listener.unref();
    return { close: () => listener.stop(true) };
  } catch {
    return undefined;
  }
}

async function takeOnNode(path: string): Promise<Taken | undefined> {
  const { createServer } = await import('node:net');
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ path }, () => resolve(server.unref()));
  });
}
