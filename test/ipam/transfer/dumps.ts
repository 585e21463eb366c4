/** Short ways to make dumps, to take them apart and to put them into stores. */
import { expect } from 'vitest';
import type { Ipam, LoadOptions } from '../../../src/ipam/api.ts';
import { encodeDump } from '../../../src/ipam/transfer/format.ts';
import type { World } from '../../support/ipam.ts';
import { collect } from '../../support/store.ts';

export async function dumpOf(ipam: Ipam): Promise<string> {
  return (await collect(ipam.dump())).join('');
}

/** A whole dump of these entries, with a right checksum. */
export async function dumpWith(entries: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  async function* each() {
    for (const [key, value] of Object.entries(entries)) {
      yield { key, value: typeof value === 'string' ? new TextEncoder().encode(value) : value };
    }
  }
  const header = { revision: '7', time: '2026-08-22T00:00:00Z', source: 'memory' };
  return (await collect(encodeDump(header, each()))).join('');
}

/** Opens `dump` as a file is read: in chunks that end anywhere. */
export function opened(dump: string | Uint8Array, chunkBytes = 1_000): LoadOptions['open'] {
  const bytes = typeof dump === 'string' ? new TextEncoder().encode(dump) : dump;
  return async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  };
}

/** Three pools' worth of everything: blocks of both families, handles, a reservation, a configuration, values that are no text. */
export async function furnish(world: World): Promise<void> {
  await world.v4('host-a', 3, { handle: 'one', attrs: { pod: 'ünï-\u{1F600}' } });
  await world.v4('host-b', 2);
  await world.ipam.autoAssign({ host: 'host-b', handle: 'six', num6: 2 });
  await world.ipam.reservations.create({ name: 'r', spec: { reservedCIDRs: ['10.0.0.40/32'] } });
  await world.ipam.setConfig({ ipCooldownSeconds: 30 });
  await world.ipam.releaseByHandle({ handle: 'nothing', final: true });
}

export const FURNISHED = { pools: ['10.0.0.0/24', 'fd00::/120'] };

/** Every key and value but marks. */
export async function contents(world: World): Promise<Record<string, string>> {
  const all = Object.entries(await world.dump());
  return Object.fromEntries(all.filter(([key]) => !key.startsWith('/plat/v1/marks/')));
}

/** The world holds nothing but marks. */
export async function expectEmpty(world: World): Promise<void> {
  expect(await contents(world)).toEqual({});
}
