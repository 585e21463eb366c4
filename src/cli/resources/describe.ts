/** What `describe` tells of a resource, beyond what stands in it. */

import type { Ipam } from '../../ipam/api.ts';
import type { Cli, Terminal } from '../cli.ts';
import { noteUnreadable } from '../output.ts';
import { describeConfig } from './describe-config.ts';
import { describeNode } from './describe-node.ts';
import { describePool } from './describe-pool.ts';
import { describeReservation } from './describe-reservation.ts';
import { kindName, type ResourceKind } from './kinds.ts';
import { labelsText, resourceObject, type Stored } from './object.ts';
import type { Facts, Surroundings } from './surroundings.ts';

export interface Description {
  readonly kind: ResourceKind;
  readonly resource: Stored;
  readonly facts: Facts;
}

/** All that one resource may be about; blocks that cannot be read are noted and left out. */
export async function readSurroundings(cli: Cli, ipam: Ipam): Promise<Surroundings> {
  const call = cli.call();
  const onCorrupt = noteUnreadable(cli, 'the description leaves it out');
  const blocks: Surroundings['blocks'][number][] = [];
  for await (const block of ipam.listBlocks(call)) {
    if ('corruptKey' in block) onCorrupt(block.corruptKey, block.reason);
    else blocks.push(block);
  }
  return {
    blocks,
    pools: await ipam.pools.list({ ...call, onCorrupt }),
    reservations: await ipam.reservations.list({ ...call, onCorrupt }),
    nodes: await ipam.nodes.list({ ...call, onCorrupt }),
    utilization: await ipam.getUtilization({ ...call, onCorrupt: () => {} }),
  };
}

export function describeResource(kind: ResourceKind, resource: Stored, around: Surroundings): Description {
  return { kind, resource, facts: DESCRIBE[kind.word](resource, around) };
}

const DESCRIBE: Readonly<Record<ResourceKind['word'], (resource: Stored, around: Surroundings) => Facts>> = {
  ippool: describePool,
  ipreservation: describeReservation,
  node: describeNode,
  ipamconfig: describeConfig,
};

/** The resource with the facts beside it. */
export function valueOf({ kind, resource, facts }: Description): object {
  return { ...resourceObject(kindName(kind), resource), description: Object.fromEntries(facts.map(({ name, value }) => [name, value])) };
}

/** `Name:  p1`, and lists below their heading. */
export function textOf({ resource, facts }: Description, { paint }: Pick<Terminal, 'paint'>): string {
  const common = [
    { heading: 'Name', lines: [resource.name] },
    ...(resource.creationTimestamp === null ? [] : [{ heading: 'Created', lines: [resource.creationTimestamp] }]),
    { heading: 'Labels', lines: [labelsText(resource.labels)] },
    ...Object.entries(resource.annotations).map(([key, value]) => ({ heading: 'Annotation', lines: [`${key}: ${value}`] })),
  ];
  const all = [...common, ...facts.map(({ heading, lines }) => ({ heading, lines }))];
  const width = Math.max(...all.map(({ heading }) => heading.length)) + 1;
  return all
    .flatMap(({ heading, lines }) => {
      const [first = '<none>', ...more] = lines;
      return [`${paint('bold', `${heading}:`.padEnd(width))}  ${first}`, ...more.map((line) => `${' '.repeat(width)}  ${line}`)];
    })
    .map((line) => line.trimEnd())
    .join('\n');
}
