import { describe, expect, it } from 'vitest';
import { type Environment, storeUrl } from '../../src/platform/config.ts';

const user = (env: Environment) => ({ env, homeFolder: '/people/ann', isRoot: false });

describe('storeUrl', () => {
  it('prefers the flag to PLAT_STORE', () => {
    const env = { PLAT_STORE: 'lmdb:/var/tmp/a' };
    expect(storeUrl('lmdb:/var/tmp/b', user(env))).toBe('lmdb:/var/tmp/b');
    expect(storeUrl(undefined, user(env))).toBe('lmdb:/var/tmp/a');
  });

  it('is not chosen by ETCD_ENDPOINTS', () => {
    expect(storeUrl(undefined, user({ ETCD_ENDPOINTS: 'http://10.0.0.1:2379' }))).toBe('lmdb:/people/ann/.local/state/plat');
  });

  it('is a folder of the user by default, and of the system for root', () => {
    expect(storeUrl(undefined, user({}))).toBe('lmdb:/people/ann/.local/state/plat');
    expect(storeUrl(undefined, user({ XDG_STATE_HOME: '/data/state' }))).toBe('lmdb:/data/state/plat');
    expect(storeUrl(undefined, { ...user({ XDG_STATE_HOME: '/data/state' }), isRoot: true })).toBe('lmdb:/var/lib/plat');
  });

  it('ignores empty variables, and a state folder that is no absolute path', () => {
    const env = { PLAT_STORE: '', XDG_STATE_HOME: 'state' };
    expect(storeUrl(undefined, user(env))).toBe('lmdb:/people/ann/.local/state/plat');
  });
});
