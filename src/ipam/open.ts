/** The library's front: one object with every operation of the public API. */
import { addressCount } from '../core/addr.ts';
import { suspectsAfter } from '../core/collect/suspects.ts';
import { done } from '../core/outcome.ts';
import type { WalkStart } from '../core/plan/plan.ts';
import { setConfig } from '../core/plan/resources.ts';
import { configOf } from '../core/plan/settings.ts';
import { walkStartIndex } from '../core/walk.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { type Logger, silentLogger } from '../platform/log.ts';
import { type Store, StoreError } from '../store/port.ts';
import { DecodedRecords } from '../store/records.ts';
import {
  claimAffinity,
  releaseAffinity,
  releaseBlockAffinity,
  releaseHostAffinities,
  releasePoolAffinities,
  removeHost,
} from './affinities.ts';
import type { Ipam, Resources } from './api.ts';
import { assignIp, autoAssign, checkAutoAssign, ensureBlock } from './assign.ts';
import { configResource } from './config-resource.ts';
import { type Context, runAlone } from './context.ts';
import { Fence } from './fence.ts';
import { Hints } from './hints.ts';
import { Lanes } from './lanes.ts';
import { assignFromNetwork, checkAssignFromNetwork } from './network.ts';
import { getAssignmentAttributes, ipsByHandle, releaseByHandle, releaseIps, setOwnerAttributes } from './release.ts';
import { getUtilization, listBlocks } from './reports.ts';
import { nodeResources, poolResources, reservationResources } from './resources.ts';
import { errorOfStore } from './translate.ts';
import { COLLECTED_KINDS } from './upkeep/kinds.ts';

export interface OpenOptions {
  readonly store: Store;
  /** Time and randomness; the system's when absent. */
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Default: a hash of host and pool; random for single-address blocks (RG-02). */
  readonly walkStart?: WalkStart;
}

/** Opens the library over a store, which it closes with itself. Nothing is read or written before the first operation. */
export function openIpam(options: OpenOptions): Ipam {
  const context = contextOf(options);
  const config = configResource(context);
  const op =
    <O, T>(run: (context: Context, options: O) => Promise<T>) =>
    (o: O) =>
      publicly(() => run(context, o));
  // What a process that assigns or releases once does not need is loaded with its first use.
  const later =
    <O, T>(find: () => Promise<(context: Context, options: O) => Promise<T>>) =>
    (o: O) =>
      publicly(async () => (await find())(context, o));
  const laterEach =
    <O, T>(find: () => Promise<(context: Context, options: O) => AsyncIterable<T>>) =>
    (o: O) =>
      publiclyEach(eachOf(async () => (await find())(context, o)));
  return {
    autoAssign: op(autoAssign),
    checkAutoAssign: op(checkAutoAssign),
    assignIp: op(assignIp),
    assignFromNetwork: op(assignFromNetwork),
    checkAssignFromNetwork: op(checkAssignFromNetwork),
    releaseIps: op(releaseIps),
    releaseByHandle: op(releaseByHandle),
    ipsByHandle: op(ipsByHandle),
    getAssignmentAttributes: op(getAssignmentAttributes),
    setOwnerAttributes: op(setOwnerAttributes),
    claimAffinity: op(claimAffinity),
    releaseAffinity: op(releaseAffinity),
    releaseHostAffinities: op(releaseHostAffinities),
    releasePoolAffinities: op(releasePoolAffinities),
    releaseBlockAffinity: op(releaseBlockAffinity),
    removeHost: op(removeHost),
    ensureBlock: op(ensureBlock),
    explainIp: later(async () => (await import('./explain.ts')).explainIp),
    explainAssign: later(async () => (await import('./explain.ts')).explainAssign),
    getUtilization: (o) => publicly(() => getUtilization(context, o)),
    listBlocks: (o) => publiclyEach(listBlocks(context, o)),
    watchUtilization: laterEach(async () => (await import('./watch.ts')).watchUtilization),
    splitPool: later(async () => (await import('./split.ts')).splitPoolOf),
    dump: laterEach(async () => (await import('./transfer/dump.ts')).dump),
    load: later(async () => (await import('./transfer/load.ts')).load),
    audit: later(async () => (await import('./upkeep/audit.ts')).audit),
    repair: later(async () => (await import('./upkeep/repair.ts')).repair),
    observe: later(async () => (await import('./upkeep/observe.ts')).observe),
    suspects: (before, observation) => suspectsAfter(before, observation.candidates, observation),
    collect: later(async () => (await import('./upkeep/collect.ts')).collect),
    collectedKinds: COLLECTED_KINDS,
    collectRounds: later(async () => (await import('./upkeep/controller.ts')).collectRounds),
    surveyNode: later(async () => (await import('./upkeep/survey.ts')).surveyNode),
    removeNode: later(async () => (await import('./upkeep/node.ts')).removeNode),
    drainNode: later(async () => (await import('./upkeep/node.ts')).drainNode),
    releaseAssignments: later(async () => (await import('./upkeep/node.ts')).releaseAssignments),
    requireUnlocked: later(async () => (await import('./upkeep/cluster.ts')).requireUnlocked),
    clusterInformation: later(async () => (await import('./upkeep/cluster.ts')).clusterInformation),
    getConfig: (o = {}) =>
      publicly(async () => {
        const { extra: _, ...config } = await runAlone(context, o, (draft) => done(configOf(draft)), ' read config');
        return config;
      }),
    setConfig: ({ signal, timeoutMs, ...change }) =>
      publicly(() => runAlone(context, { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) }, setConfig(change))),
    config: {
      get: (o) => publicly(() => config.get(o)),
      watch: (o) => publiclyEach(config.watch(o)),
      replace: (o) => publicly(() => config.replace(o)),
    },
    pools: publicResources(poolResources(context)),
    reservations: publicResources(reservationResources(context)),
    nodes: publicResources(nodeResources(context)),
    close: () => context.store.close(),
  };
}

function contextOf({ store, clock = systemClock, log = silentLogger, walkStart }: OpenOptions): Context {
  const loop = {
    store,
    decoded: new DecodedRecords(),
    clock,
    log,
    walkStart: (salt: number) => walkStart ?? hashedStart(salt),
    fence: new Fence(clock),
  };
  return { ...loop, lanes: new Lanes(loop), hints: new Hints() };
}

/**
 * RG-02: single-address blocks start anywhere, so that concurrent callers of one host do not all aim at the same one; the
 * claims of one request then follow each other.
 */
function hashedStart(salt: number): WalkStart {
  return (host, pool, blocks, start) => {
    const isSingleAddress = blocks === addressCount(pool);
    if (isSingleAddress) return walkStartIndex(`${host} ${salt}`, pool, blocks);
    return walkStartIndex(start === 0 ? host : `${host} ${start}`, pool, blocks);
  };
}

/** What a store refused becomes the library's own error; everything else passes. */
async function publicly<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof StoreError ? errorOfStore(error) : error;
  }
}

async function* eachOf<T>(find: () => Promise<AsyncIterable<T>>): AsyncGenerator<T> {
  yield* await find();
}

async function* publiclyEach<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    throw error instanceof StoreError ? errorOfStore(error) : error;
  }
}

function publicResources<Spec, Shown>(resources: Resources<Spec, Shown>): Resources<Spec, Shown> {
  return {
    create: (o) => publicly(() => resources.create(o)),
    get: (o) => publicly(() => resources.get(o)),
    list: (o) => publicly(() => resources.list(o)),
    watch: (o) => publiclyEach(resources.watch(o)),
    replace: (o) => publicly(() => resources.replace(o)),
    delete: (o) => publicly(() => resources.delete(o)),
  };
}
