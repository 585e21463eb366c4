/** A store of one test: an etcd or an embedded one, as the plugin is told of it and as the test sees it. */
import { onTestFinished } from 'vitest';
import type { Ipam } from '../../../src/ipam/api.ts';
import { openIpam } from '../../../src/ipam/open.ts';
import { openStore } from '../../../src/store/open.ts';
import type { Store } from '../../../src/store/port.ts';
import { holdsOf } from '../../sim/check/hold.ts';
import { startEtcd } from '../../support/etcd.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { recordsIn } from '../../support/soundness.ts';

export type StoreKind = 'lmdb' | 'etcd';

export interface TestStore {
  /** For `store` in a network configuration. */
  readonly url: string;
  readonly store: Store;
  readonly ipam: Ipam;
}

/** A new, empty one; gone when the test ends. */
export async function newStore(kind: StoreKind): Promise<TestStore> {
  const url = kind === 'etcd' ? await newEtcd() : `lmdb:${await temporaryFolder()}`;
  const store = await openStore(url);
  const ipam = openIpam({ store });
  onTestFinished(() => ipam.close());
  return { url, store, ipam };
}

async function newEtcd(): Promise<string> {
  const { endpoints, stop } = await startEtcd();
  onTestFinished(stop);
  return `etcd://${endpoints.join(',')}`;
}

/** Address to handle, of all that is held. */
export async function heldIn({ store }: TestStore): Promise<Map<string, string>> {
  const { blocks } = await recordsIn(store);
  return new Map(blocks.flatMap((block) => [...holdsOf(block).values()].map(({ ip, handle }) => [ip, handle ?? ''] as const)));
}

/** What must be gone when every attachment is: handles and held addresses. Blocks and affinities may stay. */
export async function leftIn({ store }: TestStore): Promise<string[]> {
  const { blocks, handles } = await recordsIn(store);
  const held = blocks.flatMap((block) => [...holdsOf(block).values()].map(({ ip, handle }) => `${ip} held by ${handle}`));
  return [...held, ...[...handles.keys()].map((id) => `handle ${id}`)];
}
