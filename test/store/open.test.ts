import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore, StoreUrlError } from '../../src/store/open.ts';
import { temporaryFolder } from '../support/folder.ts';
import { change, valueOf } from '../support/store.ts';

describe('a store URL', () => {
  it('opens a memory store of its own', async () => {
    const [store, other] = [await openStore('memory:'), await openStore('memory:')];
    await change(store, { put: { '/a': '1' } });
    expect(store.name).toBe('memory');
    expect(await valueOf(other, '/a')).toBeUndefined();
  });

  it('opens the embedded store in a folder', async () => {
    const folder = join(await temporaryFolder(), 'store');
    const store = await openStore(`lmdb:${folder}`);
    await change(store, { put: { '/a': '1' } });
    await store.close();
    const again = await openStore(`lmdb://${folder}`);
    expect(await valueOf(again, '/a')).toBe('1');
    expect(again.name).toBe(`lmdb:${folder}`);
    await again.close();
  });

  it.each([
    ['etcd://a:1234', 'a:1234'],
    ['etcd://a:1,b:2/', 'a:1,b:2'],
    ['etcd://a:1, etcd://b:2', 'a:1,b:2'],
    ['http://a:1,http://b:2', 'a:1,b:2'],
  ])('opens an etcd without asking it anything yet: %s', async (url, members) => {
    const store = await openStore(url, { env: { ETCD_USERNAME: '', ETCD_PASSWORD: '', ETCD_CA_CERT_FILE: '' } });
    expect(store.name).toBe(`etcd://${members}`);
    await store.close();
  });

  it.each([
    ['etcds://etcd.example', 'etcd.example:2379'],
    ['https://[::1]:2379,https://[2001:db8::1]', '[::1]:2379,[2001:db8::1]:2379'],
  ])('opens an etcd with TLS: %s', async (url, members) => {
    const store = await openStore(url);
    expect(store.name).toBe(`etcds://${members}`);
    await store.close();
  });

  it.each([
    ['etcd://', 'http://a:1,http://b:2', 'etcd://a:1,b:2'],
    ['etcd://', 'a:1, b', 'etcd://a:1,b:2379'],
    ['etcd://', 'https://a:1/,https://[::1]:2', 'etcds://a:1,[::1]:2'],
    ['etcds://', 'a:1,https://b:2', 'etcds://a:1,b:2'],
  ])('%s alone takes the endpoints of the environment: %s', async (url, endpoints, name) => {
    const store = await openStore(url, { env: { ETCD_ENDPOINTS: endpoints } });
    expect(store.name).toBe(name);
    await store.close();
  });

  it.each([
    ['etcd://', 'http://a:1,', /an address is missing/],
    ['etcd://', 'ftp://a:1', /not of the form HOST:PORT/],
    ['etcd://', 'http://a:0', /0 is not a port/],
    ['etcds://', 'http://a:1', /without TLS/],
  ])('%s alone names the variable whose endpoints are wrong: %s', async (url, endpoints, why) => {
    const refusal = (await openStore(url, { env: { ETCD_ENDPOINTS: endpoints } }).catch((error: unknown) => error)) as StoreUrlError;
    expect(refusal).toBeInstanceOf(StoreUrlError);
    for (const part of [`ETCD_ENDPOINTS is "${endpoints}"`, why]) expect(refusal.message).toMatch(part);
  });

  it('never repeats a password in ETCD_ENDPOINTS', async () => {
    const env = { ETCD_ENDPOINTS: 'http://root:hunter2@a:1' };
    const refusal = (await openStore('etcd://', { env }).catch((error: unknown) => error)) as StoreUrlError;
    expect(refusal.message).toMatch(/ETCD_ENDPOINTS .*ETCD_PASSWORD/);
    expect(refusal.message).not.toMatch(/hunter2|root/);
  });

  it('with addresses does not look at ETCD_ENDPOINTS', async () => {
    const store = await openStore('etcd://a:1', { env: { ETCD_ENDPOINTS: 'http://b:2' } });
    expect(store.name).toBe('etcd://a:1');
    await store.close();
  });

  it('takes TLS files and login of an etcd from the environment it is given', async () => {
    const missing = join(await temporaryFolder(), 'ca.pem');
    await expect(openStore('etcd://a:1', { env: { ETCD_CA_CERT_FILE: missing } })).rejects.toMatchObject({
      code: 'store-auth',
      message: expect.stringMatching(/ETCD_CA_CERT_FILE.*ca\.pem/),
    });
    await expect(openStore('etcd://a:1', { env: { ETCD_PASSWORD: 'hunter2' } })).rejects.toMatchObject({
      code: 'store-auth',
      message: expect.not.stringContaining('hunter2'),
    });
    const store = await openStore('etcd://a:1', { env: { ETCD_USERNAME: 'root', ETCD_PASSWORD: 'hunter2' } });
    expect(store.name).not.toContain('hunter2');
    await store.close();
  });
});

describe('half a login or client certificate', () => {
  it.each([
    [{ ETCD_USERNAME: 'root' }, 'ETCD_PASSWORD is not set'],
    [{ ETCD_PASSWORD: 'hunter2' }, 'ETCD_USERNAME is not set'],
    [{ ETCD_CERT_FILE: '/client.pem' }, 'ETCD_KEY_FILE is not set'],
    [{ ETCD_KEY_FILE: '/client.key' }, 'ETCD_CERT_FILE is not set'],
  ])('%j: the variable that is missing is named', async (env, message) => {
    await expect(openStore('etcd://a:1', { env })).rejects.toMatchObject({ code: 'store-auth', message: expect.stringContaining(message) });
  });
});

describe('a text that is no store URL', () => {
  it.each([
    ['', /none of the known names/],
    ['/var/lib/plat', /none of the known names/],
    ['redis://a:1', /none of the known names/],
    ['LMDB:/tmp/x', /none of the known names/],
    ['memory:x', /nothing after the colon/],
    ['lmdb:', /no folder/],
    ['lmdb:~/plat', /\$HOME/],
    ['lmdb://host/plat', /no host/],
    ['etcd:a:1', /"\/\/"/],
    ['etcd://', /names no address, and ETCD_ENDPOINTS.* is not set/],
    ['http://', /an address is missing/],
    ['etcd://a:1,,b:2', /an address is missing/],
    ['etcd://a:1/path', /not of the form HOST:PORT/],
    ['etcd://a:b', /not of the form HOST:PORT/],
    ['etcd://a:0', /0 is not a port/],
    ['etcd://a:65536', /65536 is not a port/],
    ['etcd://a:1,http://b:2', /not of the form HOST:PORT/],
    ['etcd://::1', /not of the form HOST:PORT/],
  ])('is refused with what is wrong and what is expected: %j', async (url, why) => {
    const refusal = (await openStore(url).catch((error: unknown) => error)) as StoreUrlError;
    expect(refusal).toBeInstanceOf(StoreUrlError);
    expect(refusal.code).toBe('invalid-argument');
    for (const part of [why, /etcd:\/\/HOST:PORT/, /lmdb:FOLDER/]) expect(refusal.message).toMatch(part);
    expect(refusal.message).toContain(JSON.stringify(url));
  });

  it('is refused without repeating the password in it', async () => {
    const refusal = (await openStore('etcd://root:hunter2@a:1').catch((error: unknown) => error)) as StoreUrlError;
    expect(refusal).toBeInstanceOf(StoreUrlError);
    expect(refusal.message).toMatch(/ETCD_PASSWORD/);
    expect(refusal.message).not.toMatch(/hunter2|root/);
  });
});
