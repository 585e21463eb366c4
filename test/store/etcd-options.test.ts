import { createServer } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdOptions, openEtcdStore } from '../../src/store/etcd.ts';
import { StoreError } from '../../src/store/port.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { enableAuth, etcdApi } from '../support/etcd-api.ts';
import { listen } from '../support/listen.ts';
import { change, collect, commit, take } from '../support/store.ts';

describe.each(['grpc', 'gateway'] as const)('over %s', (transport) => {
  const open = (options: EtcdOptions) => openEtcdStore({ ...options, transport });

  const pem = (name: string) => join(import.meta.dirname, '../fixtures/tls', name);
  const CA = { caFile: pem('ca.pem') };
  const CLIENT = { ...CA, certFile: pem('client.pem'), keyFile: pem('client.key') };
  const SERVER = { certFile: pem('server.pem'), keyFile: pem('server.key') };

  /** What a read with these options fails with; nothing when it succeeds. */
  async function refusal(options: EtcdOptions, key = 'any'): Promise<StoreError | undefined> {
    try {
      const store = await open(options);
      try {
        await store.read({ keys: [key] });
        return undefined;
      } finally {
        await store.close();
      }
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  describe('options', () => {
    it('names its endpoints, with the default port where none is given', async () => {
      const store = await open({ endpoints: ['http://node-a', '10.0.0.2:2380', 'http://[fd00::1]:22379/'] });
      expect(store.name).toBe('etcd://node-a:2379,10.0.0.2:2380,[fd00::1]:22379');
      await store.close();
    });

    it.each(['', 'host:', 'host:0', 'host:70000', 'ftp://host:1', 'host:1/path', 'two hosts:1'])(
      'refuses the endpoint %j',
      async (endpoint) => {
        const error = await refusal({ endpoints: [endpoint] });
        expect(error?.message).toContain('no etcd endpoint; expected host:port');
      },
    );

    it('refuses no endpoint, and a mix of plain and TLS', async () => {
      expect((await refusal({ endpoints: [] }))?.message).toContain('name one as host:port');
      expect((await refusal({ endpoints: ['http://a:1', 'https://b:1'] }))?.message).toContain('mix http:// and https://');
    });

    it('refuses a password in an endpoint, without repeating it', async () => {
      const error = await refusal({ endpoints: ['http://root:hunter2@host:2379'] });
      expect(error?.code).toBe('store-auth');
      expect(inspect(error)).not.toContain('hunter2');
    });

    it('refuses half a login and half a client certificate', async () => {
      const endpoints = ['localhost'];
      expect(await refusal({ endpoints, username: 'root' })).toMatchObject({ code: 'store-auth' });
      expect(await refusal({ endpoints, password: 'hunter2' })).toMatchObject({ code: 'store-auth' });
      expect(await refusal({ endpoints, tls: { ...CA, certFile: pem('client.pem') } })).toMatchObject({ code: 'store-auth' });
    });

    it('names the TLS file that is missing, holds no PEM, or does not fit', async () => {
      const endpoints = ['localhost'];
      expect((await refusal({ endpoints, tls: { caFile: pem('nowhere.pem') } }))?.message).toContain(pem('nowhere.pem'));
      expect((await refusal({ endpoints, tls: { caFile: pem('make.sh') } }))?.message).toContain('not in PEM format');
      const mixed = { ...CLIENT, keyFile: pem('server.key') };
      expect((await refusal({ endpoints, tls: mixed }))?.message).toContain('of no use together');
    });
  });

  describe('what is not there', () => {
    it('tells that nothing listens', async () => {
      const error = await refusal({ endpoints: ['127.0.0.1:1', 'localhost:1'] });
      expect(error).toMatchObject({ code: 'store-unavailable' });
      expect(error?.message).toMatch(/127\.0\.0\.1:1: nothing listens there .*correct host and port/);
      expect(error?.message).toContain('localhost:1: nothing listens there');
    });

    it('tells that a commit to nothing did not happen', async () => {
      const store = await open({ endpoints: ['127.0.0.1:1'] });
      await expect(commit(store, { put: { a: '1' } })).rejects.toMatchObject({ code: 'store-unavailable' });
      await store.close();
    });

    it('tells that a port speaks something else, or says nothing', async () => {
      const web = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      const silent = createServer((socket) => socket.on('error', () => {}));
      try {
        const seen = {
          grpc: ['closed the connection at once', 'no answer to the attempt to connect'],
          gateway: ['it is not an etcd of version 3', 'no answer in time'],
        }[transport];
        expect((await refusal({ endpoints: [await listen(web)] }))?.message).toContain(seen[0]);
        expect((await refusal({ endpoints: [await listen(silent)], timeoutMs: 300 }))?.message).toContain(seen[1]);
      } finally {
        web.close();
        silent.close();
      }
    });
  });

  describe('TLS', () => {
    let servers: Readonly<Record<'plain' | 'tls' | 'mutual' | 'misnamed', EtcdServers>>;

    beforeAll(async () => {
      const [plain, tls, mutual, misnamed] = await Promise.all([
        startEtcd(),
        startEtcd({ tls: SERVER }),
        startEtcd({ tls: { ...SERVER, clientCaFile: pem('ca.pem') } }),
        startEtcd({ tls: { certFile: pem('misnamed.pem'), keyFile: pem('misnamed.key') } }),
      ]);
      servers = { plain, tls, mutual, misnamed };
    });

    afterAll(async () => {
      await Promise.all(Object.values(servers).map((server) => server.stop()));
    });

    it('reads over TLS by address and by name, and with a client certificate', async () => {
      const [endpoint] = servers.tls.endpoints as [string];
      expect(await refusal({ endpoints: [endpoint], tls: CA })).toBeUndefined();
      expect(await refusal({ endpoints: [`https://${endpoint.replace('127.0.0.1', 'localhost')}`], tls: CA })).toBeUndefined();
      expect(await refusal({ endpoints: servers.mutual.endpoints, tls: CLIENT })).toBeUndefined();
    });

    it.each([
      ['no TLS to a server with TLS', 'tls', {}, 'store-unavailable', 'If etcd wants TLS, use etcds://'],
      ['no TLS to a server that wants a certificate', 'mutual', {}, 'store-unavailable', 'If etcd wants TLS, use etcds://'],
      ['TLS to a server without', 'plain', { tls: CA }, 'store-unavailable', 'does not speak TLS'],
      ['the wrong authority', 'tls', { tls: { caFile: pem('other-ca.pem') } }, 'store-unavailable', 'not signed by the CA we trust'],
      ['no client certificate', 'mutual', { tls: CA }, 'store-auth', 'refuses our client certificate, or wants one'],
      [
        'a client certificate of another authority',
        'mutual',
        { tls: { ...CA, certFile: pem('other-ca.pem'), keyFile: pem('other-ca.key') } },
        'store-auth',
        'refuses our client certificate',
      ],
      ['a server certificate for another name', 'misnamed', { tls: CA }, 'store-unavailable', 'is for another name'],
    ] as const)('explains %s', async (_, server, options, code, message) => {
      const error = await refusal({ endpoints: servers[server].endpoints, ...options });
      expect(error).toMatchObject({ code });
      expect(error?.message).toContain(message);
    });

    it('trusts the public authorities when https is asked for without files', async () => {
      const endpoints = servers.tls.endpoints.map((endpoint) => `https://${endpoint}`);
      expect((await refusal({ endpoints }))?.message).toContain('not signed by the CA we trust');
    });
  });

  describe('login', () => {
    let etcd: EtcdServers;
    const root = { username: 'root', password: 'root-secret' };
    const limited = { username: 'limited', password: 'limited-secret' };

    beforeAll(async () => {
      etcd = await startEtcd({ args: ['--bcrypt-cost=4'] });
    });

    afterAll(async () => {
      await etcd.stop();
    });

    // In this order: the tests after the first need authentication turned on.
    it('goes without the login while etcd has authentication off, and uses it once it is on', async () => {
      const [endpoint] = etcd.endpoints as [string];
      const store = await open({ endpoints: [endpoint], ...root });
      await change(store, { put: { '/mine/a': 'before' } });
      await enableAuth(endpoint, { prefix: '/mine/', rootPassword: root.password, limitedPassword: limited.password });
      await change(store, { put: { '/mine/a': 'after' } });
      await store.close();
    });

    it('tells a missing login from a wrong one, and shows no password', async () => {
      const { endpoints } = etcd;
      const missing = await refusal({ endpoints });
      expect(missing).toMatchObject({ code: 'store-auth' });
      expect(missing?.message).toContain('etcd wants a login');
      for (const wrong of [
        { username: 'root', password: 'hunter2' },
        { username: 'nobody', password: 'hunter2' },
      ]) {
        const error = await refusal({ endpoints, ...wrong });
        expect(error).toMatchObject({ code: 'store-auth' });
        expect(error?.message).toContain('user or password is wrong');
        expect(inspect(error, { depth: 10 })).not.toContain('hunter2');
      }
    });

    it('tells what the user may not touch: in reads, lists, commits with one such key, and watches', async () => {
      const store = await open({ endpoints: etcd.endpoints, ...limited });
      const denied = { code: 'store-permission' };
      expect((await store.read({ keys: ['/mine/a'] })).entries.has('/mine/a')).toBe(true);
      await expect(store.read({ keys: ['/mine/a', '/theirs/b'] })).rejects.toMatchObject(denied);
      await expect(collect(store.list('/theirs/'))).rejects.toMatchObject(denied);
      await expect(commit(store, { put: { '/mine/b': '1', '/theirs/b': '1' } })).rejects.toMatchObject(denied);
      expect((await store.read({ keys: ['/mine/b'] })).entries.size).toBe(0);
      await expect(take(store.watch('/theirs/', 1n), 1)).rejects.toMatchObject(denied);
      expect(await take(store.watch('/mine/', 1n), 1)).toMatchObject([{ kind: 'put', key: '/mine/a' }]);
      await store.close();
    });

    it('logs in again when its login is worn out, for calls and for watches', async () => {
      const [endpoint] = etcd.endpoints as [string];
      // A change of the password, even to the same one, ends the user's logins at once.
      const endLogins = async () => {
        const { token } = (await etcdApi(endpoint, 'auth/authenticate', { name: 'root', password: root.password })) as { token: string };
        await etcdApi(endpoint, 'auth/user/changepw', { name: 'root', password: root.password }, token);
        await expect(etcdApi(endpoint, 'auth/user/list', {}, token)).rejects.toThrow('invalid auth token');
      };
      const store = await open({ endpoints: [endpoint], ...root });
      await change(store, { put: { '/mine/a': '1' } });
      await endLogins();
      const revision = await change(store, { put: { '/mine/a': '2' } });
      await endLogins();
      expect(await take(store.watch('/mine/', revision), 1)).toMatchObject([{ revision }]);
      await store.close();
    });
  });
});
