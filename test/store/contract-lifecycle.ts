import { expect, it } from 'vitest';
import { change, collect, freshPrefix, requestOf, valueOf } from '../support/store.ts';
import type { ContractContext } from './contract.ts';

export function lifecycleContract({ openAnother }: ContractContext): void {
  it('refuses every call after it was closed, and lets the other client go on', async () => {
    const { store, second, close } = await openAnother();
    const key = `${freshPrefix()}a`;
    await change(store, { put: { [key]: '1' } });
    await store.close();
    await store.close();

    const closed = { name: 'StoreError', code: 'store-unavailable' };
    await expect(store.read({ keys: [key] })).rejects.toMatchObject(closed);
    await expect(store.commit(requestOf({ put: { [key]: '2' } }))).rejects.toMatchObject(closed);
    await expect(collect(store.list(key))).rejects.toMatchObject(closed);
    expect(await valueOf(second, key)).toBe('1');
    await change(second, { put: { [key]: '3' } });
    expect(await valueOf(second, key)).toBe('3');
    await close();
  });

  it('finishes what was begun before it was closed, or says that it did not', async () => {
    const { store, second, close } = await openAnother();
    const at = freshPrefix();
    const begun = Array.from({ length: 10 }, (_, index) => store.commit(requestOf({ put: { [`${at}${index}`]: 'x' } })));
    await store.close();
    const outcomes = await Promise.allSettled(begun);
    for (const [index, outcome] of outcomes.entries()) {
      const isThere = (await valueOf(second, `${at}${index}`)) !== undefined;
      if (outcome.status === 'rejected') expect(isThere).toBe(false);
      else if (outcome.value.kind === 'committed') expect(isThere).toBe(true);
      else expect(outcome.value.kind).toBe('unknown');
    }
    await close();
  });

  it('has a name for messages', async () => {
    const { store, close } = await openAnother();
    expect(store.name).toMatch(/^[a-z]+(:|$)/);
    await close();
  });
}
