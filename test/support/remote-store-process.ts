/** The process behind remote-store.ts: opens the store that its argument names and does what it is told. */
import { openStore } from '../../src/store/open.ts';
import { type Store, StoreError } from '../../src/store/port.ts';
import { asJson, fromJson } from './remote-json.ts';
import type { RemoteAnswer, RemoteCall } from './remote-store.ts';
import { collect } from './store.ts';

const store = await openStore(process.argv[2] ?? '', { transport: 'gateway' });
process.on('message', async (call) => {
  process.send?.(asJson(await answer(store, fromJson(call) as RemoteCall)));
});
process.send?.('ready');

async function answer(store: Store, call: RemoteCall): Promise<RemoteAnswer> {
  try {
    return { id: call.id, value: await run(store, call) };
  } catch (error) {
    if (error instanceof StoreError) return { id: call.id, code: error.code, message: error.message };
    return { id: call.id, bug: String(error) };
  }
}

function run(store: Store, call: RemoteCall): Promise<unknown> {
  switch (call.verb) {
    case 'read':
      return store.read(...call.args);
    case 'list':
      return collect(store.list(...call.args));
    case 'commit':
      return store.commit(...call.args);
    case 'close':
      return store.close();
  }
}
