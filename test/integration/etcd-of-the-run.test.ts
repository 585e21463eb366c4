import { expect, it } from 'vitest';
import { openEtcdStore } from '../../src/store/etcd.ts';
import { sharedEtcd } from '../support/etcd.ts';
import { change, freshPrefix, valueOf } from '../support/store.ts';

it('the etcd that this run found or started takes what the store sends', async () => {
  const { endpoints, version } = await sharedEtcd();
  expect(version).toMatch(/^3\.[4-9]\./);
  const store = await openEtcdStore({ endpoints });
  const key = `${freshPrefix()}a`;
  await change(store, { guards: [{ key, revision: 'absent' }], put: { [key]: 'x' } });
  expect(await valueOf(store, key)).toBe('x');
  await store.close();
});
