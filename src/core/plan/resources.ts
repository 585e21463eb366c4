/** Writing pools, reservations, nodes and the configuration: validated against the store, guarded, nothing lost (PV, CF). */
import { type Cidr, parseCidrMasked } from '../addr.ts';
import { configViolations, DEFAULT_CONFIG } from '../config.ts';
import type { Draft } from '../draft.ts';
import type { JsonObject } from '../json.ts';
import { done, type Outcome, type Refusal, refused } from '../outcome.ts';
import { poolChangeViolations, poolViolations } from '../pool-rules.ts';
import { type PoolSpecInput, poolSpecMembers, readPoolSpec, withDefaults } from '../pool-spec.ts';
import type { IpamConfig, Node, Pool, Ref, RefOf, Reservation } from '../records.ts';
import { memberObject, type NewResource, newResource, textMap, uidOf, withMember } from '../resource.ts';
import { nameViolations, reservationViolations } from '../resource-rules.ts';
import { timeText } from '../time.ts';
import { blockCidrs } from '../view.ts';
import type { Violation } from '../violation.ts';
import type { PlanEnv, Planner } from './plan.ts';
import { CONFIG, markRef, POOLS, poolRef } from './refs.ts';
import { poolsOf, unreadableOf } from './settings.ts';

type Texts = Readonly<Record<string, string>>;

/** What a create or replace brings besides its spec. */
export interface Metadata {
  readonly name: string;
  readonly labels: Texts | undefined;
  readonly annotations: Texts | undefined;
}

export interface Created {
  readonly name: string;
  readonly object: JsonObject;
}

/** Two pools created at the same time could overlap unseen: both change this mark, so one of them looks again. */
const POOL_CREATION = markRef('operation', 'pool-creation');

/** PV-02, PV-03, PV-05, PV-08, PV-11. */
export function createPool(metadata: Metadata & { uid: string }, spec: PoolSpecInput): Planner<Created> {
  return (draft, env) => {
    const ref = poolRef(metadata.name);
    const cidr = parseCidrMasked(spec.cidr);
    draft.require({ refs: [ref, POOL_CREATION], collections: [POOLS, ...(cidr ? [{ kind: 'blocksWithin' as const, cidr }] : [])] });
    const existing = draft.find(ref);
    if (existing.kind !== 'absent')
      return alreadyThere(existing.kind === 'present' ? existing.record.object : undefined, 'ippool', metadata);
    const unreadable = unreadableOf(draft, POOLS);
    if (unreadable) return unreadable;
    const blocks = cidr ? blocksOverlapping(draft, cidr) : [];
    const violations = poolViolations({ name: metadata.name, spec }, poolsOf(draft), blocks);
    if (violations.length > 0) return invalid(`ippool ${metadata.name}`, violations);
    const object = newResource({ kind: 'IPPool', ...asNew(metadata, env), spec: poolSpecMembers(withDefaults(spec)) });
    draft.put(ref, poolRecord(metadata.name, object));
    draft.put(POOL_CREATION, { at: timeText(env.nowNs) });
    return done({ name: metadata.name, object });
  };
}

/** Existing blocks in the network; blocks larger than it are seen as pools' business (PV-03). */
function blocksOverlapping(draft: Draft, cidr: Cidr): Cidr[] {
  return blockCidrs(draft.members({ kind: 'blocksWithin', cidr }));
}

function asNew({ name, labels, annotations, uid }: Metadata & { uid: string }, env: PlanEnv): Omit<NewResource, 'kind' | 'spec'> {
  return { name, uid, createdAt: timeText(env.nowNs), ...(labels && { labels }), ...(annotations && { annotations }) };
}

/** A create that happened although its reply was lost finds its own uid (I8). */
function alreadyThere(object: JsonObject | undefined, kind: string, { name, uid }: { name: string; uid: string }): Outcome<Created> {
  if (object && uidOf(object) === uid) return done({ name, object });
  return refused('already-exists', `${kind} ${name} exists already. Choose another name, or delete it first.`, { kind, name });
}

function invalid(what: string, violations: readonly Violation[]): Refusal {
  const list = violations.map(({ field, value, message }) =>
    value === undefined ? `${field}: ${message}` : `${field} = ${JSON.stringify(value)}: ${message}`,
  );
  const code = violations.some(({ rule }) => rule === 'cidr-overlap') ? 'pool-overlap' : 'invalid-resource';
  return refused(code, `${what} was not written: ${list.join('; ').replace(/\.$/, '')}.`, { violations });
}

/** The parts of a pool record that planners of the same commit look at. */
function poolRecord(name: string, object: JsonObject): Pool {
  const { cidr, blockSize, disabled, nodeSelector, namespaceSelector, allowedUses, assignmentMode } = readPoolSpec(object);
  return {
    name,
    object,
    cidr: parseCidrMasked(cidr),
    cidrText: cidr,
    blockSize,
    disabled,
    nodeSelector,
    namespaceSelector,
    allowedUses,
    assignmentMode,
  };
}

export interface Replace<Spec> extends Metadata {
  readonly spec: Spec;
  /** Revision the caller read; undefined: whatever is there now. */
  readonly revision: bigint | undefined;
}

/** PV-02, PV-06, PV-07, PV-09; members and status that the caller does not name stay. */
export function replacePool(replace: Replace<Partial<PoolSpecInput>>): Planner<Created> {
  return (draft) => {
    const ref = poolRef(replace.name);
    const stored = storedFor(draft, ref, replace.revision, 'ippool');
    if (stored.kind === 'refused') return stored;
    const merged = { ...readPoolSpec(stored.value.object), ...replace.spec };
    const violations = poolChangeViolations(stored.value, merged);
    if (violations.length > 0) return invalid(`ippool ${replace.name}`, violations);
    const spec = poolSpecMembers(withDefaults(merged), memberObject(stored.value.object, 'spec') ?? new Map());
    const object = withMember(withMetadata(stored.value.object, replace), 'spec', spec);
    draft.put(ref, poolRecord(replace.name, object));
    return done({ name: replace.name, object });
  };
}

function storedFor<K extends 'pool' | 'reservation' | 'node'>(
  draft: Draft,
  ref: RefOf<K>,
  revision: bigint | undefined,
  kind: string,
): Outcome<K extends 'pool' ? Pool : K extends 'node' ? Node : Reservation> {
  const stored = draft.get(ref);
  const { name } = ref as { name: string };
  if (!stored)
    return refused(
      'not-found',
      `there is no ${kind} ${name}. ${kind === 'ipreservation' ? '' : `List them with: plat get ${kind}s`}`.trim(),
      { kind, name },
    );
  if (revision !== undefined && draft.revisionOf(ref as Ref) !== revision) return changedSince(kind, name, revision);
  return done(stored as never);
}

export function changedSince(kind: string, name: string, revision: bigint): Refusal {
  const message = `${kind} ${name} changed since it was read (resourceVersion ${revision}). Read it again and repeat the change.`;
  return refused('conflict', message, { kind, name });
}

function withMetadata(object: JsonObject, { labels, annotations }: Metadata): JsonObject {
  let metadata: JsonObject = memberObject(object, 'metadata') ?? new Map();
  if (labels) metadata = withMember(metadata, 'labels', textMap(labels));
  if (annotations) metadata = withMember(metadata, 'annotations', textMap(annotations));
  return withMember(object, 'metadata', metadata);
}

export function createReservation(metadata: Metadata & { uid: string }, reservedCIDRs: readonly string[]): Planner<Created> {
  return (draft, env) => {
    const ref: RefOf<'reservation'> = { kind: 'reservation', name: metadata.name };
    const existing = draft.find(ref);
    if (existing.kind !== 'absent')
      return alreadyThere(existing.kind === 'present' ? existing.record.object : undefined, 'ipreservation', metadata);
    const violations = [...nameViolations(metadata.name), ...reservationViolations(reservedCIDRs)];
    if (violations.length > 0) return invalid(`ipreservation ${metadata.name}`, violations);
    const object = newResource({ kind: 'IPReservation', ...asNew(metadata, env), spec: new Map([['reservedCIDRs', reservedCIDRs]]) });
    draft.put(ref, { name: metadata.name, cidrs: [], object });
    return done({ name: metadata.name, object });
  };
}

export function replaceReservation(replace: Replace<{ readonly reservedCIDRs?: readonly string[] }>): Planner<Created> {
  return (draft) => {
    const ref: RefOf<'reservation'> = { kind: 'reservation', name: replace.name };
    const stored = storedFor(draft, ref, replace.revision, 'ipreservation');
    if (stored.kind === 'refused') return stored;
    const { reservedCIDRs } = replace.spec;
    const violations = reservedCIDRs ? reservationViolations(reservedCIDRs) : [];
    if (violations.length > 0) return invalid(`ipreservation ${replace.name}`, violations);
    const named = withMetadata(stored.value.object, replace);
    const spec = memberObject(named, 'spec') ?? new Map();
    const object = reservedCIDRs ? withMember(named, 'spec', withMember(spec, 'reservedCIDRs', reservedCIDRs)) : named;
    draft.put(ref, { ...stored.value, object });
    return done({ name: replace.name, object });
  };
}

export function createNode(metadata: Metadata & { uid: string }, spec: JsonObject): Planner<Created> {
  return (draft, env) => {
    const ref: RefOf<'node'> = { kind: 'node', name: metadata.name };
    const existing = draft.find(ref);
    if (existing.kind !== 'absent') return alreadyThere(existing.kind === 'present' ? existing.record.object : undefined, 'node', metadata);
    const object = newResource({ kind: 'Node', ...asNew(metadata, env), spec });
    draft.put(ref, { name: metadata.name, labels: metadata.labels ?? {}, object });
    return done({ name: metadata.name, object });
  };
}

/** The record written when an assignment registers its node. */
export function newNode(name: string, uid: string, nowNs: bigint): Node {
  return { name, labels: {}, object: newResource({ kind: 'Node', name, uid, createdAt: timeText(nowNs), spec: new Map() }) };
}

export function replaceNode(replace: Replace<JsonObject | undefined>): Planner<Created> {
  return (draft) => {
    const ref: RefOf<'node'> = { kind: 'node', name: replace.name };
    const stored = storedFor(draft, ref, replace.revision, 'node');
    if (stored.kind === 'refused') return stored;
    const named = withMetadata(stored.value.object, replace);
    const object = replace.spec ? withMember(named, 'spec', replace.spec) : named;
    draft.put(ref, { ...stored.value, labels: replace.labels ?? stored.value.labels, object });
    return done({ name: replace.name, object });
  };
}

/** Only `spec.disabled` is set: a pool that breaks today's rules, or has members of a later version, can be got rid of too. */
export function disablePool(name: string, revision: bigint | undefined): Planner<void> {
  return (draft) => {
    const ref = poolRef(name);
    const stored = storedFor(draft, ref, revision, 'ippool');
    if (stored.kind === 'refused') return stored;
    const { object } = stored.value;
    const spec = withMember(memberObject(object, 'spec') ?? new Map(), 'disabled', true);
    draft.put(ref, { ...stored.value, disabled: true, object: withMember(object, 'spec', spec) });
    return done(undefined);
  };
}

/** Deletes one pool, reservation or node record; its name, for a guarded delete its revision. */
export function deleteResource(
  ref: RefOf<'pool'> | RefOf<'reservation'> | RefOf<'node'>,
  kind: string,
  revision: bigint | undefined,
): Planner<void> {
  return (draft) => {
    const stored = storedFor(draft, ref, revision, kind);
    if (stored.kind === 'refused') return stored;
    draft.delete(ref);
    return done(undefined);
  };
}

/**
 * CF-02 to CF-07, CF-10, CF-11: the same value again writes nothing. Members that are absent keep theirs. `revision`: that
 * the caller read; undefined: whatever is there now.
 */
export function setConfig(change: Partial<Omit<IpamConfig, 'extra'>>, revision?: bigint): Planner<void> {
  return (draft) => {
    const stored = draft.get(CONFIG);
    if (revision !== undefined && draft.revisionOf(CONFIG) !== revision) return changedSince('ipamconfig', 'default', revision);
    const next: IpamConfig = { ...(stored ?? DEFAULT_CONFIG), ...change };
    const isSame = stored && Object.keys(change).every((name) => stored[name as keyof IpamConfig] === next[name as keyof IpamConfig]);
    if (isSame) return done(undefined);
    const violations = configViolations(next);
    if (violations.length > 0) return invalid('the configuration', violations);
    draft.put(CONFIG, next);
    return done(undefined);
  };
}
