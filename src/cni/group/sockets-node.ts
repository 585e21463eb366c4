import { createConnection, createServer } from 'node:net';
import { type Asked, failureOf, LineReader, type Sockets } from './sockets.ts';

export const nodeSockets: Sockets = {
  listen: (path, take) =>
    new Promise((resolve) => {
      const server = createServer((socket) => {
        const left = new AbortController();
        const line = new LineReader();
        socket.on('data', (bytes) => {
          const text = line.add(bytes);
          if (text !== undefined) take(text, left.signal, (reply) => socket.end(`${reply}\n`));
        });
        socket.on('error', () => left.abort());
        socket.on('close', () => left.abort());
      });
      server.once('error', () => resolve(undefined));
      server.listen(path, () => {
        server.unref();
        resolve({ close: () => void server.close() });
      });
    }),
  ask: (path, text, signal) =>
    new Promise<Asked>((resolve) => {
      const answer = new LineReader();
      const socket = createConnection(path, () => socket.write(`${text}\n`));
      signal.addEventListener('abort', () => {
        resolve({ kind: 'silent' });
        socket.destroy();
      });
      socket.on('data', (bytes) => {
        const line = answer.add(bytes);
        if (line !== undefined) resolve({ kind: 'answered', line });
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(failureOf(error.code)));
      socket.on('close', () => resolve({ kind: 'gone' }));
    }),
};
