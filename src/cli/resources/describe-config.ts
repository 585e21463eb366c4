import type { ConfigResource } from '../../ipam/api.ts';
import { countOf } from '../quantity.ts';
import type { Stored } from './object.ts';
import { type Facts, fact } from './surroundings.ts';

export function describeConfig(resource: Stored): Facts {
  const { strictAffinity, autoAllocateBlocks, maxBlocksPerHost, ipCooldownSeconds, kubeVirtVMAddressPersistence } =
    resource.spec as ConfigResource['spec'];
  return [
    fact('Stored', 'stored', resource.resourceVersion !== '', [resource.resourceVersion === '' ? 'no: these are the defaults' : 'yes']),
    fact('Strict affinity', 'strictAffinity', strictAffinity, [
      strictAffinity
        ? 'yes: a node gets addresses of its own blocks only'
        : 'no: a node whose blocks are full borrows from those of others',
    ]),
    fact('New blocks', 'autoAllocateBlocks', autoAllocateBlocks, [
      autoAllocateBlocks ? 'yes: a node claims a block when it needs one' : 'no: a node gets addresses only of blocks it has',
    ]),
    fact('Blocks per node', 'maxBlocksPerHost', maxBlocksPerHost, [blockLimitText(maxBlocksPerHost)]),
    fact('Cooldown', 'ipCooldownSeconds', ipCooldownSeconds, [
      ipCooldownSeconds === 0
        ? 'none: a released address may be given again at once'
        : `a released address rests for ${countOf(ipCooldownSeconds, 'second')}`,
    ]),
    fact('KubeVirt persistence', 'kubeVirtVMAddressPersistence', kubeVirtVMAddressPersistence ?? 'Enabled'),
  ];
}

function blockLimitText(limit: number): string {
  if (limit === 0) return 'at most 20 of each family (the default)';
  return limit < 0 ? 'no limit' : `at most ${limit} of each family`;
}
