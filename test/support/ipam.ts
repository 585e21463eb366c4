/**
 * The library over a memory store with a clock of the test's own: what a test needs to arrange a cluster, to look at the
 * stored keys, and to leave there what other writers leave.
 */
import { expect, onTestFinished } from 'vitest';
import { addressCount } from '../../src/core/addr.ts';
import type { WalkStart } from '../../src/core/plan/plan.ts';
import type { AffinityState, Block } from '../../src/core/records.ts';
import type { AutoAssignOptions, AutoAssignResult, FamilyResult, Ipam, IpamConfigInput, PoolSpec } from '../../src/ipam/api.ts';
import { IpamError } from '../../src/ipam/errors.ts';
import { openIpam } from '../../src/ipam/open.ts';
import { keyOf } from '../../src/store/keys.ts';
import { type Fault, type MemoryStore, openMemoryStore, type StoreCall } from '../../src/store/memory.ts';
import { ReplayClock } from '../replay/clock.ts';
import { cidr } from './records.ts';
import { affinityFaults, blockFaults, handleFaults, recordsIn } from './soundness.ts';

/** 2026-08-22T00:00:00Z: the second in which every test starts. */
const START_SECONDS = 1_787_356_800n;

export interface WorldOptions {
  /** CIDRs, or specs; without a name they are called pool1, pool2 and so on. */
  readonly pools?: readonly (string | (PoolSpec & { readonly name?: string }))[];
  /** Names, or names with labels. Default: host-a and host-b. */
  readonly nodes?: readonly (string | { readonly name: string; readonly labels: Readonly<Record<string, string>> })[];
  readonly config?: IpamConfigInput;
  /** Default: every walk starts at the first block of the pool. `hashed`: as in production. */
  readonly walkStart?: WalkStart | 'hashed';
}

/** One process: the library, the calls it made to the store, and what becomes of them. */
export class Process {
  readonly ipam: Ipam;
  readonly calls: StoreCall[] = [];
  /** Replace it to break the store for this process. */
  fault: (call: StoreCall) => Fault | Promise<Fault> = () => 'none';

  constructor(data: MemoryStore, clock: ReplayClock, walkStart: WalkStart | undefined) {
    const store = data.client({
      fault: (call) => {
        this.calls.push(call);
        return this.fault(call);
      },
    });
    this.ipam = openIpam({ store, clock, ...(walkStart && { walkStart }) });
  }

  /** Runs `operation` and gives the calls to the store that it made, with its result. */
  async counted<T>(operation: () => Promise<T>): Promise<{ result: T; calls: StoreCall[] }> {
    const before = this.calls.length;
    const result = await operation();
    return { result, calls: this.calls.slice(before) };
  }
}

export class World {
  readonly store: MemoryStore = openMemoryStore();
  readonly clock = new ReplayClock(START_SECONDS);
  readonly main: Process;
  readonly #walkStart: WalkStart | undefined;
  /** Another writer left something: its faults are not ours. */
  #isTampered = false;

  constructor(walkStart: WorldOptions['walkStart']) {
    this.#walkStart = walkStart === 'hashed' ? undefined : (walkStart ?? (() => 0n));
    this.main = this.process();
  }

  get ipam(): Ipam {
    return this.main.ipam;
  }

  /** Another process on the same store. */
  process(): Process {
    return new Process(this.store, this.clock, this.#walkStart);
  }

  /** Writes a key as another writer would. */
  async put(key: string, value: string): Promise<void> {
    await this.putAll([[key, value]]);
  }

  /** Many keys, a hundred per commit. */
  async putAll(entries: readonly (readonly [key: string, value: string])[]): Promise<void> {
    this.#isTampered = true;
    for (let at = 0; at < entries.length; at += 100) {
      const writes = entries.slice(at, at + 100).map(([key, value]) => ({ key, value: new TextEncoder().encode(value) }));
      await this.store.commit({ guards: [], writes, deletes: [] });
    }
  }

  async remove(key: string): Promise<void> {
    this.#isTampered = true;
    await this.store.commit({ guards: [], writes: [], deletes: [key] });
  }

  async text(key: string): Promise<string | undefined> {
    const entry = (await this.store.read({ keys: [key] })).entries.get(key);
    return entry && new TextDecoder().decode(entry.value);
  }

  /** Every key and value, to see what changed. */
  async dump(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const { entries } of this.store.list('/')) {
      for (const { key, value } of entries) found[key] = new TextDecoder().decode(value);
    }
    return found;
  }

  async block(cidrText: string): Promise<Block> {
    const block = (await recordsIn(this.store)).blocks.find((each) => each.cidr.text === cidrText);
    if (!block) throw new Error(`there is no block ${cidrText}`);
    return block;
  }

  /** Affinity of every block, by CIDR. */
  async blocks(): Promise<Record<string, string | null>> {
    const { blocks } = await recordsIn(this.store);
    return Object.fromEntries(blocks.map((block) => [block.cidr.text, block.affinity]));
  }

  /** State of every affinity, by `host-a 10.0.0.0/26`, for a virtual owner `virtual:lb 10.0.0.0/26`. */
  async affinities(): Promise<Record<string, AffinityState>> {
    const { affinities } = await recordsIn(this.store);
    return Object.fromEntries(
      affinities.map(({ ref, state }) => [`${ref.owner.type === 'host' ? '' : 'virtual:'}${ref.owner.name} ${ref.cidr.text}`, state]),
    );
  }

  /** Counts per block of every handle. */
  async handles(): Promise<Record<string, Record<string, number>>> {
    const { handles } = await recordsIn(this.store);
    return Object.fromEntries([...handles].map(([id, blocks]) => [id, Object.fromEntries(blocks)]));
  }

  /** Held addresses, each with its handle (null without), in key order of blocks. */
  async held(): Promise<Record<string, string | null>> {
    const held: Record<string, string | null> = {};
    for await (const block of this.ipam.listBlocks()) {
      if ('corruptKey' in block) continue;
      for (const { ip, attribute } of block.held) {
        if (attribute?.releasedAt === undefined) held[ip] = attribute?.handleId ?? null;
      }
    }
    return held;
  }

  /** AutoAssign of IPv4 addresses, as plain text. */
  async v4(host: string, num4: number, options: Partial<AutoAssignOptions> = {}): Promise<string[]> {
    return ipsOf(await this.ipam.autoAssign({ host, num4, ...options }));
  }

  /** The faults of I1, I2, I3 and I5, at a revision or now; after another writer's doing those of I1 and I2 alone. */
  async faults(revision?: bigint): Promise<string[]> {
    const records = await recordsIn(this.store, revision);
    return [...blockFaults(records), ...(this.#isTampered ? [] : [...handleFaults(records), ...affinityFaults(records)])];
  }
}

/** A cluster. When the test ends, its store must be sound. */
export async function openWorld({ pools = [], nodes = ['host-a', 'host-b'], config, walkStart }: WorldOptions = {}): Promise<World> {
  const world = new World(walkStart);
  for (const [index, given] of pools.entries()) {
    const { name = `pool${index + 1}`, ...spec } = typeof given === 'string' ? { cidr: given } : given;
    await world.ipam.pools.create({ name, spec });
  }
  for (const node of nodes) await world.ipam.nodes.create({ ...(typeof node === 'string' ? { name: node } : node), spec: {} });
  if (config) await world.ipam.setConfig(config);
  onTestFinished(async () => expect(await world.faults()).toEqual([]));
  return world;
}

/** The addresses of a result, IPv4 first. */
export function ipsOf({ v4, v6 }: AutoAssignResult): string[] {
  return [...(v4?.addresses ?? []), ...(v6?.addresses ?? [])].map(({ ip }) => ip);
}

/** `10.0.0.1/26` for each address of a family. */
export function masked(family: FamilyResult | undefined): string[] {
  return (family?.addresses ?? []).map(({ ip, prefixLength }) => `${ip}/${prefixLength}`);
}

/** The error of a call that must be refused. */
export async function refusalOf(call: Promise<unknown>): Promise<IpamError> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in outcome) throw new Error('the call was not refused');
  if (outcome.error instanceof IpamError) return outcome.error;
  throw outcome.error;
}

export async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await refusalOf(call)).code;
}

export const keys = {
  block: (cidrText: string) => keyOf({ kind: 'block', cidr: cidr(cidrText) }),
  affinity: (host: string, cidrText: string) => keyOf({ kind: 'affinity', owner: { type: 'host', name: host }, cidr: cidr(cidrText) }),
  handle: (id: string) => keyOf({ kind: 'handle', id }),
  pool: (name: string) => keyOf({ kind: 'pool', name }),
  node: (name: string) => keyOf({ kind: 'node', name }),
  config: keyOf({ kind: 'config' }),
} as const;

/** Affinity values that only other writers leave. */
export const PENDING = '{"state":"pending","deleted":false}';
export const PENDING_DELETION = '{"state":"pendingDeletion","deleted":false}';

/** A block as another writer left it; `held` has the handle per ordinal, null for an address without one. */
export function storedBlock(cidrText: string, affinity: string | null, held: Readonly<Record<number, string | null>> = {}): string {
  const network = cidr(cidrText);
  const holders = [...new Set(Object.values(held))];
  const ordinals = Array.from({ length: Number(addressCount(network)) }, (_, ordinal) => ordinal);
  return JSON.stringify({
    cidr: network.text,
    affinity,
    allocations: ordinals.map((ordinal) => (ordinal in held ? holders.indexOf(held[ordinal] as string | null) : null)),
    unallocated: ordinals.filter((ordinal) => !(ordinal in held)),
    attributes: holders.length === 0 ? null : holders.map((handle) => (handle === null ? {} : { handle_id: handle })),
    sequenceNumber: 1_000,
    sequenceNumberForAllocation: Object.fromEntries(Object.keys(held).map((ordinal) => [ordinal, 900 + Number(ordinal)])),
    deleted: false,
  });
}
