import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory, Pod } from '../../../src/core/collect/inventory.ts';
import { type Allocation, judge } from '../../../src/core/collect/judge.ts';
import { NO_EXTRA } from '../../../src/core/records.ts';

const HOSTS = ['host-a', 'host-b', 'host-c'] as const;
const NAMES = ['web', 'db', 'cache'] as const;

interface World {
  readonly hosts: ReadonlySet<string>;
  /** Living pods by name: where they run, on a host that is there. */
  readonly pods: ReadonlyMap<string, string>;
}

interface Held {
  readonly pod: string | undefined;
  readonly node: string | undefined;
  /** Of a second owner (AT). */
  readonly second: { readonly pod: string; readonly node: string } | undefined;
  readonly isTunnel: boolean;
}

const world: fc.Arbitrary<World> = fc
  .uniqueArray(fc.constantFrom(...HOSTS), { minLength: 1 })
  .chain((hosts) =>
    fc
      .array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...hosts)))
      .map((pods) => ({ hosts: new Set(hosts), pods: new Map(pods) })),
  );

const held: fc.Arbitrary<Held> = fc.record({
  pod: fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
  node: fc.option(fc.constantFrom(...HOSTS), { nil: undefined }),
  second: fc.option(fc.record({ pod: fc.constantFrom(...NAMES), node: fc.constantFrom(...HOSTS) }), { nil: undefined, freq: 4 }),
  isTunnel: fc.boolean(),
});

const IP = '10.0.0.1';
const HANDLE = 'net.container';

function allocationOf({ pod, node, second, isTunnel }: Held): Allocation {
  const secondary = {
    ...(pod !== undefined && { pod, namespace: 'default' }),
    ...(node !== undefined && { node }),
    ...(isTunnel && { type: 'vxlanTunnelAddress' }),
  };
  const alternate = second && { pod: second.pod, namespace: 'default', node: second.node };
  return {
    ip: IP,
    attribute: { handleId: HANDLE, secondary, alternate, releasedAt: undefined, extra: NO_EXTRA },
    owner: undefined,
  };
}

/** Whole lists of one moment: a pod has the address when the allocation names it and its host. */
function listsOf({ hosts, pods }: World, { pod, node, second }: Held): Required<Pick<Inventory, 'nodes' | 'pods' | 'inUse'>> {
  const holds = (name: string) => (name === pod && pods.get(name) === node) || (name === second?.pod && pods.get(name) === second.node);
  const podOf = (name: string, host: string): Pod => ({
    namespace: 'default',
    name,
    node: host,
    ips: holds(name) ? [IP] : ['10.9.0.9'],
    isHostNetwork: false,
    isOver: false,
  });
  const living = [...pods].map(([name, host]) => podOf(name, host));
  return {
    nodes: { names: hosts, isComplete: true },
    pods: new Map(living.map((each) => [`default/${each.name}`, each])),
    inUse: new Set(living.some(({ ips }) => ips.includes(IP)) ? [IP] : ['10.9.0.9']),
  };
}

const lists = fc.subarray(['nodes', 'pods', 'inUse'] as const);

function inventoryOf(now: World, each: Held, given: readonly ('nodes' | 'pods' | 'inUse')[]): Inventory {
  const all = listsOf(now, each);
  return Object.fromEntries(given.map((list) => [list, all[list]]));
}

const isLeaked = (each: Held, inventory: Inventory) => judge(allocationOf(each), inventory, new Map()).kind === 'leaked';

describe('judging an allocation', () => {
  it('GC-02, GC-07: what fewer lists of the same moment call leaked, more of them do too', () => {
    fc.assert(
      fc.property(world, held, lists, lists, (now, each, some, others) => {
        const more = [...some, ...others];
        expect(isLeaked(each, inventoryOf(now, each, some)) && !isLeaked(each, inventoryOf(now, each, more))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('GC-02: no lists of one moment call an address leaked whose pod lives and has it', () => {
    fc.assert(
      fc.property(world, held, lists, (now, each, given) => {
        const isInUse = listsOf(now, each).inUse.has(IP) && !each.isTunnel;
        expect(isInUse && isLeaked(each, inventoryOf(now, each, given))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  const gone: Inventory = { nodes: { names: new Set(['host-b']), isComplete: true } };

  it('GC-07: an address of unknown source on a node that is gone is not called leaked by a list of nodes', () => {
    expect(judge(allocationOf({ pod: undefined, node: 'host-a', second: undefined, isTunnel: false }), gone, new Map())).toEqual({
      kind: 'unknown',
      why: 'does not say to which pod it belongs',
    });
  });

  it('AT: an address of two owners is not leaked while the node of one of them is there', () => {
    const one = { pod: 'web', node: 'host-a', isTunnel: false };
    expect(isLeaked({ ...one, second: { pod: 'web', node: 'host-c' } }, gone)).toBe(true);
    expect(isLeaked({ ...one, second: { pod: 'web', node: 'host-b' } }, gone)).toBe(false);
  });
});
