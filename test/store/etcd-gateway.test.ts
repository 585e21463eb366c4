import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../../src/store/etcd.ts';
import { connectEtcd3 } from '../../src/store/etcd-grpc.ts';
import { type EtcdOptions, readOptions } from '../../src/store/etcd-options.ts';
import type { Store } from '../../src/store/port.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { requestsServed } from '../support/etcd-api.ts';
import { type GrpcFront, httpAnswer, startGrpcFront } from '../support/grpc-front.ts';
import { listen } from '../support/listen.ts';
import { change, collect, commit, take, valueOf } from '../support/store.ts';

const pem = (name: string) => join(import.meta.dirname, '../fixtures/tls', name);

/** Runs `work` on a store over the gateway, and closes it. */
async function withGateway<T>(options: EtcdOptions, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openEtcdStore({ ...options, transport: 'gateway' });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

describe('where etcd has its gateway off', () => {
  let etcd: EtcdServers;
  beforeAll(async () => {
    etcd = await startEtcd({ args: ['--enable-grpc-gateway=false'] });
  });
  afterAll(async () => {
    await etcd.stop();
  });

  async function transactionsOf(work: (store: Store) => Promise<unknown>): Promise<number> {
    const count = async () => (await requestsServed(etcd.endpoints[0] as string)).get('Txn') ?? 0;
    const before = await count();
    await withGateway(etcd, work);
    return (await count()) - before;
  }

  it('reads, commits, lists and watches over gRPC', async () => {
    await withGateway(etcd, async (store) => {
      expect((await store.read({ keys: ['/a'] })).entries.size).toBe(0);
      const revision = await change(store, { put: { '/a': '1' } });
      expect(await collect(store.list('/a'))).toMatchObject([{ entries: [{ key: '/a', revision }] }]);
      expect(await take(store.watch('/a', revision), 1)).toMatchObject([{ key: '/a', revision }]);
    });
  });

  it('sends a commit that is the first call once', async () => {
    const create = { guards: [{ key: '/first', revision: 'absent' as const }], put: { '/first': '1' } };
    expect(await transactionsOf((store) => change(store, create))).toBe(1);
  });

  it('switches for calls made at once, each of them sent once', async () => {
    const keys = ['/once/1', '/once/2', '/once/3', '/once/4'];
    const create = (key: string) => ({ guards: [{ key, revision: 'absent' as const }], put: { [key]: 'x' } });
    expect(await transactionsOf((store) => Promise.all(keys.map((key) => change(store, create(key)))))).toBe(keys.length);
  });
});

describe('before an etcd behind a port that answers HTTP/1.1', () => {
  let etcd: EtcdServers;
  beforeAll(async () => {
    etcd = await startEtcd();
    await withGateway(etcd, (store) => change(store, { put: { '/kept': 'value' } }));
  });
  afterAll(async () => {
    await etcd.stop();
  });

  async function behind<T>(answer: string, work: (store: Store, front: GrpcFront) => Promise<T>): Promise<T> {
    const front = await startGrpcFront(etcd.endpoints[0] as string, answer);
    try {
      return await withGateway({ endpoints: [front.endpoint], timeoutMs: 2_000 }, (store) => work(store, front));
    } finally {
      front.close();
    }
  }

  const cutOff = (message: string) => httpAnswer(503, JSON.stringify({ error: message, message, code: 14 }));

  it.each([
    ['with 404: there is no gateway', httpAnswer(404, '404 page not found\n')],
    ['with a closed connection: a port for gRPC alone, as etcd 3.6 may have it', ''],
    ['with a frame of HTTP/2: the same', '\0\0\0\x04\0\0\0\0\0'],
    ['that the gateway cannot reach its own etcd', cutOff('connection closed')],
    ['that the gateway is refused by its own etcd', cutOff('connection error: desc = "remote error: tls: bad certificate"')],
  ])('%s: goes over to gRPC, for good, and commits once', async (_, answer) => {
    await behind(answer, async (store, front) => {
      const key = `/front/${front.endpoint}`;
      await change(store, { guards: [{ key, revision: 'absent' }], put: { [key]: '1' } });
      expect(await valueOf(store, key)).toBe('1');
      expect(await valueOf(store, '/kept')).toBe('value');
      expect([front.httpConnections(), front.grpcConnections()]).toEqual([1, 1]);
    });
  });

  it.each([
    ['JSON of another program', httpAnswer(200, '{"hello":"world"}')],
    ['an answer with entries of no sense', httpAnswer(200, '{"header":{"revision":"1"},"kvs":[{"key":7}],"responses":7}')],
    ['a page', httpAnswer(200, '<html>Welcome</html>')],
    ['a page that wants a password', httpAnswer(401, '<html>Who are you?</html>')],
    ['nothing but a place elsewhere', httpAnswer(307, '', ['Location: /v3/kv/txn'])],
  ])('with %s: says that this is no etcd, and does not go over', async (_, answer) => {
    await behind(answer, async (store, front) => {
      await expect(store.read({ keys: ['/kept'] })).rejects.toMatchObject({
        name: 'StoreError',
        code: 'store-unavailable',
        message: expect.stringContaining('not an etcd of version 3'),
      });
      expect(front.grpcConnections()).toBe(0);
    });
  });

  it('with a proxy’s 502: asks again until its time is over', async () => {
    await behind(httpAnswer(502, '<html>Bad gateway</html>'), async (store, front) => {
      await expect(store.read({ keys: ['/kept'] }, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'store-unavailable' });
      expect(front.httpConnections()).toBeGreaterThan(1);
      expect(front.grpcConnections()).toBe(0);
    });
  });
});

describe('a user that only the client certificate names', () => {
  const limited = { certFile: pem('client.pem'), keyFile: pem('client.key'), caFile: pem('ca.pem') };
  let etcd: EtcdServers;
  beforeAll(async () => {
    const server = { certFile: pem('server.pem'), keyFile: pem('server.key'), clientCaFile: pem('ca.pem') };
    etcd = await startEtcd({ tls: server, args: ['--bcrypt-cost=4'] });
    const client = connectEtcd3(etcd.endpoints[0] as string, await readOptions({ ...etcd, tls: limited }));
    // The common name of the certificate is this user's name.
    await client.role('tenant').create();
    await client.role('tenant').grant({ permission: 'Readwrite', range: client.range({ prefix: '/mine/' }) });
    await client.user('limited').create('any');
    await client.user('limited').addRole('tenant');
    await client.role('root').create();
    await client.user('root').create('root-secret');
    await client.user('root').addRole('root');
    await client.auth.authEnable();
    client.close();
  });
  afterAll(async () => {
    await etcd.stop();
  });

  it('is let in by gRPC, since the gateway does not know it', async () => {
    await withGateway({ ...etcd, tls: limited }, async (store) => {
      await change(store, { guards: [{ key: '/mine/a', revision: 'absent' }], put: { '/mine/a': '1' } });
      expect(await valueOf(store, '/mine/a')).toBe('1');
      await expect(commit(store, { put: { '/theirs/a': '1' } })).rejects.toMatchObject({ code: 'store-permission' });
    });
  });

  it('is let in by gRPC too with a login beside the certificate', async () => {
    const root = { ...etcd, tls: limited, username: 'root', password: 'root-secret' };
    await withGateway(root, async (store) => {
      await change(store, { put: { '/theirs/b': '1' } });
      expect(await valueOf(store, '/theirs/b')).toBe('1');
    });
  });
});

describe('a process that uses the gateway', () => {
  /** Reads `/kept` of the store at `endpoint`; how many modules of gRPC's client were loaded for it. */
  const program = (endpoint: string) => `
    import { createRequire } from 'node:module';
    import { openStore } from './src/store/open.ts';
    const store = await openStore('etcd://${endpoint}', { transport: 'gateway' });
    const { entries } = await store.read({ keys: ['/kept'] });
    const { cache } = createRequire(import.meta.url);
    const loaded = Object.keys(cache).filter((path) => /node_modules.(etcd3|@grpc|cockatiel)/.test(path)).length;
    await store.close();
    console.log(JSON.stringify({ found: entries.size, loaded }));
  `;

  async function run(endpoint: string): Promise<{ found: number; loaded: number }> {
    const args = ['--import', 'tsx', '--input-type=module', '-e', program(endpoint)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(import.meta.dirname, '../..') });
    return JSON.parse(stdout);
  }

  it('loads no client of gRPC, unless it has to', async () => {
    const on = await startEtcd();
    const off = await startEtcd({ args: ['--enable-grpc-gateway=false'] });
    for (const etcd of [on, off]) await withGateway(etcd, (store) => change(store, { put: { '/kept': '1' } }));
    expect(await run(on.endpoints[0] as string)).toEqual({ found: 1, loaded: 0 });
    const fallenBack = await run(off.endpoints[0] as string);
    expect(fallenBack.found).toBe(1);
    expect(fallenBack.loaded).toBeGreaterThan(0);
    await Promise.all([on.stop(), off.stop()]);
  });
});

describe('a commit over the gateway that gets an answer of no sense', () => {
  it('is unknown, and is not sent again', async () => {
    const paths: string[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url ?? '');
      response.end(request.url === '/v3/kv/range' ? '{"header":{"revision":"7"}}' : '{"hello":"world"}');
    });
    const endpoint = await listen(server);
    const outcome = await withGateway({ endpoints: [endpoint] }, (store) => commit(store, { put: { '/a': '1' } }));
    expect(outcome).toMatchObject({ kind: 'unknown', cause: { message: expect.stringContaining('not an etcd of version 3') } });
    expect(paths).toEqual(['/v3/kv/range', '/v3/kv/txn']);
    server.close();
  });
});
