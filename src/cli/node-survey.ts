import type { NodeSurvey } from '../ipam/upkeep/api.ts';
import { countOf } from './quantity.ts';

/** Addresses and blocks listed one by one. */
const LINES_MAX = 50;

/** What a node has, for people. */
export function surveyLines({ host, hasRecord, blocks, addresses }: NodeSurvey): string[] {
  const lines = [
    ...blocks.map(
      ({ block, isEmpty, inUse }) => `  block ${block}: ${isEmpty ? 'empty' : countOf(inUse, 'address', 'addresses').concat(' in use')}`,
    ),
    ...addresses.map(
      ({ ip, handle, borrowed, block }) =>
        `  ${ip}${handle === undefined ? '' : ` (handle ${handle})`}${borrowed ? `, borrowed from ${block}` : ''}`,
    ),
  ];
  return [
    `node ${host} ${hasRecord ? 'has a record' : 'has no record'}, owns ${countOf(blocks.length, 'block')} and holds ${countOf(addresses.length, 'address', 'addresses')}`,
    ...lines.slice(0, LINES_MAX),
    ...(lines.length > LINES_MAX ? [`  and ${lines.length - LINES_MAX} more`] : []),
  ];
}
