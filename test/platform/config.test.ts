import { describe, expect, it } from 'vitest';
import { defaultStoreUrl, type Environment } from '../../src/platform/config.ts';

const user = (env: Environment) => ({ env, homeFolder: '/people/ann', isRoot: false });

describe('defaultStoreUrl', () => {
  it('is a folder of the user, and of the system for root', () => {
    expect(defaultStoreUrl(user({}))).toBe('lmdb:/people/ann/.local/state/plat');
    expect(defaultStoreUrl(user({ XDG_STATE_HOME: '/data/state' }))).toBe('lmdb:/data/state/plat');
    expect(defaultStoreUrl({ ...user({ XDG_STATE_HOME: '/data/state' }), isRoot: true })).toBe('lmdb:/var/lib/plat');
  });

  it.each(['', 'state'])('ignores a state folder that is no absolute path: %j', (folder) => {
    expect(defaultStoreUrl(user({ XDG_STATE_HOME: folder }))).toBe('lmdb:/people/ann/.local/state/plat');
  });
});
