import { describe, expect, it } from 'vitest';
import { type Environment, storeUrl } from '../../src/platform/config.ts';

const user = (env: Environment) => ({ env, homeFolder: '/people/ann', isRoot: false });

describe('storeUrl', () => {
  it('prefers the flag, then PLAT_STORE, then ETCD_ENDPOINTS', () => {
    const env = { PLAT_STORE: 'lmdb:/var/tmp/a', ETCD_ENDPOINTS: 'http://10.0.0.1:2379' };
    expect(storeUrl('lmdb:/var/tmp/b', user(env))).toBe('lmdb:/var/tmp/b');
    expect(storeUrl(undefined, user(env))).toBe('lmdb:/var/tmp/a');
    expect(storeUrl(undefined, user({ ETCD_ENDPOINTS: env.ETCD_ENDPOINTS }))).toBe('http://10.0.0.1:2379');
  });

  it('takes endpoints with and without their scheme', () => {
    expect(storeUrl(undefined, user({ ETCD_ENDPOINTS: 'https://a:2379,https://b:2379' }))).toBe('https://a:2379,https://b:2379');
    expect(storeUrl(undefined, user({ ETCD_ENDPOINTS: 'a:2379,b:2379' }))).toBe('etcd://a:2379,b:2379');
  });

  it('is a folder of the user by default, and of the system for root', () => {
    expect(storeUrl(undefined, user({}))).toBe('lmdb:/people/ann/.local/state/plat');
    expect(storeUrl(undefined, user({ XDG_STATE_HOME: '/data/state' }))).toBe('lmdb:/data/state/plat');
    expect(storeUrl(undefined, { ...user({ XDG_STATE_HOME: '/data/state' }), isRoot: true })).toBe('lmdb:/var/lib/plat');
  });

  it('ignores empty variables, and a state folder that is no absolute path', () => {
    const env = { PLAT_STORE: '', ETCD_ENDPOINTS: '', XDG_STATE_HOME: 'state' };
    expect(storeUrl(undefined, user(env))).toBe('lmdb:/people/ann/.local/state/plat');
  });
});
