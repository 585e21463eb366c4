/** Opens the embedded store in the folder that is its argument, as a user without rights, and tells what came of it. */
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { StoreError } from '../../src/store/port.ts';

const NOBODY = 65_534;
if (process.getuid?.() === 0) process.setuid?.(NOBODY);
const outcome = await openLmdbStore(process.argv[2] ?? '').then(
  () => 'opened',
  (error: unknown) => (error instanceof StoreError ? `${error.code} ${error.message}` : String(error)),
);
process.send?.(outcome, () => process.disconnect());
