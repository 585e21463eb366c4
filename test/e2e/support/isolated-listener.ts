/** Listens on a free port of the network it is started in, gives the listener to its parent, and ends: it must accept nothing itself. */
import { createServer } from 'node:net';

const server = createServer();
server.listen(0, '127.0.0.1', () => process.send?.('listening', server, undefined, () => process.exit()));
