import { overlaps, parseCidrMasked } from '../../core/addr.ts';
import type { PoolResource, PoolUtilization } from '../../ipam/api.ts';
import { poolBlocksText } from '../pool-text.ts';
import { countOf } from '../quantity.ts';
import type { Stored } from './object.ts';
import { atMost, type Facts, fact, nodeOfBlock, type Surroundings, selectsNode, shareText } from './surroundings.ts';

const LINES_MAX = 20;

export function describePool(resource: Stored, around: Surroundings): Facts {
  const pool = resource as PoolResource;
  const { spec } = pool;
  const use = around.utilization.find(({ name }) => name === pool.name);
  return [
    fact('Network', 'cidr', spec.cidr, [`${spec.cidr} in ${poolBlocksText(spec)}`]),
    fact('Gives addresses', 'enabled', !spec.disabled, [givesText(pool)]),
    fact('Uses', 'allowedUses', spec.allowedUses, [spec.allowedUses.join(', ')]),
    ...(use ? utilizationFacts(use) : []),
    nodesFact(pool, around),
    fact('Namespaces', 'namespaceSelector', spec.namespaceSelector, [spec.namespaceSelector || 'all']),
    reservationsFact(pool, around),
    fact('Encapsulation', 'encapsulation', { ipipMode: spec.ipipMode, vxlanMode: spec.vxlanMode }, [
      `IPIP ${spec.ipipMode}, VXLAN ${spec.vxlanMode}`,
    ]),
    fact('NAT outgoing', 'natOutgoing', spec.natOutgoing),
    fact('BGP export', 'bgpExport', !spec.disableBGPExport),
  ];
}

function givesText({ spec }: PoolResource): string {
  if (spec.disabled) return 'no: it is disabled; what is assigned stays';
  return spec.assignmentMode === 'Manual' ? 'only to who asks for this pool (assignment mode Manual)' : 'yes';
}

function utilizationFacts({ capacity, inUse, reserved, available, blocks }: PoolUtilization): Facts {
  const byNode = new Map<string, { blocks: number; inUse: bigint }>();
  for (const block of blocks) {
    const owner = nodeOfBlock(block) ?? block.affinity ?? '<no node>';
    const sum = byNode.get(owner) ?? { blocks: 0, inUse: 0n };
    byNode.set(owner, { blocks: sum.blocks + 1, inUse: sum.inUse + block.inUse });
  }
  const owners = [...byNode].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  return [
    fact('In use', 'inUse', inUse, [shareText(inUse, capacity)]),
    fact('Reserved', 'reserved', reserved, [shareText(reserved, capacity)]),
    fact('Free', 'free', available, [shareText(available, capacity)]),
    fact(
      'Blocks',
      'blocks',
      owners.map(([owner, sum]) => ({ owner, ...sum })),
      [
        countOf(blocks.length, 'block'),
        ...atMost(
          LINES_MAX,
          owners.map(([owner, sum]) => `${owner}: ${countOf(sum.blocks, 'block')}, ${countOf(sum.inUse, 'address', 'addresses')} in use`),
        ),
      ],
    ),
  ];
}

function nodesFact(pool: PoolResource, { nodes }: Surroundings): Facts[number] {
  const selected = nodes.filter((node) => selectsNode(pool, node)).map(({ name }) => name);
  const value = { selector: pool.spec.nodeSelector, selected };
  return fact('Nodes', 'nodes', value, [
    `${pool.spec.nodeSelector} selects ${selected.length} of ${countOf(nodes.length, 'node')}`,
    ...atMost(LINES_MAX, selected),
  ]);
}

function reservationsFact({ spec }: PoolResource, { reservations }: Surroundings): Facts[number] {
  const network = parseCidrMasked(spec.cidr);
  const inside = reservations.flatMap(({ name, spec: { reservedCIDRs } }) =>
    reservedCIDRs.flatMap((cidr) => {
      const reserved = parseCidrMasked(cidr.includes('/') ? cidr : `${cidr}/${cidr.includes(':') ? 128 : 32}`);
      return network && reserved && overlaps(network, reserved) ? [{ name, cidr }] : [];
    }),
  );
  return fact(
    'Reservations',
    'reservations',
    inside,
    atMost(
      LINES_MAX,
      inside.map(({ name, cidr }) => `${cidr} (${name})`),
    ),
  );
}
