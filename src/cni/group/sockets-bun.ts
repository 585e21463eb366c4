/** https://bun.com/docs/runtime/networking/tcp */
import { type Asked, failureOf, LineReader, type Sockets } from './sockets.ts';

interface BunSocket<Data> {
  data: Data;
  write(text: string): number;
  end(): void;
  terminate(): void;
}

interface Handlers<Data> {
  open(socket: BunSocket<Data>): void;
  data(socket: BunSocket<Data>, bytes: Uint8Array): void;
  close(socket: BunSocket<Data>): void;
  error(socket: BunSocket<Data>, error: Error): void;
}

interface BunGlobal {
  listen<Data>(options: { readonly unix: string; readonly socket: Handlers<Data> }): { stop(): void; unref(): void };
  connect<Data>(options: { readonly unix: string; readonly socket: Handlers<Data> }): Promise<BunSocket<Data>>;
}

/** One that asks. */
interface Guest {
  readonly line: LineReader;
  readonly left: AbortController;
}

const { Bun } = globalThis as unknown as { readonly Bun: BunGlobal };

export const bunSockets: Sockets = {
  listen: async (path, take) => {
    const leave = ({ data }: BunSocket<Guest>) => data.left.abort();
    try {
      const listener = Bun.listen<Guest>({
        unix: path,
        socket: {
          open: (socket) => {
            socket.data = { line: new LineReader(), left: new AbortController() };
          },
          data: (socket, bytes) => {
            const line = socket.data.line.add(bytes);
            if (line === undefined) return;
            take(line, socket.data.left.signal, (reply) => {
              socket.write(`${reply}\n`);
              socket.end();
            });
          },
          close: leave,
          error: leave,
        },
      });
      listener.unref();
      return { close: () => listener.stop() };
    } catch {
      return undefined;
    }
  },
  ask: (path, text, signal) =>
    new Promise<Asked>((resolve) => {
      const answer = new LineReader();
      let connection: BunSocket<undefined> | undefined;
      signal.addEventListener('abort', () => {
        resolve({ kind: 'silent' });
        connection?.terminate();
      });
      const gone = () => resolve({ kind: 'gone' });
      const connected = Bun.connect<undefined>({
        unix: path,
        socket: {
          open: (socket) => {
            connection = socket;
            if (signal.aborted) return socket.terminate();
            const line = `${text}\n`;
            if (socket.write(line) === Buffer.byteLength(line)) return;
            resolve({ kind: 'cut-off' });
            socket.terminate();
          },
          data: (_, bytes) => {
            const line = answer.add(bytes);
            if (line !== undefined) resolve({ kind: 'answered', line });
          },
          close: gone,
          error: gone,
        },
      });
      connected.catch((error: { readonly code?: unknown }) => resolve(failureOf(error.code)));
    }),
};
