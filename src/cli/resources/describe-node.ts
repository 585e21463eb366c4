import type { Stored } from './object.ts';
import { atMost, type Facts, fact, nodeOfBlock, type Surroundings, selectsNode, shareText } from './surroundings.ts';

const LINES_MAX = 20;

export function describeNode(resource: Stored, { blocks, pools, reservations: _, ...around }: Surroundings): Facts {
  const { name } = resource;
  const own = blocks.filter((block) => nodeOfBlock(block) === name);
  const borrowed = blocks
    .filter((block) => nodeOfBlock(block) !== name)
    .flatMap((block) =>
      block.held
        .filter(({ attribute }) => attribute?.secondary?.['node'] === name)
        .map(({ ip }) => ({ ip, block: block.cidr, owner: nodeOfBlock(block) ?? null })),
    );
  const may = pools.filter((pool) => selectsNode(pool, resource));
  const poolOf = (cidr: string) => around.utilization.find((pool) => pool.blocks.some((block) => block.cidr === cidr))?.name;
  return [
    fact(
      'Blocks',
      'blocks',
      own.map((block) => ({ cidr: block.cidr, pool: poolOf(block.cidr) ?? null, size: block.size, inUse: block.held.length })),
      [
        ...atMost(
          LINES_MAX,
          own.map((block) => `${block.cidr} of ${poolOf(block.cidr) ?? 'no pool'}: ${shareText(block.held.length, block.size)} in use`),
        ),
      ],
    ),
    fact(
      'Borrowed',
      'borrowed',
      borrowed,
      atMost(
        LINES_MAX,
        borrowed.map(({ ip, block, owner }) => `${ip} of ${block} (${owner ?? 'no node'})`),
      ),
    ),
    fact(
      'May use',
      'pools',
      may.map((pool) => ({ name: pool.name, enabled: !pool.spec.disabled })),
      may.map((pool) => `${pool.name} (${pool.spec.cidr})${pool.spec.disabled ? ', disabled' : ''}`),
    ),
  ];
}
