/** The settings of the cluster, as calicoctl's table, and how they are given on a command line. */
import type { Ipam, IpamConfigInput } from '../../ipam/api.ts';
import { boxedTable } from '../table.ts';

export type Configuration = Awaited<ReturnType<Ipam['getConfig']>>;

/** Settings in the order in which calicoctl shows and sets them. */
const PROPERTIES: readonly (readonly [name: string, member: keyof Configuration])[] = [
  ['StrictAffinity', 'strictAffinity'],
  ['AutoAllocateBlocks', 'autoAllocateBlocks'],
  ['MaxBlocksPerHost', 'maxBlocksPerHost'],
  ['KubeVirtVMAddressPersistence', 'kubeVirtVMAddressPersistence'],
  ['IPCooldownSeconds', 'ipCooldownSeconds'],
];

export function configurationTable(config: Configuration): string {
  const rows = PROPERTIES.map(([name, member]) => [name, String(config[member] ?? '<none>')]);
  return boxedTable([{ heading: 'PROPERTY' }, { heading: 'VALUE' }], rows);
}

/** `Successfully set StrictAffinity to: true`, one line for each setting that was given. */
export function changesText(change: IpamConfigInput, isDryRun: boolean): string {
  const given = PROPERTIES.filter(([, member]) => change[member] !== undefined);
  return given.map(([name, member]) => `${isDryRun ? 'Would set' : 'Successfully set'} ${name} to: ${change[member]}`).join('\n');
}
