/**
 * Counts up in the store that its first argument names, under the keys of its second, until it is killed or has counted as
 * often as its third says. Tells each count once it is committed.
 */
import { openStore } from '../../src/store/open.ts';
import { commit, entryOf, text } from './store.ts';

const [, , url = '', own = '', wanted = ''] = process.argv;
const SHARED = '/shared';
const store = await openStore(url);
let shared = await entryOf(store, SHARED);
let mine = await entryOf(store, own);
for (let count = mine ? Number(text(mine.value)) : 0; count < Number(wanted); ) {
  const outcome = await commit(store, {
    guards: [
      { key: SHARED, revision: shared?.revision ?? 'absent' },
      { key: own, revision: mine?.revision ?? 'absent' },
    ],
    put: { [SHARED]: String(Number(shared ? text(shared.value) : 0) + 1), [own]: String(count + 1) },
  });
  if (outcome.kind === 'unknown') throw outcome.cause;
  if (outcome.kind === 'committed') {
    count++;
    process.send?.(count);
    [shared, mine] = [await entryOf(store, SHARED), await entryOf(store, own)];
  } else {
    [shared, mine] = [outcome.current.get(SHARED), outcome.current.get(own)];
  }
}
await store.close();
process.disconnect();
