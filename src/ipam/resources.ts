/** Pools, reservations and nodes as the API shows them, over the records of the store. */
import type { Json, JsonObject } from '../core/json.ts';
import type { Planner } from '../core/plan/plan.ts';
import {
  type Created,
  createNode,
  createPool,
  createReservation,
  deleteResource,
  disablePool,
  type Metadata,
  replaceNode,
  replacePool,
  replaceReservation,
} from '../core/plan/resources.ts';
import { type PoolSpecInput, readPoolSpec } from '../core/pool-spec.ts';
import type { RecordOf, RefOf } from '../core/records.ts';
import { memberObject, memberText, memberTexts } from '../core/resource.ts';
import { decode } from '../store/codec.ts';
import { keyOf, PREFIXES, parseKey } from '../store/keys.ts';
import type { Entry } from '../store/port.ts';
import { releasePoolAffinities } from './affinities.ts';
import type { CallOptions, NodeResource, PoolResource, PoolSpec, ReservationResource, Resource, Resources, WriteOptions } from './api.ts';
import { nameArgument } from './arguments.ts';
import { type Context, runAlone } from './context.ts';
import { IpamError, invalidArgument } from './errors.ts';
import { relist } from './relist.ts';
import { rehearse, revisionArgument, write } from './write.ts';

type ResourceKind = 'pool' | 'reservation' | 'node';

interface KindOf<K extends ResourceKind, Spec, Shown> {
  readonly kind: K;
  /** As a person writes it. */
  readonly word: string;
  readonly prefix: string;
  readonly specOf: (object: JsonObject) => unknown;
  readonly create: (metadata: Metadata & { uid: string }, spec: Spec) => Planner<Created>;
  readonly replace: (replace: Metadata & { spec: Partial<Spec>; revision: bigint | undefined }) => Planner<Created>;
  readonly shown?: Shown;
}

const POOL: KindOf<'pool', PoolSpec, PoolResource> = {
  kind: 'pool',
  word: 'ippool',
  prefix: PREFIXES.pools,
  specOf: readPoolSpec,
  create: (metadata, spec) => createPool(metadata, spec),
  replace: (replace) => replacePool(replace as typeof replace & { spec: Partial<PoolSpecInput> }),
};

const RESERVATION: KindOf<'reservation', { readonly reservedCIDRs: readonly string[] }, ReservationResource> = {
  kind: 'reservation',
  word: 'ipreservation',
  prefix: PREFIXES.reservations,
  specOf: (object) => ({ reservedCIDRs: textsOf(memberObject(object, 'spec')?.get('reservedCIDRs')) }),
  create: (metadata, spec) => createReservation(metadata, spec.reservedCIDRs),
  replace: replaceReservation,
};

const NODE: KindOf<'node', unknown, NodeResource> = {
  kind: 'node',
  word: 'node',
  prefix: PREFIXES.nodes,
  specOf: (object) => toPlain(object.get('spec') ?? null),
  create: (metadata, spec) => createNode(metadata, toJsonObject(spec)),
  replace: (replace) => replaceNode({ ...replace, spec: replace.spec === undefined ? undefined : toJsonObject(replace.spec) }),
};

export function poolResources(context: Context): Resources<PoolSpec, PoolResource> {
  const resources = resourcesOf(context, POOL);
  return { ...resources, delete: (options) => deletePool(context, resources, options) };
}

export function reservationResources(context: Context): Resources<{ readonly reservedCIDRs: readonly string[] }, ReservationResource> {
  return resourcesOf(context, RESERVATION);
}

export function nodeResources(context: Context): Resources<unknown, NodeResource> {
  return resourcesOf(context, NODE);
}

function resourcesOf<K extends ResourceKind, Spec, Shown extends Resource<unknown>>(
  context: Context,
  kind: KindOf<K, Spec, Shown>,
): Resources<Spec, Shown> {
  const refOf = (name: string) => ({ kind: kind.kind, name: nameArgument(`${kind.word} name`, name) }) as unknown as RefOf<K>;
  const get = async ({ name, ...options }: { readonly name: string } & CallOptions): Promise<Shown | undefined> => {
    const key = keyOf(refOf(name));
    const { entries } = await context.store.read({ keys: [key] }, options);
    const entry = entries.get(key);
    return entry ? (shownOfEntry(kind, entry) as Shown) : undefined;
  };
  /** What is stored after `planner` ran; in a dry run what it would store. */
  const written = async (name: string, { dryRun, ...options }: WriteOptions, planner: Planner<Created>): Promise<Shown> => {
    if (dryRun) return shownOf(kind, name, (await rehearse(context, options, planner)).object, '') as Shown;
    await runAlone(context, options, planner);
    const found = await get({ name, ...options });
    if (!found) throw new IpamError('conflict', `${kind.word} ${name} was deleted by somebody else right after it was written.`);
    return found;
  };
  const list: Resources<Spec, Shown>['list'] = async ({ onCorrupt, ...options } = {}) => {
    const found: Shown[] = [];
    for await (const { entries } of context.store.list(kind.prefix, options)) {
      for (const entry of entries) {
        if (parseKey(entry.key)?.kind !== kind.kind) continue;
        const corrupt = onCorrupt && corruptionOf(entry);
        if (corrupt === undefined) found.push(shownOfEntry(kind, entry) as Shown);
        else onCorrupt?.(entry.key, corrupt);
      }
    }
    return found;
  };
  return {
    get,
    list,
    watch({ onCorrupt, ...call } = {}) {
      return relist(context, { prefix: kind.prefix, read: () => list({ ...call, ...(onCorrupt && { onCorrupt }) }), call });
    },
    async create({ name, labels, annotations, spec, ...options }) {
      refOf(name);
      return written(name, options, kind.create({ name, labels, annotations, uid: context.clock.uuid() }, spec));
    },
    async replace({ name, labels, annotations, spec, resourceVersion, ...options }) {
      refOf(name);
      return written(name, options, kind.replace({ name, labels, annotations, spec, revision: revisionArgument(resourceVersion) }));
    },
    async delete({ name, resourceVersion, ...options }) {
      const ref = refOf(name) as RefOf<'pool'>;
      await write(context, options, deleteResource(ref, kind.word, revisionArgument(resourceVersion)));
    },
  };
}

/** Why a stored resource cannot be read; undefined when it can. */
function corruptionOf({ key, value }: Entry): string | undefined {
  const decoded = decode(parseKey(key) as RefOf<ResourceKind>, value);
  return decoded.kind === 'corrupt' ? decoded.reason : undefined;
}

interface Shape {
  readonly specOf: (object: JsonObject) => unknown;
}

function shownOfEntry(kind: Shape, entry: Entry): Resource<unknown> {
  const ref = parseKey(entry.key) as RefOf<ResourceKind>;
  const decoded = decode(ref, entry.value);
  if (decoded.kind === 'corrupt') {
    throw new IpamError('corrupt-value', `${entry.key}: the stored value cannot be read (${decoded.reason}); it was left as it is.`, {
      details: { key: entry.key },
    });
  }
  const { object } = decoded.record as RecordOf[ResourceKind];
  return shownOf(kind, ref.name, object, String(entry.revision));
}

function shownOf(kind: Shape, name: string, object: JsonObject, resourceVersion: string): Resource<unknown> {
  const metadata = memberObject(object, 'metadata');
  return {
    name,
    uid: memberText(metadata, 'uid') ?? '',
    creationTimestamp: memberText(metadata, 'creationTimestamp') ?? null,
    resourceVersion,
    labels: memberTexts(metadata, 'labels'),
    annotations: memberTexts(metadata, 'annotations'),
    spec: kind.specOf(object),
  };
}

/** Writers that read the pool before it was disabled get this long to finish, Calico's among them. */
const POOL_DRAIN_MS = 500;

/** PV-01: disabled first, so that nobody claims new blocks in it; addresses that are held stay held. */
async function deletePool(
  context: Context,
  pools: Resources<PoolSpec, PoolResource>,
  options: { readonly name: string; readonly resourceVersion?: string } & WriteOptions,
): Promise<void> {
  const { name, resourceVersion, dryRun, ...call } = options;
  if (dryRun)
    return rehearse(
      context,
      call,
      deleteResource({ kind: 'pool', name: nameArgument('ippool name', name) }, 'ippool', revisionArgument(resourceVersion)),
    );
  const pool = await pools.get({ name, ...call });
  let revision = revisionArgument(resourceVersion);
  if (pool && !pool.spec.disabled) {
    await runAlone(context, call, disablePool(name, revision));
    revision = revisionArgument((await pools.get({ name, ...call }))?.resourceVersion);
    // An abort is reported by the next step; the pool stays disabled, and deleting it again goes on from there.
    await context.clock.sleep(POOL_DRAIN_MS, call.signal).catch(() => undefined);
  }
  if (pool) await releasePoolAffinities(context, { cidr: pool.spec.cidr, ...call }).catch(unlessUnreadable);
  // Whoever changed it meanwhile, to enable it again perhaps, wants to keep it.
  await runAlone(context, call, deleteResource({ kind: 'pool', name }, 'ippool', revision));
}

/** I10: a block that cannot be read stays as it is, with its affinity; the others have been given up. */
function unlessUnreadable(error: unknown): void {
  if (!(error instanceof IpamError) || error.code !== 'corrupt-value') throw error;
}

function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : [];
}

/** A stored value as plain JavaScript, for showing. */
function toPlain(value: Json): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, member]) => [name, toPlain(member)]));
  if (Array.isArray(value)) return value.map((item: Json) => toPlain(item));
  return value !== null && typeof value === 'object' && 'text' in value ? Number(value.text) : value;
}

function toJson(value: unknown): Json {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw invalidArgument(`spec holds ${value}, which JSON cannot express.`, { argument: 'spec' });
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object')
    return new Map(Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [[name, toJson(member)] as const])));
  throw invalidArgument(`spec holds a ${typeof value}, which JSON cannot express.`, { argument: 'spec' });
}

function toJsonObject(spec: unknown): JsonObject {
  const json = toJson(spec ?? {});
  if (json instanceof Map) return json;
  throw invalidArgument('spec must be an object.', { argument: 'spec' });
}
