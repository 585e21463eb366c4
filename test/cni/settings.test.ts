import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { netConfOf } from '../../src/cni/netconf.ts';
import { hostOf, logOf, statusTimeoutMsOf, storeOf, timeoutMsOf } from '../../src/cni/settings.ts';
import { temporaryFolder } from '../support/folder.ts';

type Conf = Readonly<Record<string, unknown>>;

const confOf = (ipam: Conf = {}, conf: Conf = {}) => netConfOf({ name: 'net', ...conf, ipam: { type: 'plat', ...ipam } });
const LOCAL = 'http://127.0.0.1:2379';

describe('storeOf', () => {
  const ENV = { PLAT_STORE: 'lmdb:/p', DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'http://e:1' };

  it.each<[string, Conf, Conf, Record<string, string>, string, string | undefined]>([
    ['store', { store: 'etcd://s:1', etcd_endpoints: 'http://c:1' }, { etcd_endpoints: 'http://t:1' }, ENV, 'etcd://s:1', 'http://c:1'],
    ['etcd fields in ipam', { etcd_endpoints: 'http://c:1' }, { etcd_endpoints: 'http://t:1' }, ENV, 'etcd://', 'http://c:1'],
    ['etcd fields beside ipam', {}, { etcd_endpoints: 'http://t:1' }, ENV, 'etcd://', 'http://t:1'],
    ['etcd_authority', { etcd_authority: 'a:1', etcd_scheme: 'https' }, {}, ENV, 'etcd://', 'https://a:1'],
    ['etcd_authority without scheme', {}, { etcd_authority: 'a:1' }, {}, 'etcd://', 'http://a:1'],
    ['datastore_type alone', {}, { datastore_type: 'etcdv3' }, { PLAT_STORE: 'lmdb:/p' }, 'etcd://', LOCAL],
    ['datastore_type and the environment', {}, { datastore_type: 'etcdv3' }, ENV, 'etcd://', 'http://e:1'],
    ['PLAT_STORE', {}, {}, ENV, 'lmdb:/p', 'http://e:1'],
    ['the environment that Calico reads', {}, {}, { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'http://e:1' }, 'etcd://', 'http://e:1'],
    ['that, without addresses', {}, {}, { DATASTORE_TYPE: 'etcdv3' }, 'etcd://', LOCAL],
    ['the addresses that Calico reads alone', {}, {}, { ETCD_ENDPOINTS: 'http://e:1' }, 'etcd://', 'http://e:1'],
    ['nothing', {}, {}, {}, 'lmdb:/var/lib/plat', undefined],
    [
      'empty fields',
      { store: '', etcd_endpoints: '' },
      { etcd_endpoints: '', datastore_type: '' },
      { PLAT_STORE: '' },
      'lmdb:/var/lib/plat',
      undefined,
    ],
    ['another datastore_type, with a store', { store: 'lmdb:/s', datastore_type: 'kubernetes' }, {}, {}, 'lmdb:/s', undefined],
  ])('chooses by %s', (_, ipam, conf, env, url, endpoints) => {
    const choice = storeOf(confOf(ipam, conf), env);
    expect([choice.url, choice.env['ETCD_ENDPOINTS']]).toEqual([url, endpoints]);
  });

  it('takes TLS files from ipam, then beside it, then the environment', () => {
    const env = { ETCD_KEY_FILE: '/env/k', ETCD_CERT_FILE: '/env/c', ETCD_CA_CERT_FILE: '/env/ca', ETCD_USERNAME: 'u' };
    const choice = storeOf(
      confOf({ etcd_key_file: '/i/k' }, { etcd_key_file: '/t/k', etcd_cert_file: '/t/c', etcd_ca_cert_file: '' }),
      env,
    );
    expect(choice.env).toEqual({ ETCD_KEY_FILE: '/i/k', ETCD_CERT_FILE: '/t/c', ETCD_CA_CERT_FILE: '/env/ca', ETCD_USERNAME: 'u' });
  });

  it.each<[Conf, string]>([
    [{ datastore_type: 'kubernetes' }, 'datastore_type "kubernetes"'],
    [{ etcd_discovery_srv: 'example.org' }, 'etcd_discovery_srv'],
  ])('refuses %j and says what to do', (ipam, word) => {
    expect(() => storeOf(confOf(ipam), {})).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining(word), details: expect.stringMatching(/store|etcd_endpoints/) }),
    );
  });
});

describe('hostOf', () => {
  it('takes nodename, then the file, then hostname, then the machine; in ipam before beside it', async () => {
    const file = join(await temporaryFolder(), 'nodename');
    await writeFile(file, ' from-file\n');
    const none = { nodename_file: '/no/such/file' };
    expect(hostOf(confOf({ nodename: 'i', nodename_file: file, hostname: 'h' }, { nodename: 't' }))).toBe('i');
    expect(hostOf(confOf({ nodename_file: file, hostname: 'h' }, { nodename: 't' }))).toBe('t');
    expect(hostOf(confOf({ nodename: '', nodename_file: file, hostname: 'h' }, none))).toBe('from-file');
    expect(hostOf(confOf({ hostname: 'h' }, { nodename_file: file }))).toBe('from-file');
    expect(hostOf(confOf({ ...none, hostname: 'h' }, { hostname: 't' }))).toBe('h');
    expect(hostOf(confOf(none, { hostname: 't' }))).toBe('t');
    expect(hostOf(confOf(none))).toBe(hostname().toLowerCase());
    await writeFile(file, '\n');
    expect(hostOf(confOf({ nodename_file: file, hostname: 'h' }))).toBe('h');
  });
});

describe('logOf', () => {
  it.each<[Conf, Conf, { level: string; file: string | undefined }]>([
    [{}, {}, { level: 'warn', file: undefined }],
    [{}, { log_level: 'debug', log_file_path: '/t' }, { level: 'debug', file: '/t' }],
    [{ log_level: 'error' }, { log_level: 'debug' }, { level: 'error', file: undefined }],
    [{ log_level: 'Warning' }, {}, { level: 'info', file: undefined }],
    [{ log_level: 'warning' }, {}, { level: 'warn', file: undefined }],
    [{ log_level: 'verbose' }, {}, { level: 'info', file: undefined }],
    [{ log: { level: 'silent', file: '/i' }, log_level: 'debug', log_file_path: '/c' }, {}, { level: 'silent', file: '/i' }],
    [{ log: { file: '' }, log_file_path: '/c' }, {}, { level: 'warn', file: '/c' }],
  ])('of ipam %j and beside it %j is %j', (ipam, conf, expected) => {
    expect(logOf(confOf(ipam, conf), { verb: 'ADD' })).toEqual(expected);
  });

  it('refuses an own level that there is not', () => {
    expect(() => logOf(confOf({ log: { level: 'loud' } }), { verb: 'ADD' })).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining('ipam.log.level') }),
    );
  });
});

describe('timeoutMsOf', () => {
  it.each<[Conf, number, number, number]>([
    [{}, 30_000, 2_000, 10_000],
    [{ timeoutSeconds: 5.5 }, 5_500, 2_000, 5_500],
    [{ statusTimeoutSeconds: 0.5 }, 30_000, 500, 2_500],
  ])('of %j is %d ms; for STATUS the store has %d of %d', (ipam, add, store, status) => {
    const conf = confOf(ipam);
    expect([timeoutMsOf(conf, { verb: 'ADD' }), statusTimeoutMsOf(conf), timeoutMsOf(conf, { verb: 'STATUS' })]).toEqual([
      add,
      store,
      status,
    ]);
  });
});
