/** What a node has, read and told for the commands that take it away. */
import type { Ipam } from '../ipam/api.ts';
import type { NodeSurvey, OtherAddress } from '../ipam/upkeep/api.ts';
import type { Cli } from './cli.ts';
import { Refusal } from './errors.ts';
import { noteUnreadable } from './output.ts';
import { countOf } from './quantity.ts';

/** Addresses and blocks listed one by one. */
const LINES_MAX = 50;
/** Addresses of others named in one sentence. */
const OTHERS_MAX = 5;

/** Refuses when there is nothing; what cannot be read, and may have addresses of the node, is noted. */
export async function surveyedNode(cli: Cli, ipam: Ipam, host: string): Promise<NodeSurvey> {
  const survey = await ipam.surveyNode({ host, ...cli.call() });
  const { hasRecord, blocks, addresses, affinities, unreadable } = survey;
  if (!hasRecord && blocks.length + addresses.length + affinities.length === 0) {
    throw new Refusal('not-found', `there is nothing of a node ${host}. List nodes with: plat get nodes`, { node: host });
  }
  const note = noteUnreadable(cli, `what ${host} has in it is not known`);
  for (const { key, reason, isOwn } of unreadable) if (!isOwn) note(key, reason);
  return survey;
}

/** What a node has, for people. */
export function surveyLines({ host, hasRecord, blocks, addresses, others, unreadable }: NodeSurvey): string[] {
  const lines = [
    ...unreadable.filter(({ isOwn }) => isOwn).map(({ key, reason }) => `  ${key} cannot be read: ${reason}`),
    ...blocks.map(
      ({ block, isEmpty, inUse }) => `  block ${block}: ${isEmpty ? 'empty' : countOf(inUse, 'address', 'addresses').concat(' in use')}`,
    ),
    ...addresses.map(
      ({ ip, handle, borrowed, block }) =>
        `  ${ip}${handle === undefined ? '' : ` (handle ${handle})`}${borrowed ? `, borrowed from ${block}` : ''}`,
    ),
    ...others.map(({ ip, handle, heldBy }) => `  ${ip}${handle === undefined ? '' : ` (handle ${handle})`}: not its own, of ${heldBy}`),
  ];
  return [
    `node ${host} ${hasRecord ? 'has a record' : 'has no record'}, owns ${countOf(blocks.length, 'block')} and holds ${countOf(addresses.length, 'address', 'addresses')}`,
    ...lines.slice(0, LINES_MAX),
    ...(lines.length > LINES_MAX ? [`  and ${lines.length - LINES_MAX} more`] : []),
  ];
}

/** `2 addresses of others stay: 10.0.0.1 (node worker-2), 10.0.0.5 (node worker-3)`; undefined when there is none. */
export function othersText(others: readonly OtherAddress[]): string | undefined {
  if (others.length === 0) return undefined;
  const named = others.slice(0, OTHERS_MAX).map(({ ip, heldBy }) => `${ip} (${heldBy})`);
  const more = others.length > OTHERS_MAX ? ` and ${others.length - OTHERS_MAX} more` : '';
  return `${countOf(others.length, 'address of others stays', 'addresses of others stay')}: ${named.join(', ')}${more}`;
}
