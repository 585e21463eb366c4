/** The store as a recorded history of real Calico left it. */
import type { Store } from '../../src/store/port.ts';
import { historyFiles, historyText } from '../replay/files.ts';
import { parseHistory } from '../replay/history.ts';
import { bytes } from './store.ts';

/** Paths of all histories. */
export { historyFiles };

/** Writes what is stored after the last step of the history in `file`; gives its name. */
export async function loadFinalStore(store: Store, file: string): Promise<string> {
  const { name, steps } = parseHistory(historyText(file));
  const final = new Map<string, string | null>();
  for (const { changes } of steps) for (const [key, value] of changes) final.set(key, value);
  const entries = [...final].flatMap(([key, value]) => (value === null ? [] : [{ key, value: bytes(value) }]));
  for (let at = 0; at < entries.length; at += 100) {
    await store.commit({ guards: [], writes: entries.slice(at, at + 100), deletes: [] });
  }
  return name;
}
