/** Everything that a store went through, revision by revision, under the checks of the simulation. */
import { ADDRESS_BITS, addressCount, type Cidr, cidrOf, ipOfOrdinal } from '../../../src/core/addr.ts';
import type { Store } from '../../../src/store/port.ts';
import { checkAffinities } from '../../sim/check/affinities.ts';
import { BlockChecks } from '../../sim/check/blocks.ts';
import { HandleChecks } from '../../sim/check/handles.ts';
import { type Author, type BlockChange, type Change, type KeyEvent, Mirror } from '../../sim/check/mirror.ts';
import { must } from '../../sim/check/violation.ts';
import { Process } from '../../sim/process.ts';
import { VirtualTime, WallClock } from '../../sim/time.ts';
import { change, freshPrefix } from '../../support/store.ts';

/** Whoever wrote it was the plugin; when, matters to cooldowns alone, and there must be none. */
const AUTHOR: Author = { process: new Process({ name: 'plugin', node: 'node', writer: 'plat' }), operations: [], sentMs: 0 };

/**
 * Throws a Violation at the first revision in which one of I1 to I6 does not hold. `hasLink`: pods share a link, so the first two
 * addresses and the last one of a block may be passed over.
 */
export async function checkHistory(store: Store, { hasLink = false } = {}): Promise<void> {
  const mirror = new Mirror();
  const wall = new WallClock(new VirtualTime(), 0);
  const blocks = new BlockChecks({ mirror, wallOf: () => wall, nowMs: () => 0 });
  const handles = new HandleChecks(mirror);
  const numbers = new Map<string, Set<bigint>>();
  for await (const events of revisionsOf(store)) {
    const change = mirror.apply(events, AUTHOR);
    if (hasLink) mirror.reserved.push(...change.blocks.flatMap(endsOf));
    blocks.check(change);
    handles.check(change);
    checkAffinities(change, mirror, true);
    checkHolders(change, numbers);
  }
}

/** Network, gateway and broadcast address of a block that was just made. */
function endsOf({ before, after }: BlockChange): Cidr[] {
  if (before || !after) return [];
  const { cidr } = after;
  const bits = ADDRESS_BITS[cidr.version];
  return [0n, 1n, addressCount(cidr) - 1n].map((ordinal) => cidrOf(ipOfOrdinal(cidr, ordinal), bits));
}

/** I6: each assignment of an address has a number of its own, also where one commit releases it and gives it to another. */
function checkHolders({ blocks }: Change, numbers: Map<string, Set<bigint>>): void {
  for (const { gained } of blocks) {
    for (const { ip, sequenceNumber } of gained) {
      const seen = numbers.get(ip) ?? new Set();
      numbers.set(ip, seen);
      must(!seen.has(sequenceNumber), 'I6', () => `${ip} was assigned twice with number ${sequenceNumber}`);
      seen.add(sequenceNumber);
    }
  }
}

/** The events of each revision up to now, oldest first. Writes a key of its own, to know where they end. */
async function* revisionsOf(store: Store): AsyncGenerator<readonly KeyEvent[]> {
  const end = await change(store, { put: { [freshPrefix()]: 'end of the history that is checked' } });
  let events: KeyEvent[] = [];
  for await (const event of store.watch('/', 1n)) {
    if (event.kind === 'compacted') throw new Error('the history of this store does not go back to its beginning');
    if (events[0] !== undefined && events[0].revision !== event.revision) {
      yield events;
      events = [];
    }
    if (event.revision === end) return;
    events.push(event);
  }
}
