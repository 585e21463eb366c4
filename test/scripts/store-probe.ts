/** What test/scripts/build-cni.test.ts compiles: counts up under a key of the store it is told, and says what it did. */
import { openStore } from '../../src/store/open.ts';

const KEY = '/probe';

async function main(): Promise<void> {
  const store = await openStore(process.argv[2] ?? '', { transport: 'gateway', env: process.env });
  try {
    const found = (await store.read({ keys: [KEY] })).entries.get(KEY);
    const count = found === undefined ? 1 : Number(Buffer.from(found.value).toString()) + 1;
    const { kind } = await store.commit({
      guards: [{ key: KEY, revision: found?.revision ?? 'absent' }],
      writes: [{ key: KEY, value: Buffer.from(String(count)) }],
      deletes: [],
    });
    process.stdout.write(`${kind} ${count}`);
  } finally {
    await store.close();
  }
}

main().catch((error: unknown) => {
  process.stdout.write(String(error));
  process.exitCode = 1;
});
