/** What test/scripts/build-cni.test.ts compiles: counts up under a key of the store it is told, and says what it did. */
import { writeSync } from 'node:fs';
import { openStore } from '../../src/store/open.ts';

const KEY = '/probe';

async function main(): Promise<string> {
  const store = await openStore(process.argv[2] ?? '', { transport: 'gateway', env: process.env });
  const found = (await store.read({ keys: [KEY] })).entries.get(KEY);
  const count = found === undefined ? 1 : Number(Buffer.from(found.value).toString()) + 1;
  const { kind } = await store.commit({
    guards: [{ key: KEY, revision: found?.revision ?? 'absent' }],
    writes: [{ key: KEY, value: Buffer.from(String(count)) }],
    deletes: [],
  });
  return `${kind} ${count}`;
}

/** Ends as the plugin does, without closing the store (docs/decisions/0009). */
function end(said: string, exitCode: number): void {
  writeSync(1, said);
  process.exit(exitCode);
}

main().then(
  (said) => end(said, 0),
  (error: unknown) => end(String(error), 1),
);
