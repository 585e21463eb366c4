/** Bugs planted at the seam between the library and its store, to see that the checks find them. No switch for them is in the library. */
import { type Block, NO_EXTRA, type Ref } from '../../src/core/records.ts';
import { decode, encode } from '../../src/store/codec.ts';
import { parseKey } from '../../src/store/keys.ts';
import type { CommitRequest, Entry, Guard, ReadResult, Store } from '../../src/store/port.ts';
import type { Process } from './process.ts';

/** Puts something between a process and its store. */
export type Plant = (store: Store, process: Process) => Store;

/** By name, with what goes wrong. */
export const PLANTS = {
  /** Blocks are written without regard to who changed them since. */
  'drop-guard': (store) => withCommit(store, (request) => without(request, (ref) => ref?.kind === 'block')),
  /** A commit of unknown outcome is sent again, and nobody learns of it. */
  'resend-on-unknown': (store) => ({
    ...bound(store),
    async commit(request, options) {
      for (;;) {
        const outcome = await store.commit(request, options);
        if (outcome.kind !== 'unknown') return outcome;
      }
    },
  }),
  /** Assignments do not reach their handle's record. */
  'forget-handle': (store) =>
    withCommit(store, (request) => ({ ...request, writes: request.writes.filter(({ key }) => parseKey(key)?.kind !== 'handle') })),
  /** Cooling addresses look as if they were released long ago. */
  'skip-cooldown': (store) => ({
    ...bound(store),
    async read(request, options) {
      return withCooled(await store.read(request, options));
    },
    async commit(request, options) {
      const outcome = await store.commit(request, options);
      return outcome.kind === 'conflict'
        ? { ...outcome, current: new Map([...outcome.current].map(([key, entry]) => [key, cooled(entry)])) }
        : outcome;
    },
  }),
  /** The handle counts what was asked for, not what was taken. */
  'count-request': (store, process) =>
    withCommit(store, (request) => ({ ...request, writes: request.writes.map((write) => counted(write, process)) })),
  /** A release mark that is new since the assignment's first read does not stop it. */
  'late-add': (store) => withCommit(store, (request) => without(request, (ref) => ref?.kind === 'mark' && ref.mark === 'released')),
} satisfies Record<string, Plant>;

export type PlantName = keyof typeof PLANTS;

export function isPlantName(name: string): name is PlantName {
  return Object.hasOwn(PLANTS, name);
}

/** The store's own methods, for an object that replaces some. */
function bound(store: Store): Store {
  return {
    name: store.name,
    read: (...call) => store.read(...call),
    list: (...call) => store.list(...call),
    commit: (...call) => store.commit(...call),
    watch: (...call) => store.watch(...call),
    close: () => store.close(),
  };
}

function withCommit(store: Store, changed: (request: CommitRequest) => CommitRequest): Store {
  return { ...bound(store), commit: (request, options) => store.commit(changed(request), options) };
}

function without(request: CommitRequest, isDropped: (ref: Ref | undefined) => boolean): CommitRequest {
  return { ...request, guards: request.guards.filter(({ key }: Guard) => !isDropped(parseKey(key))) };
}

const LONG_AGO = '2000-01-01T00:00:00Z';

function withCooled(result: ReadResult): ReadResult {
  return {
    ...result,
    entries: new Map([...result.entries].map(([key, entry]) => [key, cooled(entry)])),
    ranges: result.ranges.map((range) => ({ ...range, entries: range.entries.map(cooled) })),
  };
}

function cooled(entry: Entry): Entry {
  const ref = parseKey(entry.key);
  if (ref?.kind !== 'block' || entry.value.length === 0) return entry;
  const decoded = decode(ref, entry.value);
  if (decoded.kind === 'corrupt') return entry;
  const block: Block = decoded.record;
  const attributes =
    block.attributes?.map((attribute) => (attribute.releasedAt === undefined ? attribute : { ...attribute, releasedAt: LONG_AGO })) ?? null;
  return { ...entry, value: encode(ref, { ...block, attributes }) };
}

type Write = CommitRequest['writes'][number];

function counted(write: Write, process: Process): Write {
  const ref = parseKey(write.key);
  if (ref?.kind !== 'handle') return write;
  const asking = [...process.running]
    .map(({ request }) => request)
    .find((request) => request.kind === 'assign' && request.handle === ref.id);
  const decoded = decode(ref, write.value);
  if (asking?.kind !== 'assign' || decoded.kind === 'corrupt') return write;
  const blocks = new Map([...decoded.record.blocks.keys()].map((cidr) => [cidr, asking.wanted[cidr.includes(':') ? 6 : 4]]));
  return { key: write.key, value: encode(ref, { blocks, deleted: false, extra: NO_EXTRA }) };
}
