/** Reading and swapping the owners recorded with an address (AT): the primitives of VM live migration. */
import { containsIp, type Ip, ordinalOf } from '../addr.ts';
import { attributeAt, collect, sanitisedHandle, sequenceNumberAt, stateOf, updated, withOwnAttribute } from '../block.ts';
import type { Draft } from '../draft.ts';
import { done, type Outcome, refused } from '../outcome.ts';
import type { Attribute, Block } from '../records.ts';
import type { PlanEnv, Planner } from './plan.ts';
import { blockRef } from './refs.ts';
import { blockCandidates, settingsOf } from './settings.ts';

type Attributes = Readonly<Record<string, string>>;

export interface OwnerName {
  readonly namespace: string;
  readonly name: string;
}

/** One side of an owner update: a map sets it, null clears it, undefined leaves it alone. */
export interface OwnerUpdate {
  readonly set: Attributes | null | undefined;
  readonly expect: OwnerName | 'empty' | undefined;
}

export interface SetOwners {
  readonly ip: Ip;
  readonly handle: string;
  readonly active: OwnerUpdate;
  readonly alternate: OwnerUpdate;
}

export interface AssignmentAttributes {
  readonly attribute: Attribute;
  readonly sequenceNumber: bigint;
  readonly block: Block;
}

/** AT-01; found in disabled pools and outside all pools too (AT-02). */
export function assignmentAttributes(ip: Ip): Planner<AssignmentAttributes> {
  return (draft, env) => {
    const located = locate(draft, env, ip);
    if (located.kind === 'refused') return located;
    const { block, ordinal } = located.value;
    const attribute = attributeAt(block, ordinal);
    if (stateOf(block, ordinal) === 'cooling') {
      return refused('address-cooling', `${ip.text} is held by nobody: it was released at ${attribute?.releasedAt} and is still cooling.`, {
        ip: ip.text,
        releasedAt: attribute?.releasedAt,
      });
    }
    if (stateOf(block, ordinal) === 'free') return unassigned(ip);
    if (!attribute) {
      return refused('corrupt-value', `${ip.text} is allocated in block ${block.cidr.text}, but its attribute entry is missing.`, {
        ip: ip.text,
        block: block.cidr.text,
      });
    }
    return done({ attribute, sequenceNumber: sequenceNumberAt(block, ordinal), block });
  };
}

function unassigned(ip: Ip) {
  return refused('not-found', `${ip.text} is not assigned.`, { ip: ip.text });
}

/** The block that holds, or would hold, the address. */
function locate(draft: Draft, env: PlanEnv, ip: Ip): Outcome<{ block: Block; ordinal: number }> {
  const { pools, cooldown } = settingsOf(draft, env);
  const candidates = blockCandidates(ip, pools);
  draft.require({ refs: candidates.map(blockRef) });
  const cidr = candidates.find((each) => draft.find(blockRef(each)).kind !== 'absent');
  const stored = cidr && draft.get(blockRef(cidr));
  if (!stored) {
    const why = candidates.length === 1 ? `its block ${candidates[0]?.text} does not exist` : 'it is in no pool and in no block';
    return refused('not-found', `${ip.text} is not assigned: ${why}.`, { ip: ip.text });
  }
  return done({ block: collect(stored, cooldown).block, ordinal: ordinalOf(stored.cidr, ip) as number });
}

/** AT-03 to AT-13. The address gets an attribute entry of its own, so that others of the same call keep theirs (AT-10). */
export function setOwners(request: SetOwners): Planner<void> {
  return (draft, env) => {
    const { ip, handle, active, alternate } = request;
    const pool = settingsOf(draft, env).pools.find((each) => !each.disabled && each.cidr !== undefined && containsIp(each.cidr, ip));
    if (!pool) return refused('not-in-pool', `${ip.text} is in no enabled pool. List pools with: plat get ippools`, { ip: ip.text });
    const located = locate(draft, env, ip);
    if (located.kind === 'refused') return located;
    const { block, ordinal } = located.value;
    if (stateOf(block, ordinal) === 'free') return unassigned(ip);
    const attribute = attributeAt(block, ordinal);
    if (attribute?.handleId === undefined || sanitisedHandle(attribute.handleId) !== handle) {
      const holder = attribute?.handleId === undefined ? 'held without a handle' : `held by handle ${attribute.handleId}`;
      return refused('wrong-handle', `${ip.text} is not assigned to handle "${handle}": it is ${holder}.`, { ip: ip.text, handle });
    }
    const mismatch = unexpected('active', active, attribute.secondary) ?? unexpected('alternate', alternate, attribute.alternate);
    if (mismatch) return refused('owner-mismatch', `owners of ${ip.text} were not changed: ${mismatch}.`, { ip: ip.text });
    const next = { ...attribute, secondary: changed(attribute.secondary, active), alternate: changed(attribute.alternate, alternate) };
    draft.put(blockRef(block.cidr), updated(withOwnAttribute(block, ordinal, next)));
    return done(undefined);
  };
}

function changed(stored: Attributes | undefined, { set }: OwnerUpdate): Attributes | undefined {
  if (set === undefined) return stored;
  return set === null || Object.keys(set).length === 0 ? undefined : set;
}

/** AT-05, AT-11: a side that is not being changed is not looked at. */
function unexpected(side: string, { set, expect }: OwnerUpdate, stored: Attributes | undefined): string | undefined {
  if (set === undefined || expect === undefined) return undefined;
  const found = Object.keys(stored ?? {}).length === 0 ? 'no owner' : `pod=${stored?.pod} namespace=${stored?.namespace}`;
  if (expect === 'empty' || (expect.name === '' && expect.namespace === '')) {
    return found === 'no owner' ? undefined : `the ${side} owner should be empty, but is ${found}`;
  }
  const isSame = stored?.pod === expect.name && stored.namespace === expect.namespace;
  return isSame ? undefined : `the ${side} owner should be pod=${expect.name} namespace=${expect.namespace}, but is ${found}`;
}
