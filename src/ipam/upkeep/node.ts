/** Everything that one node has in the store, and taking it away. */
import { ipOfOrdinal } from '../../core/addr.ts';
import { attributeAt, isEmpty, isKeptByHost, ordinalsInUse, ownerOf, sequenceNumberAt } from '../../core/block.ts';
import type { Block, Owner } from '../../core/records.ts';
import { removeHost } from '../affinities.ts';
import type { CallOptions } from '../api.ts';
import { hostArgument } from '../arguments.ts';
import type { Context } from '../context.ts';
import { nodeResources } from '../resources.ts';
import type {
  Assignment,
  DrainedNode,
  NodeOptions,
  NodeSurvey,
  ReleasedAssignments,
  RemovedNode,
  SurveyedAddress,
  SurveyedBlock,
} from './api.ts';
import { auditBeside } from './audit.ts';
import { networkOf, nothingTaken, takeParts } from './parts.ts';

export function surveyNode(context: Context, options: { readonly host: string } & CallOptions): Promise<NodeSurvey> {
  const { host: given, ...call } = options;
  const host = hostArgument(given);
  return auditBeside(context, call, () => {
    const blocks: SurveyedBlock[] = [];
    const addresses: SurveyedAddress[] = [];
    let hasRecord = false;
    return {
      record: ({ named }) => {
        if (named?.ref.kind === 'node' && named.ref.name === host) hasRecord = true;
        if (named?.ref.kind !== 'block' || named.decoded.kind !== 'ok') return;
        const block = named.decoded.record as Block;
        const owner = ownerOf(block);
        const isOwn = owner?.type === 'host' && owner.name === host;
        if (isOwn) blocks.push(surveyed(block));
        addresses.push(...addressesOf(block, host, isOwn));
      },
      end: ({ revision }) => ({ host, revision, hasRecord, blocks, addresses }),
    };
  });
}

function surveyed(block: Block): SurveyedBlock {
  return { block: block.cidr.text, isEmpty: isEmpty(block), inUse: ordinalsInUse(block).length, sequenceNumber: block.sequenceNumber };
}

/** An address that names no node counts as the owner's of its block. */
function addressesOf(block: Block, host: string, isOwn: boolean): SurveyedAddress[] {
  return ordinalsInUse(block).flatMap((ordinal) => {
    const attribute = attributeAt(block, ordinal);
    const node = attribute?.secondary?.['node'];
    const isOfHost = node === undefined ? isOwn : node === host;
    // Of two owners (AT) the other one may live.
    const other = attribute?.alternate?.['node'];
    if (other !== undefined && other !== host) return [];
    if (!isOfHost || attribute?.releasedAt !== undefined || isKeptByHost(attribute)) return [];
    return [
      {
        ip: ipOfOrdinal(block.cidr, ordinal).text,
        block: block.cidr.text,
        handle: attribute?.handleId,
        sequenceNumber: sequenceNumberAt(block, ordinal),
        borrowed: !isOwn,
      },
    ];
  });
}

/** The record goes first, so that nothing new is assigned to the node; addresses are those of the survey, and no later ones. */
export async function removeNode(context: Context, { survey, ...call }: NodeOptions): Promise<RemovedNode> {
  const { host } = survey;
  const hadRecord = await deleteRecord(context, host, call);
  const taken = nothingTaken();
  await takeParts(context, host, { assignments: survey.addresses, giveUp: [], call }, taken);
  await removeHost(context, { host, ...call });
  return { host, hadRecord, released: taken.released, changed: taken.changed };
}

async function deleteRecord(context: Context, host: string, call: CallOptions): Promise<boolean> {
  const nodes = nodeResources(context);
  if (!(await nodes.get({ name: host, ...call }))) return false;
  await nodes.delete({ name: host, ...call });
  return true;
}

/** Gives up blocks that were empty at the survey and still are, unchanged. */
export async function drainNode(context: Context, { survey, ...call }: NodeOptions): Promise<DrainedNode> {
  const owner: Owner = { type: 'host', name: survey.host };
  const giveUp = survey.blocks
    .filter((block) => block.isEmpty)
    .map(({ block, sequenceNumber }) => ({ owner, cidr: networkOf(block), sequenceNumber }));
  const taken = nothingTaken();
  await takeParts(context, survey.host, { assignments: [], giveUp, call }, taken);
  return { host: survey.host, givenUp: taken.givenUp };
}

/** The assignments of a report, whatever node they are of. */
export async function releaseAssignments(
  context: Context,
  { assignments, ...call }: { readonly assignments: readonly Assignment[] } & CallOptions,
): Promise<ReleasedAssignments> {
  const taken = nothingTaken();
  await takeParts(context, ' release', { assignments, giveUp: [], call }, taken);
  return { released: taken.released, changed: taken.changed };
}
