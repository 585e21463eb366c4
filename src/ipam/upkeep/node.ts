/** Taking away what a survey found of one node, or exactly the assignments that a report names. */

import { ownedCidrs } from '../../core/plan/affinity.ts';
import type { Owner } from '../../core/records.ts';
import { keyOf } from '../../store/keys.ts';
import { giveUpBlocks } from '../affinities.ts';
import type { CallOptions } from '../api.ts';
import { brokenOff } from '../broken-off.ts';
import { type Context, look } from '../context.ts';
import { IpamError } from '../errors.ts';
import { nodeResources } from '../resources.ts';
import type { Assignment, DrainedNode, NodeOptions, NodeSurvey, ReleasedAssignments, RemovedNode, RemoveNodeOptions } from './api.ts';
import { requireUnlocked } from './cluster.ts';
import { networkOf, nothingTaken, type Taken, takeParts, takingBrokenOff } from './parts.ts';

/** The record goes last: while it is there, the same again finds what is left. */
export async function removeNode(context: Context, options: RemoveNodeOptions): Promise<RemovedNode> {
  const { survey, keepAddresses = false, evenIfLocked = false, dryRun = false, ...call } = options;
  const { host, hasRecord } = survey;
  const assignments = keepAddresses ? [] : survey.addresses;
  const blocks = [...new Set([...survey.affinities, ...survey.blocks.map(({ block }) => block)])];
  refuseUnreadable(survey);
  await refuseChanged(context, survey, call);
  if (dryRun) return { host, hadRecord: hasRecord, released: assignments.map(({ ip }) => ip), changed: [], givenUp: blocks };
  if (!evenIfLocked) await requireUnlocked(context, call);
  const taken = nothingTaken();
  try {
    await takeParts(context, host, { assignments, giveUp: [], call }, taken);
    await giveUpBlocks(context, { host, cidrs: blocks.map(networkOf), released: taken.givenUp, ...call });
    if (hasRecord) await nodeResources(context).delete({ name: host, resourceVersion: String(survey.recordRevision), ...call });
  } catch (error) {
    throw removalBrokenOff(error, { host, hasRecord, assignments, blocks, taken });
  }
  return { host, hadRecord: hasRecord, ...taken };
}

/** I10: what cannot be read is neither overwritten nor deleted, so the node could not go as a whole. */
function refuseUnreadable({ host, unreadable }: NodeSurvey): void {
  const own = unreadable.filter(({ isOwn }) => isOwn);
  if (own.length === 0) return;
  const told = own.map(({ key, reason }) => `${key} (${reason})`).join(', ');
  const message =
    `of node ${host} this cannot be read: ${told}. Nothing was done. plat ipam check says what it means; plat ipam repair leaves it ` +
    `alone. Restore the value from a dump or a backup, or delete the key, then plat ipam repair and the same again.`;
  throw new IpamError('corrupt-value', message, { details: { node: host, keys: own.map(({ key }) => key) } });
}

/** Whoever agreed to its end was shown the survey: a node that has written since may live. */
async function refuseChanged(context: Context, { host, recordRevision, affinities }: NodeSurvey, call: CallOptions): Promise<void> {
  const key = keyOf({ kind: 'node', name: host });
  const record = (await context.store.read({ keys: [key] }, call)).entries.get(key);
  if (record?.revision !== recordRevision) throw changedNode(host, record ? 'its record was written' : 'its record was deleted');
  const owned = await look(context, call, ownedCidrs({ type: 'host', name: host }));
  const claimed = owned.find(({ text }) => !affinities.includes(text));
  if (claimed) throw changedNode(host, `it has claimed ${claimed.text}`);
}

function changedNode(host: string, what: string): IpamError {
  const message = `node ${host} has changed since it was looked at: ${what}. Nothing was done. Look again: plat node remove ${host} --dry-run`;
  return new IpamError('conflict', message, { details: { kind: 'node', name: host } });
}

interface BrokenOff {
  readonly host: string;
  readonly hasRecord: boolean;
  readonly assignments: readonly Assignment[];
  readonly blocks: readonly string[];
  readonly taken: Taken;
}

/** The error that ended it, with what was done until then and what is left. */
function removalBrokenOff(cause: unknown, { host, hasRecord, assignments, blocks, taken }: BrokenOff): unknown {
  const { released, changed, givenUp } = taken;
  const left = {
    addresses: assignments.map(({ ip }) => ip).filter((ip) => !released.includes(ip) && !changed.includes(ip)),
    blocks: blocks.filter((block) => !givenUp.includes(block)),
    record: hasRecord,
  };
  const progress =
    `Of node ${host}, ${released.length} address(es) were released and ${givenUp.length} block(s) given up before that; ` +
    `${left.addresses.length} address(es), ${left.blocks.length} block(s)${hasRecord ? ' and its record' : ''} are left. ` +
    'The same again finishes it.';
  return brokenOff(cause, progress, { released, changed, givenUp, left });
}

/** Gives up blocks that were empty at the survey and still are, unchanged. */
export async function drainNode(context: Context, { survey, ...call }: NodeOptions): Promise<DrainedNode> {
  await requireUnlocked(context, call);
  const owner: Owner = { type: 'host', name: survey.host };
  const giveUp = survey.blocks
    .filter((block) => block.isEmpty)
    .map(({ block, sequenceNumber }) => ({ owner, cidr: networkOf(block), sequenceNumber }));
  const taken = nothingTaken();
  try {
    await takeParts(context, survey.host, { assignments: [], giveUp, call }, taken);
  } catch (error) {
    throw takingBrokenOff(error, taken);
  }
  return { host: survey.host, givenUp: taken.givenUp };
}

/** The assignments of a report, whatever node they are of. */
export async function releaseAssignments(
  context: Context,
  options: { readonly assignments: readonly Assignment[]; readonly evenIfLocked?: boolean } & CallOptions,
): Promise<ReleasedAssignments> {
  const { assignments, evenIfLocked = false, ...call } = options;
  if (!evenIfLocked && assignments.length > 0) await requireUnlocked(context, call);
  const taken = nothingTaken();
  try {
    await takeParts(context, ' release', { assignments, giveUp: [], call }, taken);
  } catch (error) {
    throw takingBrokenOff(error, taken);
  }
  return { released: taken.released, changed: taken.changed };
}
