import { expect, it } from 'vitest';
import { COMMIT_BYTES_MAX, COMMIT_OPERATIONS_MAX, KEY_BYTES_MAX, type Store } from '../../src/store/port.ts';
import { bytes, change, commit, entryOf, freshPrefix, listed, requestOf, shown, text, valueOf } from '../support/store.ts';
import type { ContractContext } from './contract.ts';

export function commitContract(context: ContractContext): void {
  guards(context);
  values(context);
  limits(context);
}

function guards({ opened, isAlone }: ContractContext): void {
  it('gives all keys of a commit one revision, the next one of the whole store', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const first = await change(store, { put: { [`${at}a`]: '1', [`${at}b`]: '1' } });
    const next = await change(second, { put: { [`${at}c`]: '2' }, remove: [`${at}a`] });

    expect(shown(await listed(store, at))).toEqual([`${at}b@${first}=1`, `${at}c@${next}=2`]);
    expect(first).toBeGreaterThan(0n);
    if (isAlone) expect(next).toBe(first + 1n);
    else expect(next).toBeGreaterThan(first);
  });

  it('commits under "absent" only while the key is absent', async () => {
    const { store, second } = opened();
    const key = `${freshPrefix()}a`;
    const create = { guards: [{ key, revision: 'absent' as const }] };
    const revision = await change(store, { ...create, put: { [key]: 'first' } });
    const outcome = await commit(second, { ...create, put: { [key]: 'second' } });

    expect(outcome.kind).toBe('conflict');
    expect(shown(outcome.kind === 'conflict' ? outcome.current.values() : [])).toEqual([`${key}@${revision}=first`]);
    expect(await valueOf(store, key)).toBe('first');
    await change(store, { remove: [key] });
    await change(second, { ...create, put: { [key]: 'third' } });
    expect(await valueOf(store, key)).toBe('third');
  });

  it('commits under a revision only while the entry was last written by it', async () => {
    const { store, second } = opened();
    const key = `${freshPrefix()}a`;
    const old = await change(store, { put: { [key]: '1' } });
    const revision = await change(store, { guards: [{ key, revision: old }], put: { [key]: '2' } });

    expect((await commit(second, { guards: [{ key, revision: old }], put: { [key]: '3' } })).kind).toBe('conflict');
    expect(await entryOf(second, key)).toMatchObject({ revision });
    expect(await valueOf(second, key)).toBe('2');
  });

  it('finds a guard broken when its entry was deleted, also when it was created again', async () => {
    const { store, second } = opened();
    const key = `${freshPrefix()}a`;
    const revision = await change(store, { put: { [key]: '1' } });
    await change(second, { remove: [key] });
    const gone = await commit(store, { guards: [{ key, revision }], put: { [key]: '2' } });
    expect(gone).toMatchObject({ kind: 'conflict', current: new Map() });

    await change(second, { put: { [key]: '1' } });
    expect((await commit(store, { guards: [{ key, revision }], put: { [key]: '2' } })).kind).toBe('conflict');
    expect(await valueOf(store, key)).toBe('1');
  });

  it('does all of a commit or nothing, and answers a conflict with every guarded key that exists', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const [kept, broken, absent, other] = [`${at}kept`, `${at}broken`, `${at}absent`, `${at}other`];
    const first = await change(store, { put: { [kept]: 'k', [broken]: 'b', [other]: 'o' } });
    const later = await change(second, { put: { [broken]: 'b2' } });
    const outcome = await commit(store, {
      guards: [
        { key: kept, revision: first },
        { key: broken, revision: first },
        { key: absent, revision: 'absent' },
      ],
      put: { [kept]: 'changed', [absent]: 'created' },
      remove: [other],
    });

    if (outcome.kind !== 'conflict') throw new Error(`expected a conflict, got ${outcome.kind}`);
    expect(shown(outcome.current.values()).sort()).toEqual([`${broken}@${later}=b2`, `${kept}@${first}=k`]);
    expect(outcome.revision).toBeGreaterThanOrEqual(later);
    expect(shown(await listed(second, at))).toEqual([`${broken}@${later}=b2`, `${kept}@${first}=k`, `${other}@${first}=o`]);
  });

  it('guards keys that it does not write, and writes keys that it does not guard', async () => {
    const { store } = opened();
    const at = freshPrefix();
    const revision = await change(store, { put: { [`${at}guarded`]: '1' } });
    await change(store, { guards: [{ key: `${at}guarded`, revision }], put: { [`${at}written`]: '2' } });
    expect(shown(await listed(store, `${at}g`))).toEqual([`${at}guarded@${revision}=1`]);
    expect(await valueOf(store, `${at}written`)).toBe('2');
  });

  it('commits guards alone, which changes nothing', async () => {
    const { store } = opened();
    const key = `${freshPrefix()}a`;
    const revision = await change(store, { put: { [key]: '1' } });
    const outcome = await commit(store, { guards: [{ key, revision }] });
    expect(outcome.kind).toBe('committed');
    if (isAlone) expect(outcome).toEqual({ kind: 'committed', revision });
    expect(await entryOf(store, key)).toMatchObject({ revision });
    expect((await commit(store, { guards: [{ key, revision: 'absent' }] })).kind).toBe('conflict');
  });
}

function values({ opened }: ContractContext): void {
  it('takes the deletion of an absent key for done', async () => {
    const { store } = opened();
    const at = freshPrefix();
    expect((await commit(store, { remove: [`${at}nothing`] })).kind).toBe('committed');
    await change(store, { put: { [`${at}a`]: '1' }, remove: [`${at}nothing`] });
    expect((await listed(store, at)).map(({ key }) => key)).toEqual([`${at}a`]);
  });

  it('keeps an empty value apart from no value', async () => {
    const { store, second } = opened();
    const key = `${freshPrefix()}a`;
    const revision = await change(store, { put: { [key]: '' } });
    expect(shown([(await entryOf(second, key))!])).toEqual([`${key}@${revision}=`]);
    expect((await commit(second, { guards: [{ key, revision: 'absent' }], put: { [key]: 'x' } })).kind).toBe('conflict');
    await change(store, { guards: [{ key, revision }], put: { [key]: 'x' } });
    await change(store, { put: { [key]: '' } });
    expect(await valueOf(second, key)).toBe('');
  });

  it('gives values back byte for byte, one megabyte of them too', async () => {
    const { store, second } = opened();
    const key = `${freshPrefix()}a`;
    const value = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
    const outcome = await store.commit({ guards: [], writes: [{ key, value }], deletes: [] });
    expect(outcome.kind).toBe('committed');

    expect(Buffer.compare((await entryOf(second, key))!.value, value)).toBe(0);
    const conflict = await commit(second, { guards: [{ key, revision: 'absent' }] });
    if (conflict.kind !== 'conflict') throw new Error(`expected a conflict, got ${conflict.kind}`);
    expect(Buffer.compare(conflict.current.get(key)!.value, value)).toBe(0);
  });

  it('shares no bytes with its callers', async () => {
    const { store } = opened();
    const key = `${freshPrefix()}a`;
    const value = bytes('mine');
    const done = await store.commit({ guards: [], writes: [{ key, value }], deletes: [] });
    expect(done.kind).toBe('committed');
    value.fill(0x78);
    const entry = (await entryOf(store, key))!;
    expect(text(entry.value)).toBe('mine');
    entry.value.fill(0x78);
    expect(await valueOf(store, key)).toBe('mine');
  });

  it('writes nothing when the caller has given up before', async () => {
    const { store } = opened();
    const key = `${freshPrefix()}a`;
    const refused = store.commit(requestOf({ put: { [key]: '1' } }), { signal: AbortSignal.abort() });
    await expect(refused).rejects.toMatchObject({ name: 'StoreError', code: 'aborted' });
    expect(await entryOf(store, key)).toBeUndefined();
  });
}

function limits({ opened }: ContractContext): void {
  it('takes as many operations and as long keys as it promises', async () => {
    const { store } = opened();
    const at = freshPrefix();
    const keys = Array.from({ length: COMMIT_OPERATIONS_MAX }, (_, index) => `${at}${index}`);
    const outcome = await commit(store, {
      guards: keys.map((key) => ({ key, revision: 'absent' })),
      put: Object.fromEntries(keys.map((key) => [key, 'x'])),
    });
    expect(outcome.kind).toBe('committed');
    expect(await listed(store, at)).toHaveLength(COMMIT_OPERATIONS_MAX);
    const conflict = await commit(store, { guards: keys.map((key) => ({ key, revision: 'absent' })), remove: keys });
    expect(conflict.kind === 'conflict' && conflict.current.size).toBe(COMMIT_OPERATIONS_MAX);

    const longest = at + 'é'.repeat((KEY_BYTES_MAX - at.length) / 2);
    const big = 'x'.repeat(COMMIT_BYTES_MAX - 5 * KEY_BYTES_MAX);
    await change(store, { guards: [{ key: longest, revision: 'absent' }], put: { [longest]: big } });
    expect((await listed(store, `${at}é`)).map(({ key }) => key)).toEqual([longest]);
  });

  const tooMany = Array.from({ length: COMMIT_OPERATIONS_MAX + 1 }, (_, index) => index);
  const cases: Record<string, (at: string) => Parameters<typeof requestOf>[0]> = {
    'too many guards': (at) => ({
      guards: tooMany.map((index) => ({ key: `${at}g${index}`, revision: 'absent' })),
      put: { [`${at}a`]: '1' },
    }),
    'too many writes and deletes': (at) => ({
      put: Object.fromEntries(tooMany.slice(64).map((index) => [`${at}${index}`, '1'])),
      remove: tooMany.slice(0, 64).map((index) => `${at}${index}`),
    }),
    'too many bytes': (at) => ({ put: { [`${at}a`]: 'x'.repeat(COMMIT_BYTES_MAX / 2), [`${at}b`]: 'x'.repeat(COMMIT_BYTES_MAX / 2) } }),
    'too long a key': (at) => ({ put: { [`${at}a`]: '1', [at + 'x'.repeat(KEY_BYTES_MAX - at.length + 1)]: '1' } }),
    'too long a key in a guard': (at) => ({
      guards: [{ key: at + 'x'.repeat(KEY_BYTES_MAX), revision: 'absent' }],
      put: { [`${at}a`]: '1' },
    }),
  };
  it.each(Object.entries(cases))('refuses a commit with %s, and writes nothing', async (_, changes) => {
    const { store } = opened();
    const at = freshPrefix();
    await expect(commit(store, changes(at))).rejects.toMatchObject({ name: 'StoreError', code: 'too-large' });
    expect(await listed(store, at)).toEqual([]);
  });

  it('takes one key twice in a commit for a bug', async () => {
    const { store } = opened();
    const key = `${freshPrefix()}a`;
    const write = { key, value: bytes('1') };
    const twice = [
      { guards: [], writes: [write, write], deletes: [] },
      { guards: [], writes: [write], deletes: [key] },
      { guards: [], writes: [], deletes: [key, key] },
    ];
    for (const request of twice) await expect(store.commit(request)).rejects.toThrow(/bug/);
    expect(await exists(store, key)).toBe(false);
  });
}

async function exists(store: Store, key: string): Promise<boolean> {
  return (await store.read({ probes: [key] })).entries.has(key);
}
