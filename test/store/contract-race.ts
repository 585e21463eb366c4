import { expect, it } from 'vitest';
import type { Revision, Store } from '../../src/store/port.ts';
import { change, commit, entryOf, freshPrefix, text, valueOf } from '../support/store.ts';
import type { ContractContext } from './contract.ts';

const INCREMENTS = 40;
/** Far more than a fair race needs. */
const ATTEMPTS_MAX = 10_000;

export function raceContract({ opened }: ContractContext): void {
  it('loses and doubles no increment of four tasks in two clients', async () => {
    const { store, second } = opened();
    const at = freshPrefix();
    const done = await Promise.all([store, second, store, second].map((client, task) => countUp(client, at, `${at}task/${task}`)));

    const revisions = done.flat();
    expect(new Set(revisions).size).toBe(4 * INCREMENTS);
    expect(await valueOf(store, `${at}shared`)).toBe(String(4 * INCREMENTS));
    for (const task of [0, 1, 2, 3]) expect(await valueOf(second, `${at}task/${task}`)).toBe(String(INCREMENTS));
  });

  it('lets exactly one of many create a key', async () => {
    const { store, second } = opened();
    const key = `${freshPrefix()}a`;
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, task) =>
        commit(task % 2 === 0 ? store : second, { guards: [{ key, revision: 'absent' }], put: { [key]: String(task) } }),
      ),
    );
    const winners = outcomes.flatMap((outcome, task) => (outcome.kind === 'committed' ? [String(task)] : []));
    expect(winners).toEqual([await valueOf(store, key)]);
    const losers = outcomes.flatMap((outcome) => (outcome.kind === 'conflict' ? [text(outcome.current.get(key)!.value)] : []));
    expect(losers).toEqual(Array.from({ length: 19 }, () => winners[0]));
  });

  it('takes commits made at once without guards, all of them', async () => {
    const { store } = opened();
    const at = freshPrefix();
    const revisions = await Promise.all(
      Array.from({ length: 200 }, (_, index) => change(store, { put: { [`${at}${index}`]: 'x', [`${at}last`]: String(index) } })),
    );
    expect(new Set(revisions).size).toBe(200);
    const newest = revisions.reduce((a, b) => (a > b ? a : b));
    expect(await entryOf(store, `${at}last`)).toMatchObject({ revision: newest });
    expect(await valueOf(store, `${at}last`)).toBe(String(revisions.indexOf(newest)));
  });
}

/** Adds one to the shared counter and to the task's own, in one commit, many times; goes on from what a conflict answers. */
async function countUp(client: Store, at: string, own: string): Promise<Revision[]> {
  const shared = `${at}shared`;
  const revisions: Revision[] = [];
  let seen = await entryOf(client, shared);
  for (let attempt = 0; revisions.length < INCREMENTS; attempt++) {
    if (attempt === ATTEMPTS_MAX) throw new Error('the race does not end');
    const outcome = await commit(client, {
      guards: [{ key: shared, revision: seen?.revision ?? 'absent' }],
      put: { [shared]: String(Number(seen ? text(seen.value) : 0) + 1), [own]: String(revisions.length + 1) },
    });
    if (outcome.kind === 'unknown') throw outcome.cause;
    if (outcome.kind === 'committed') revisions.push(outcome.revision);
    seen = outcome.kind === 'conflict' ? outcome.current.get(shared) : await entryOf(client, shared);
  }
  return revisions;
}
